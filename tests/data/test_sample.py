"""The drawn sample: same bytes from the same seed, the right names, and distinct breeds."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import pytest
from numpy import array, asarray, roll
from PIL import Image

from fastcnn.data.processes import map_in_processes
from fastcnn.data.sample import write_sample
from fastcnn.data.sample.breeds import BREEDS, COAT_COLOURS, EYE_COLOURS
from fastcnn.data.sample.canvas import Canvas
from fastcnn.data.sample.noise import spot_tile
from fastcnn.data.sample.outlines import box
from fastcnn.data.sample.scene import LONGEST_SIDE, SHORTEST_SIDE

PER_BREED = 2

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")


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


@pytest.mark.parametrize("processes", [1, 3])
def test_same_seed_gives_same_bytes_however_many_pictures_and_processes(
    folder: Path, tmp_path: Path, processes: int
) -> None:
    write_sample(tmp_path, per_breed=1, processes=processes)
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


@pytest.mark.parametrize("wrong", [{"per_breed": 0}, {"processes": 0}])
def test_refuses_to_draw_nothing_or_by_nobody(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be at least 1"):
        write_sample(
            tmp_path / "new", per_breed=wrong.get("per_breed", 1), processes=wrong.get("processes")
        )
    assert not (tmp_path / "new").exists()


def test_an_error_of_the_caller_ends_the_workers_and_the_writing(tmp_path: Path) -> None:
    def on_image(done: int, total: int) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_sample(tmp_path, processes=2, on_image=on_image)
    assert multiprocessing.active_children() == []
    assert len(list(tmp_path.iterdir())) == 1


def square_or_die(number: int) -> int:
    """The square; but 5 ends the process, unless it is the main one."""
    if number == 5 and multiprocessing.parent_process() is not None:
        os._exit(1)
    return number * number


def test_this_process_carries_on_if_a_worker_dies() -> None:
    assert list(map_in_processes(square_or_die, range(20), 2)) == [n * n for n in range(20)]
    assert multiprocessing.active_children() == []


DRAW_MANY = """
import sys
from pathlib import Path
from fastcnn.data.sample import write_sample
write_sample(Path(sys.argv[1]), per_breed=1000, processes=2)
"""


@needs_fork
@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGKILL, False)]
)
def test_workers_end_silently_with_the_main_process(
    tmp_path: Path, number: signal.Signals, whole_group: bool
) -> None:
    command = [sys.executable, "-c", DRAW_MANY, str(tmp_path)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as main:
        while main.poll() is None and not any(tmp_path.iterdir()):
            time.sleep(0.05)
        os.kill(-main.pid if whole_group else main.pid, number)
        _, errors = main.communicate(timeout=60)  # ends when no worker holds the pipe any more
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt") == int(whole_group)


def test_spot_tile_holds_the_distance_to_the_nearest_of_256_points() -> None:
    tile = spot_tile()
    assert (tile < 0.71).sum() >= 256
    assert abs(tile - roll(tile, 1, axis=0)).max() <= 1.001  # also across the edge


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
