"""Wrong labels and strangers are found among photographs' features that are made up to be plain."""

import numpy as np
import pytest
import torch

from fastcnn.analysis.doubtful import DOUBTFUL, STRANGE, doubtful_images
from fastcnn.training.held_out import held_out_probabilities

pytest.importorskip("cleanlab", reason="doubtful labels need fastcnn[doctor]")

CLASSES = ["a", "b", "c"]


def clusters(n_of_class: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    centres = 4 * torch.eye(3, 8) + 1
    targets = torch.arange(3).repeat_interleave(n_of_class)
    return centres[targets] + torch.randn(len(targets), 8, generator=random), targets


def test_a_row_is_judged_by_a_head_that_has_not_seen_it() -> None:
    """With labels by chance a head that had seen them would do far better than chance."""
    features, targets = torch.randn(90, 200), torch.arange(90) % 3
    found = held_out_probabilities(features, targets, 3, strength=1e-3, seed=1)
    assert found.shape == (90, 3)
    assert torch.allclose(found.sum(1), torch.ones(90), atol=1e-5)
    assert (found.argmax(1) == targets).float().mean() < 0.55
    clear, truth = clusters()
    judged = held_out_probabilities(clear, truth, 3, strength=1e-3, seed=1)
    assert (judged.argmax(1) == truth).float().mean() > 0.95


def test_wrong_labels_and_strangers_are_found() -> None:
    features, truth = clusters()
    labels = truth.clone()
    swapped = [3, 50, 100]
    labels[swapped] = (labels[swapped] + 1) % 3
    features[20] = -features[20]
    probabilities = held_out_probabilities(features, labels, 3, strength=1e-2, seed=0)
    paths = [f"{number}.jpg" for number in range(len(labels))]
    table = doubtful_images(paths, labels.numpy(), CLASSES, probabilities.numpy(), features.numpy())
    doubtful = table[table["finding"] == DOUBTFUL].set_index("path")
    assert {"3.jpg", "50.jpg", "100.jpg"} <= set(doubtful.index)
    assert len(doubtful) <= 6
    assert doubtful.loc["3.jpg", "label"] == "b" and doubtful.loc["3.jpg", "suggested"] == "a"
    assert list(doubtful["probability"]) == sorted(doubtful["probability"])
    strange = table[table["finding"] == STRANGE]
    assert "20.jpg" in set(strange["path"])
    assert strange.groupby("label").size().tolist() == [3, 3, 3]


def test_a_class_of_one_or_none() -> None:
    features, targets = clusters(4)
    targets = torch.cat([targets, torch.tensor([3])])
    features = torch.cat([features, torch.full((1, 8), 9.0)])
    probabilities = held_out_probabilities(features, targets, 4, strength=1e-2, seed=0)
    assert np.isfinite(probabilities.numpy()).all()
    table = doubtful_images(
        list(map(str, range(13))),
        targets.numpy(),
        [*CLASSES, "d"],
        probabilities.numpy(),
        features.numpy(),
    )
    assert "12" not in set(table["path"])
