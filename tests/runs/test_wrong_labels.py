"""Labels of real photographs, some of them wrong or all by chance: a run says so."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fastcnn

pytestmark = pytest.mark.slow


def linked(files: Sequence[Path], labels: Sequence[str], folder: Path) -> list[Path]:
    """Give photographs other names, from which the recipe reads these labels."""
    folder.mkdir()
    links = [folder / f"{label}_{number}.jpg" for number, label in enumerate(labels)]
    for link, file in zip(links, files, strict=True):
        link.symlink_to(file)
    return links


def solved(data: Path) -> fastcnn.Run:
    return fastcnn.run(
        "pets",
        data=data,
        out="run",
        strategy="head",
        arch="tf_efficientnet_lite0",
        precision="fp32",
    )


@pytest.fixture
def pets(shared: Path) -> tuple[list[Path], list[str]]:
    """All 1,106 photographs and their breeds."""
    files = sorted((shared / "pets" / "images").glob("*.jpg"))
    return files, [file.stem.rsplit("_", 1)[0] for file in files]


def test_most_flipped_labels_stand_in_the_first_tenth(
    work: Path, pets: tuple[list[Path], list[str]]
) -> None:
    """One label in twenty is another breed's; the suspected list is 1,106 long."""
    files, labels = pets
    random, breeds = np.random.default_rng(0), sorted(set(labels))
    flipped = random.choice(len(files), len(files) // 20, replace=False)
    for index in flipped:
        labels[index] = random.choice([breed for breed in breeds if breed != labels[index]])
    names = [link.name for link in linked(files, labels, work / "flipped")]
    ranked = pd.read_csv(solved(work / "flipped").path / "suspected.csv")
    assert sorted(ranked["path"]) == sorted(names)
    first = set(ranked["path"][: len(ranked) // 10])
    found = sum(names[index] in first for index in flipped)
    assert found >= 0.8 * len(flipped), f"{found} of {len(flipped)}"


def test_labels_by_chance_teach_nothing(work: Path, pets: tuple[list[Path], list[str]]) -> None:
    files, labels = pets
    linked(files, list(np.random.default_rng(0).permutation(labels)), work / "permuted")
    run = solved(work / "permuted")
    assert run.verdict is not None
    assert run.verdict.startswith("Nothing was learned that accuracy shows: ")
    assert "majority baseline" in run.verdict
