"""Pictures as meant: turned upright, 16 bits scaled, transparency on white, first frame."""

from pathlib import Path

import numpy as np
import pytest
from fastai.vision.core import PILImage, PILImageBW
from photographs import write_odd_files
from PIL import Image, ImageOps

from fastcnn.data.rgb import open_picture


def test_an_opaque_file_is_what_fastai_and_pillow_make_of_it(
    few_pets: Path, tmp_path: Path
) -> None:
    """Bit by bit: so an exported model, made of their parts, sees the same."""
    write_odd_files(tmp_path, few_pets)
    for path in sorted(tmp_path.glob("*_[123678].*")):
        expected = ImageOps.exif_transpose(PILImage.create(path))
        assert np.array_equal(open_picture(path, PILImage), expected), path.name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(orientation: int, tmp_path: Path) -> None:
    corner = np.full((30, 50, 3), 40, np.uint8)
    corner[:10, :10] = 220
    upright = Image.fromarray(corner)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    shown = np.asarray(open_picture(tmp_path / "a.jpg", PILImage))
    assert shown.shape == (30, 50, 3)
    assert shown[4, 4].min() > 200 and shown[25, 45].max() < 60


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(levels).save(tmp_path / name)
        shown = np.asarray(open_picture(tmp_path / name, PILImage))[..., 0]
        assert np.array_equal(shown.ravel(), np.arange(256))


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    see_through = np.zeros((8, 8, 4), np.uint8)
    see_through[:, 4:, 3] = 255
    Image.fromarray(see_through).save(tmp_path / "a.png")
    shown = np.asarray(open_picture(tmp_path / "a.png", PILImage))
    assert shown[:, :4].min() == 255 and shown[:, 4:].max() == 0
    grey = np.asarray(open_picture(tmp_path / "a.png", PILImageBW))
    assert grey.shape == (8, 8) and grey[0, 0] == 255


@pytest.mark.parametrize("suffix", ["gif", "webp", "tiff"])
def test_of_an_animation_the_first_frame_is_seen(suffix: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
    red, _, blue = np.asarray(open_picture(tmp_path / f"a.{suffix}", PILImage))[8, 8]
    assert red > 200 and blue < 60
