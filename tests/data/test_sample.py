"""The drawn sample: same bytes from the same seed, the right names, and distinct breeds."""

from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import pytest
from numpy import array, asarray
from PIL import Image

from fastcnn.data.sample import write_sample
from fastcnn.data.sample.breeds import BREEDS, COAT_COLOURS, EYE_COLOURS
from fastcnn.data.sample.scene import Canvas, box
from fastcnn.data.sample.writer import LONGEST_SIDE, SHORTEST_SIDE

PER_BREED = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pictures of each breed, seed 0."""
    path = tmp_path_factory.mktemp("sample") / "pictures"
    write_sample(path, per_breed=PER_BREED)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of each file, by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_writes_every_breed_as_often_as_asked_and_nothing_else(folder: Path) -> None:
    expected = {f"{breed.name}_{n}.jpg" for breed in BREEDS for n in range(1, PER_BREED + 1)}
    assert len(expected) == 37 * PER_BREED
    assert set(contents(folder)) == expected


def test_same_seed_gives_same_bytes_and_more_pictures_leave_the_first_alone(
    folder: Path, tmp_path: Path
) -> None:
    write_sample(tmp_path, per_breed=1)
    before = contents(folder)
    assert contents(tmp_path) == {name: before[name] for name in contents(tmp_path)}


def test_another_seed_changes_every_picture(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, per_breed=1, seed=1)
    before = contents(folder)
    assert all(before[name] != data for name, data in contents(tmp_path).items())


def test_all_pictures_differ(folder: Path) -> None:
    assert len(set(contents(folder).values())) == 37 * PER_BREED


def test_names_tell_cats_from_dogs_as_in_the_oxford_set() -> None:
    cats = {breed.name for breed in BREEDS if breed.name[0].isupper()}
    assert cats == {breed.name for breed in BREEDS if breed.species == "cat"}
    assert (len(cats), len({breed.name for breed in BREEDS})) == (12, 37)
    assert all(breed.name.replace("_", "").isalpha() for breed in BREEDS)


def test_pictures_are_rgb_jpegs_of_the_stated_size(folder: Path) -> None:
    sizes = set()
    for path in folder.iterdir():
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert all(SHORTEST_SIDE <= side <= LONGEST_SIDE for side in image.size)
            sizes.add(image.size)
    assert len(sizes) > 37  # varied aspect ratios


def test_pictures_are_neither_flat_nor_black(folder: Path) -> None:
    for path in folder.iterdir():
        with Image.open(path) as image:
            grey = asarray(image.convert("L"))
        assert grey.std() > 8.0, path.name
        assert 15.0 < grey.mean() < 245.0, path.name


def test_progress_is_told_after_each_picture(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []

    def on_image(done: int, total: int) -> None:
        told.append((done, total, len(list(tmp_path.iterdir()))))

    write_sample(tmp_path, per_breed=1, on_image=on_image)
    assert told == [(n, 37, n) for n in range(1, 38)]


def test_refuses_to_draw_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write_sample(tmp_path / "new", per_breed=0)
    assert not (tmp_path / "new").exists()


def test_breeds_differ_pairwise_in_what_is_drawn() -> None:
    for first, second in combinations(BREEDS, 2):
        assert astuple(first)[2:] != astuple(second)[2:], (first.name, second.name)


def test_breeds_share_traits_so_that_no_coat_names_a_breed() -> None:
    coats = [(breed.base, breed.second, breed.pattern) for breed in BREEDS]
    shared = sum(coats.count(coat) > 1 for coat in coats)
    assert shared > len(BREEDS) / 2


def test_colours_of_the_breeds_exist() -> None:
    assert {breed.base for breed in BREEDS} | {breed.second for breed in BREEDS} <= set(
        COAT_COLOURS
    )
    assert {breed.eyes for breed in BREEDS} <= set(EYE_COLOURS)


def test_canvas_fills_inside_the_outline_and_clips_at_the_edge() -> None:
    canvas = Canvas(20, 10)
    canvas.fill(box(-5.0, -5.0, 4.0, 30.0), array([1.0, 0.0, 0.0]))
    canvas.fill(box(40.0, 0.0, 50.0, 5.0), array([0.0, 1.0, 0.0]))  # wholly outside
    pixels = asarray(canvas.image)
    assert (pixels[:, :4] == (255, 0, 0)).all()
    assert (pixels[:, 6:] == 0).all()
