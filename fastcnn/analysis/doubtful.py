"""Images whose label is doubtful, and the strangest of each class, by features and held-out heads.

A head that has not learned from an image says what it would call it. Where it is surer of another
class than it is on average of the images of that class, the label is doubtful: Northcutt, Jiang and
Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", arXiv 1911.00068, by its
authors' library. Strange is an image that lies far from the nearest others of its class: Kuan and
Mueller, "Back to the Basics: Revisiting Out-of-Distribution Detection Baselines", arXiv 2207.03061.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from fastcnn.errors import UsageError

DOUBTFUL, STRANGE = "doubtful-label", "strange"
STRANGEST = 3
"""Images of each class that are listed as the strangest."""
NEIGHBOURS = 10
BLOCK = 1024
"""Rows that are compared with all others at a time."""
COLUMNS = ("path", "finding", "label", "probability", "suggested", "suggested_probability")

Floats = npt.NDArray[np.float32]


def doubtful_images(
    paths: Sequence[str],
    targets: npt.NDArray[np.int64],
    classes: Sequence[str],
    probabilities: Floats,
    features: Floats,
) -> pd.DataFrame:
    """Return a row a finding: the doubtful labels first, the most doubtful at the top.

    Args:
        paths: of the images, (N,).
        targets: the number of each image's class, (N,).
        classes: their names.
        probabilities: (N, classes), by heads that have not seen the image.
        features: (N, F) of a body that has not learned from these labels.

    Raises:
        UsageError: cleanlab is not installed.
    """
    doubtful = [(int(place), DOUBTFUL) for place in _label_issues(targets, probabilities)]
    strange = [(place, STRANGE) for place in _strangest(targets, features)]
    rows = []
    for place, finding in (*doubtful, *strange):
        label, suggested = int(targets[place]), int(probabilities[place].argmax())
        rows.append(
            (
                *(paths[place], finding, classes[label], float(probabilities[place, label])),
                *(classes[suggested], float(probabilities[place, suggested])),
            )
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def can_judge_labels() -> bool:
    """Return whether cleanlab is installed."""
    from importlib.util import find_spec

    return find_spec("cleanlab") is not None


def _label_issues(targets: npt.NDArray[np.int64], probabilities: Floats) -> npt.NDArray[np.int64]:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise UsageError(
            "doubtful labels are found by cleanlab, which is not installed",
            hint="pip install cleanlab",
        ) from error
    ranked: npt.NDArray[np.int64] = find_label_issues(
        targets, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return ranked


def _strangest(targets: npt.NDArray[np.int64], features: Floats) -> list[int]:
    """Return the places of the images of each class that lie farthest from their neighbours."""
    found: list[int] = []
    for label in np.unique(targets):
        places = np.flatnonzero(targets == label)
        if len(places) > STRANGEST + 1:
            order = np.argsort(-_strangeness(features[places]), kind="stable")
            found += places[order[:STRANGEST]].tolist()
    return found


def _strangeness(features: Floats) -> Floats:
    """Return the mean cosine distance of each row to its nearest others."""
    scaled = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    n_neighbours = min(NEIGHBOURS, len(features) - 1)
    distances = [
        _distances(scaled, range(start, min(start + BLOCK, len(scaled))), n_neighbours)
        for start in range(0, len(scaled), BLOCK)
    ]
    return np.concatenate(distances)


def _distances(scaled: Floats, places: range, n_neighbours: int) -> Floats:
    """Return the same of some rows, so that not all pairs are in memory at once."""
    likeness = scaled[places.start : places.stop] @ scaled.T
    likeness[np.arange(len(places)), places] = -np.inf  # itself
    nearest: Floats = np.partition(likeness, -n_neighbours, axis=1)[:, -n_neighbours:]
    distances: Floats = np.float32(1) - nearest.mean(axis=1)
    return distances
