"""What folders stand for, and that any tree is understood or refused in words."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fastcnn.data.folders import read_folder
from fastcnn.data.parts import Place, part_of, places_of
from fastcnn.data.walk import walk
from fastcnn.errors import FastcnnError

PIXELS = Image.new("RGB", (9, 9))


def draw(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        PIXELS.save(root / name)
    return root


def labels(root: Path) -> dict[str, tuple[str, str | None]]:
    found = read_folder(root)
    return {
        path.relative_to(root).as_posix(): (label, found.parts.get(path))
        for path, label in found.labels.items()
    }


@pytest.mark.parametrize(
    ("name", "part"),
    [("Train", "train"), ("VAL", "valid"), ("validation", "valid"), ("test-set", "test")]
    + [("Testing", "test"), ("training set", "train"), ("cats", None), ("trainer", None)],
)
def test_the_usual_spellings(name: str, part: str | None) -> None:
    assert part_of(name) == part


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    draw(tmp_path, "cat/1.png", "dog/2.png", "dog/.hidden/3.png", ".ipynb_checkpoints/4.png")
    assert labels(tmp_path) == {"cat/1.png": ("cat", None), "dog/2.png": ("dog", None)}


def test_parts_in_any_spelling_below_a_wrapping(tmp_path: Path) -> None:
    draw(tmp_path, "set/Train/cat/1.png", "set/Train/dog/2.png", "set/val/cat/3.png")
    draw(tmp_path, "set/test/dog/4.png", "set/test/5.png", "set/extra/6.png")
    assert labels(tmp_path) == {
        "set/Train/cat/1.png": ("cat", "train"),
        "set/Train/dog/2.png": ("dog", "train"),
        "set/val/cat/3.png": ("cat", "valid"),
        "set/test/dog/4.png": ("dog", "test"),
    }
    assert set(read_folder(tmp_path).ignored) == {"set/test/5.png", "set/extra/6.png"}


def test_a_lone_test_is_a_class(tmp_path: Path) -> None:
    draw(tmp_path, "test/1.png", "control/2.png")
    assert {label for label, _ in labels(tmp_path).values()} == {"test", "control"}


def test_the_outer_folder_is_the_class_where_inner_names_repeat(tmp_path: Path) -> None:
    draw(tmp_path, "cats/indoor/1.png", "dogs/indoor/2.png", "dogs/outdoor/3.png")
    assert {label for label, _ in labels(tmp_path).values()} == {"cats", "dogs"}


def test_the_outer_folder_is_the_class_where_it_holds_images_too(tmp_path: Path) -> None:
    draw(tmp_path, "cats/1.png", "cats/more/2.png", "dogs/3.png")
    assert {label for label, _ in labels(tmp_path).values()} == {"cats", "dogs"}


def test_the_inner_folder_is_the_class_of_a_hierarchy(tmp_path: Path) -> None:
    draw(tmp_path, "felis/catus/1.png", "canis/lupus/2.png", "canis/aureus/3.png")
    assert {label for label, _ in labels(tmp_path).values()} == {"catus", "lupus", "aureus"}


def test_an_empty_class_is_seen() -> None:
    places = places_of({(): False, ("a",): True, ("b",): False, ("b", "c"): False, ("d",): True})
    assert places[("b",)] == Place(label="b", is_empty_class=True)
    assert not places[("a",)].is_empty_class


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cc"]), min_size=1, max_size=8
).filter(lambda name: name not in (".", "..")) | st.sampled_from(
    ["train", "valid", "test", "a b", "ñandú 猫", ".hidden", "x.y.z", "n" * 100, "CON"]
)
FILES = st.sampled_from(["1.png", "2.PNG", "über 3.png", "notes.txt", ".4.png", "5.jpg.png"])
TREES = st.lists(st.tuples(st.lists(NAMES, max_size=4), FILES), max_size=12)


@given(tree=TREES, link=st.booleans(), empty=st.booleans())
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_tree_is_understood_or_refused_in_words(
    tree: list[tuple[list[str], str]],
    link: bool,
    empty: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every file is an image with a class, or named with the reason why not; links end."""
    root = tmp_path_factory.mktemp("tree")
    for folders, file in tree:
        folder = root.joinpath(*folders)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draw(folder, file) if file.lower().endswith("png") else (folder / file).touch()
        except (OSError, UnicodeError):  # a file stands there, or the system takes no such name
            continue
    if empty:
        (root / "empty").mkdir(exist_ok=True)
    if link:
        (root / "circle").symlink_to(root)
    files = {path for path in root.rglob("*") if path.is_file() and "circle" not in path.parts}
    seen = [one for one in walk(root) if not one.path.startswith("circle/")]
    files = {Path(os.fsencode(path).decode("utf-8", "replace")) for path in files}
    named = {root / one.path for one in seen if one.is_image or one.ignored}
    empty_classes = {root / one.path for one in seen if one.is_empty_class}
    assert named | (empty_classes & files) == files
    assert len(seen) == len({one.path for one in seen})
    try:
        listing = read_folder(root)
    except FastcnnError as error:
        assert error.problems[0].message and error.problems[0].hint
    else:
        assert all(path.is_file() and label for path, label in listing.labels.items())


