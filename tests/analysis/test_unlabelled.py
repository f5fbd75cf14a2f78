"""What is told of images without labels: how many of each class, and of which it is least sure."""

import numpy as np
import pytest

from fastcnn.analysis.predictions import unlabelled_table
from fastcnn.analysis.unlabelled import least_sure, predicted_counts

PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.4, 0.5, 0.1], [0.98, 0.01, 0.01]], np.float32
)
TABLE = unlabelled_table(["a", "b", "c", "d"], PROBABILITIES, ["x", "y", "z"])


def test_every_class_is_counted() -> None:
    assert predicted_counts(TABLE) == {"x": 2, "y": 2, "z": 0}
    assert predicted_counts(TABLE[1:3]) == {"y": 2, "x": 0, "z": 0}


def test_the_least_sure_come_first_with_their_other_guess() -> None:
    found = least_sure(TABLE, 3)
    assert found["path"].to_list() == ["b", "c", "a"]
    assert found["second"].to_list() == ["z", "x", "y"]
    assert found["probability"].to_list() == pytest.approx([0.5, 0.5, 0.7])
    assert found["second_probability"].to_list() == pytest.approx([0.4, 0.4, 0.2])
    assert len(least_sure(TABLE, 99)) == 4


def test_a_model_of_one_class_has_no_other_guess() -> None:
    found = least_sure(unlabelled_table(["a"], np.ones((1, 1), np.float32), ["x"]), 1)
    assert found["second"].isna().all() and found["second_probability"].isna().all()
