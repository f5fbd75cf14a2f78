"""An examination of folders: what is found, who of several copies is named, and what is not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn.data.doctor.examine import examine
from fastcnn.data.doctor.findings import Examination
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator

pytest.importorskip("imagehash", reason="near duplicates need fastcnn[doctor]")


def picture(path: Path, seed: int, size: tuple[int, int] = (96, 72)) -> Path:
    """A picture that no other seed's looks like."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    levels = random.integers(30, 226, (6, 8, 3), dtype=np.uint8)
    broad = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC), int)
    fine = random.integers(-25, 26, broad.shape)
    Image.fromarray((broad + fine).clip(0, 255).astype(np.uint8)).save(path)
    return path


def found(folder: Path) -> Examination:
    return examine(folder, Narrator(quiet=True))


def pairs(examination: Examination) -> list[tuple[str, str]]:
    return [(finding.path, finding.finding) for finding in examination.findings]


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """Two classes in two parts, nothing the matter with them."""
    for number in range(12):
        part, label = ("train", "valid")[number % 3 == 2], ("a", "b")[number % 2]
        picture(tmp_path / "set" / part / label / f"{number}.png", number)
    return tmp_path / "set"


def test_nothing_is_found_where_nothing_is(split: Path) -> None:
    examination = found(split)
    assert pairs(examination) == [] and examination.is_clean
    assert examination.n_files == examination.n_usable == 12
    assert examination.classes == {"a": 6, "b": 6}
    assert examination.sizes["median width"] == 96


def test_the_held_out_copy_is_the_leak(split: Path) -> None:
    shutil.copy(split / "train" / "a" / "0.png", split / "valid" / "a" / "_first.png")
    assert pairs(found(split)) == [("valid/a/_first.png", "leak")]


def test_all_but_the_first_copy_are_duplicates(split: Path) -> None:
    for name in ("x.png", "y.png"):
        shutil.copy(split / "train" / "a" / "0.png", split / "train" / "a" / name)
    assert pairs(found(split)) == [
        ("train/a/x.png", "duplicate"),
        ("train/a/y.png", "duplicate"),
    ]


def test_every_copy_under_another_label_is_named(split: Path) -> None:
    shutil.copy(split / "train" / "a" / "0.png", split / "train" / "b" / "x.png")
    assert pairs(found(split)) == [
        ("train/a/0.png", "conflicting-label"),
        ("train/b/x.png", "conflicting-label"),
    ]


def test_a_smaller_copy_in_another_format_looks_the_same(split: Path) -> None:
    with Image.open(split / "train" / "a" / "0.png") as image:
        image.resize((60, 45)).save(split / "valid" / "a" / "copy.jpg", quality=70)
        image.resize((50, 40)).save(split / "train" / "a" / "copy.jpg", quality=80)
    names = [pair for pair in pairs(found(split)) if pair[1] != "blurred"]
    assert names == [("valid/a/copy.jpg", "near-leak"), ("train/a/copy.jpg", "near-duplicate")]


def test_of_several_likenesses_the_one_across_the_parts_is_named(split: Path) -> None:
    with Image.open(split / "train" / "a" / "0.png") as image:
        for name in ("_1.jpg", "zz.jpg"):
            image.resize((60, 45)).save(split / "valid" / "a" / name, quality=70)
    names = set(pairs(found(split)))
    assert {("valid/a/_1.jpg", "near-leak")} <= names
    assert ("valid/a/zz.jpg", "duplicate") in names or ("valid/a/zz.jpg", "near-leak") in names


def test_classes(split: Path) -> None:
    (split / "train" / "none").mkdir()
    (split / "train" / "kept").mkdir()
    (split / "train" / "kept" / ".keep").touch()
    picture(split / "valid" / "new" / "1.png", 50)
    picture(split / "train" / "alone" / "1.png", 51)
    assert set(pairs(found(split))) == {
        ("train/none", "empty-class"),
        ("train/kept/.keep", "empty-class"),
        ("valid/new/1.png", "unseen-class"),
        ("train/alone", "unscored-class"),
        (".", "imbalance"),
    }


def test_a_lone_image_of_a_class(tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "a" / f"{number}.png", number)
    picture(tmp_path / "b" / "1.png", 9)
    assert pairs(found(tmp_path)) == [("b/1.png", "single-image")]


def test_what_is_no_image_is_ignored_aloud(split: Path) -> None:
    for name in ("train/a/Thumbs.db", "train/.cache/x.png", "notes.txt", "train/a/.hidden.png"):
        path = split / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    examination = found(split)
    assert {finding for _, finding in pairs(examination)} == {"ignored"}
    assert len(examination.findings) == 4 and examination.is_clean
    assert examination.n_files == 12


def test_a_circle_of_links_ends(split: Path) -> None:
    (split / "train" / "a" / "again").symlink_to(split)
    assert found(split).n_files == 12


def test_plain_dark_and_blurred(split: Path) -> None:
    Image.new("RGB", (80, 80), (9, 200, 9)).save(split / "train" / "a" / "plain.png")
    with Image.open(split / "train" / "a" / "0.png") as image:
        image.point(lambda level: level // 8).save(split / "train" / "b" / "night.png")
    ramp = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (70, 1))
    Image.fromarray(ramp).save(split / "train" / "b" / "soft.png")
    names = set(pairs(found(split)))
    assert ("train/a/plain.png", "blank") in names
    assert ("train/b/night.png", "dark") in names
    assert ("train/b/soft.png", "blurred") in names


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="holds no images"):
        found(tmp_path)
