"""All labels are ranked, the most doubtful first."""

import numpy as np
import numpy.typing as npt
import pytest

from fastcnn.analysis.suspected import suspected_labels

CLASSES = ["cat", "dog", "pug"]


def judged(n_images: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    random = np.random.default_rng(0)
    return random.integers(0, 3, n_images), random.dirichlet([0.5] * 3, n_images).astype(np.float32)


def test_the_quality_is_cleanlab_s_normalised_margin() -> None:
    rank = pytest.importorskip("cleanlab.rank", reason="compared with fastcnn[doctor]")
    targets, probabilities = judged(60)
    paths = [f"{number}.jpg" for number in range(60)]
    table = suspected_labels(paths, targets, CLASSES, probabilities, ["train"] * 60)
    expected = rank.get_label_quality_scores(targets, probabilities, method="normalized_margin")
    assert table.set_index("path").loc[paths, "quality"].to_numpy() == pytest.approx(expected)
    assert table["quality"].is_monotonic_increasing and table["quality"].between(0, 1).all()


def test_each_image_comes_with_what_it_looks_like() -> None:
    """Sure of another class, torn between two, and sure of the label."""
    probabilities = np.array([[0.0, 0.1, 0.9], [0.5, 0.0, 0.5], [0.0, 0.9, 0.1]], np.float32)
    table = suspected_labels(
        ["good.jpg", "torn.jpg", "bad.jpg"],
        np.array([2, 2, 0]),
        CLASSES,
        probabilities,
        ["train", "valid", "valid"],
    )
    assert list(table) == [
        *("path", "label", "quality", "suggested", "suggested_probability", "split")
    ]
    assert table["path"].tolist() == ["bad.jpg", "torn.jpg", "good.jpg"]
    assert table["quality"].tolist() == pytest.approx([0.05, 0.5, 0.9])
    assert table.iloc[0][["label", "suggested", "split"]].tolist() == ["cat", "dog", "valid"]
    assert table.iloc[2][["label", "suggested", "split"]].tolist() == ["pug", "pug", "train"]
    assert table["suggested_probability"].tolist() == pytest.approx([0.9, 0.5, 0.9])
