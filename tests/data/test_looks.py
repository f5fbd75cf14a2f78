"""A quick look finds what would end a training, and the way to a square that suits the shapes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn.data.looks import Look, look_at, look_at_all, way_to_a_square
from fastcnn.narrator import Narrator

PHOTOGRAPH = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def saved(path: Path, picture: Image.Image | None = None, **options: object) -> Path:
    (picture or Image.fromarray(PHOTOGRAPH)).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "bmp", "tiff"])
def test_a_whole_file_is_whole_and_a_cut_one_is_not(suffix: str, tmp_path: Path) -> None:
    path = saved(tmp_path / f"a.{suffix}")
    assert look_at(path) == Look(None, 120, 90)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert (look_at(path).problem or ("",))[0] == "corrupt"


def test_what_a_camera_adds_at_the_end_does_no_harm(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + bytes(5000))
    assert look_at(path).problem is None


def test_sizes_and_kinds(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = look_at(saved(tmp_path / "turned.jpg", exif=exif))
    assert (turned.width, turned.height) == (90, 120)
    deep = Image.fromarray(np.zeros((20, 20), np.uint16))
    assert look_at(saved(tmp_path / "deep.png", deep)).is_deep
    assert look_at(saved(tmp_path / "glass.png", Image.new("RGBA", (20, 20)))).is_transparent
    assert look_at(saved(tmp_path / "dot.png", Image.new("L", (1, 1)))).problem == (
        "too-small",
        "1x1 pixels",
    )
    bomb = look_at(saved(tmp_path / "bomb.png", Image.new("1", (30_000, 30_000))))
    assert (bomb.problem or ("",))[0] == "too-large"


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    names = ["empty.jpg", "text.jpg", "gone.jpg"]
    looks = look_at_all([tmp_path / name for name in names], Narrator(quiet=True))
    reasons = [look.problem[1] for look in looks if look.problem]
    assert reasons == [
        "empty file",
        "no image format that Pillow knows",
        "there is no such file",
    ]


def shapes(*sizes: tuple[int, int]) -> list[Look]:
    return [Look(None, *size) for size in sizes]


@pytest.mark.parametrize(
    ("looks", "way"),
    [
        (shapes((100, 100), (120, 90)), "crop"),
        (shapes((300, 200), (200, 300), (100, 100)), "crop"),
        (shapes(*[(100, 90)] * 19, (500, 100)), "crop"),
        (shapes(*[(400, 100)] * 10), "squish"),
        (shapes(*[(400, 100)] * 5, *[(100, 300)] * 5), "pad"),
        ([], "crop"),
        ([Look(("corrupt", "x"))], "crop"),
    ],
    ids=["square", "photographs", "one panorama", "all long", "all ways", "none", "unusable"],
)
def test_the_way_to_a_square_suits_the_shapes(looks: list[Look], way: str) -> None:
    assert way_to_a_square(looks) == way