def test_a_run_in_the_folder_is_no_class(tmp_path: Path) -> None:
    draw(tmp_path, "cats/1.png", "dogs/2.png", "runs/one/curves.png", "mine/curves.png")
    for run in ("runs/one", "mine"):
        (tmp_path / run / "run.json").write_text("{}")
    assert {label for label, _ in labels(tmp_path).values()} == {"cats", "dogs"}


def test_parts_beside_another_folder_of_pictures(tmp_path: Path) -> None:
    draw(tmp_path, "data/train/cat/1.png", "data/train/dog/2.png", "data/val/cat/3.png")
    draw(tmp_path, "reports/4.png")
    assert set(labels(tmp_path).values()) == {("cat", "train"), ("dog", "train"), ("cat", "valid")}
    assert read_folder(tmp_path).ignored == {"reports/4.png": "outside of train, val"}


def test_classes_that_lie_unequally_deep(tmp_path: Path) -> None:
    draw(tmp_path, "cats/s1/1.png", "cats/s2/2.png", "dogs/3.png")
    assert {label for label, _ in labels(tmp_path).values()} == {"cats", "dogs"}


def test_strays_and_unreadable_formats_are_named(tmp_path: Path) -> None:
    draw(tmp_path, "cats/1.png", "dogs/2.png", "loose.png")
    for name in ("cats/phone.heic", "weights.h5", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    found = read_folder(tmp_path)
    assert len(found.labels) == 2
    assert set(found.ignored) == {"loose.png", "cats/phone.heic"}


def test_one_class_beside_an_empty_one(tmp_path: Path) -> None:
    draw(tmp_path, "cats/1.png")
    (tmp_path / "dogs").mkdir()
    (tmp_path / "code" / "src").mkdir(parents=True)
    assert labels(tmp_path) == {"cats/1.png": ("cats", None)}
    empty = [one.path for one in walk(tmp_path) if one.is_empty_class]
    assert "dogs" in empty and not any("src" in path for path in empty)


def test_links_and_names_that_no_program_likes(tmp_path: Path) -> None:
    draw(tmp_path, "cats/1.png", "dogs/2.png")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "again").symlink_to(tmp_path / "cats")
    (tmp_path / "locked").mkdir(mode=0o000)
    with open(bytes(tmp_path / "cats") + b"/caf\xe9.png", "wb") as file:
        file.write(b"x")
    seen = list(walk(tmp_path))
    (odd,) = [one for one in seen if one.ignored == "its name is not UTF-8"]
    assert odd.path.encode() and odd.is_missed
    assert sum(one.is_image for one in seen) == 2


def test_a_rule_for_names_reads_a_flat_test_part(tmp_path: Path) -> None:
    draw(tmp_path, "train/cat.1.png", "train/dog.1.png", "test/cat.9.png")
    found = read_folder(tmp_path, "(cat|dog)")
    assert [path.name for path in found.test_images] == ["cat.9.png"]
