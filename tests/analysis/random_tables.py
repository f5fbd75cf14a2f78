"""Random tables of predictions, for properties that hold of any."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from fastcnn.analysis.predictions import prediction_table


def table_of(
    targets: list[str], probabilities: list[list[float]], classes: list[str]
) -> pd.DataFrame:
    """Make a table of predictions from plain lists."""
    paths = [f"images/{number}.jpg" for number in range(len(targets))]
    return prediction_table(paths, targets, np.array(probabilities, np.float32), classes)


@st.composite
def tables(draw: st.DrawFn, least_classes: int = 1, most_images: int = 40) -> pd.DataFrame:
    """From one image and one class on; some confident, some not, some full of ties."""
    n_classes = draw(st.integers(least_classes, 6))
    n_images = draw(st.integers(1, most_images))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from([0.05, 0.5, 5.0, "ties"]))
    if kind == "ties":  # a few whole numbers, so that rows repeat and classes are equally likely
        weights = random.integers(0, 3, (n_images, n_classes)) + 1e-3
        probabilities = weights / weights.sum(axis=1, keepdims=True)
    else:
        probabilities = random.dirichlet([kind] * n_classes, n_images)
    classes = [f"class {number}" for number in range(n_classes)]
    return table_of(list(random.choice(classes, n_images)), probabilities.tolist(), classes)
