"""The pictures of a page: each once, none too large, all together within their room."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn.report.page.album import Album


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Noise, which no JPEG makes small."""
    random = np.random.default_rng(0)
    files = [tmp_path / f"{number}.png" for number in range(6)]
    for file in files:
        Image.fromarray(random.integers(0, 256, (300, 200, 3), np.uint8)).save(file)
    return files


def test_a_picture_is_made_once_and_no_larger_than_asked(pictures: list[Path]) -> None:
    album = Album()
    album.add_files([*pictures, *pictures], 90)
    album.add_files(pictures, 180)
    assert len(album.pictures) == len(pictures)
    assert len({picture.name for picture in album.pictures}) == len(pictures)
    picture = album.get(pictures[0])
    assert picture is not None
    assert (picture.width, picture.height) == (60, 90)
    head, _, content = picture.uri.partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert image.size == (60, 90)


def test_what_was_asked_for_first_has_the_room(pictures: list[Path]) -> None:
    one = Album()
    one.add_files(pictures[:1], 90)
    album = Album(budget=int(3.5 * one.size))
    album.add_files(pictures, 90)
    assert [album.get(file) is not None for file in pictures] == [True] * 3 + [False] * 3
    assert album.n_left_out == 3
    assert album.size == sum(len(picture.uri) for picture in album.pictures) <= album.budget


def test_a_file_that_is_gone_or_damaged_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no more than a beginning")
    album = Album()
    album.add_files([tmp_path / "gone.jpg", tmp_path / "broken.jpg"], 90)
    assert album.pictures == [] and album.n_left_out == 0


def test_shrinking_takes_the_last_ones_out(pictures: list[Path]) -> None:
    album = Album()
    album.add_files(pictures, 90)
    before = album.size
    album.shrink(1)
    assert [album.get(file) is not None for file in pictures] == [True] * 5 + [False]
    assert album.size < before and album.n_left_out == 1
    album.shrink(10**9)
    assert album.pictures == [] and album.size == 0


def test_a_photograph_is_turned_as_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), "red").save(tmp_path / "turned.jpg", exif=exif)
    album = Album()
    album.add_files([tmp_path / "turned.jpg"], 96)
    (picture,) = album.pictures
    assert (picture.width, picture.height) == (40, 80)
