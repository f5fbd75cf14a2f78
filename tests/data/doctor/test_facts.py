"""What is found out about one file."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fastcnn.data.doctor.facts import facts_of
from fastcnn.data.rgb import as_rgb


def noise(size: tuple[int, int] = (64, 48), seed: int = 0) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(levels)


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_a_sound_file(tmp_path: Path) -> None:
    facts = facts_of(saved(noise(), tmp_path / "a.png"))
    assert facts.problem is None and not facts.is_misnamed
    assert (facts.format, facts.width, facts.height) == ("PNG", 64, 48)
    assert 100 < facts.brightness < 156 and facts.contrast > 20 and facts.sharpness > 100


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".jfif", ".png", ".webp", ".tif"])
def test_the_usual_suffixes_are_right(suffix: str, tmp_path: Path) -> None:
    path = saved(noise(), tmp_path / f"a{suffix}")
    assert facts_of(path).problem is None
    assert not facts_of(path).is_misnamed


def test_another_format_than_the_name_says(tmp_path: Path) -> None:
    facts = facts_of(saved(noise(), tmp_path / "a.jpg", format="PNG"))
    assert facts.problem is None
    assert facts.is_misnamed and facts.format == "PNG"


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty file"), (b"hello", "no image format"), (None, "cannot")]
)
def test_what_is_no_image(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    finding, detail = facts_of(path).problem or ("", "")
    assert finding == "corrupt" and words in detail


@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]), part=st.floats(0.05, 0.9)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_short_is_corrupt(kind: str, part: float, tmp_path: Path) -> None:
    """Also where its header is whole and says its size."""
    content = io.BytesIO()
    noise().save(content, format=kind)
    path = tmp_path / "cut"
    path.write_bytes(content.getvalue()[: int(part * len(content.getvalue()))])
    assert (facts_of(path).problem or ("",))[0] == "corrupt"


def test_too_small_and_too_large(tmp_path: Path) -> None:
    small = facts_of(saved(noise((7, 200)), tmp_path / "small.png"))
    assert small.problem == ("too-small", "7x200 pixels")
    bomb = facts_of(saved(Image.new("1", (30_000, 30_000)), tmp_path / "bomb.png"))
    assert bomb.problem is not None and bomb.problem[0] == "too-large"


def test_a_copy_looks_the_same(tmp_path: Path) -> None:
    smooth = noise((6, 5)).resize((300, 240), Image.Resampling.BICUBIC)
    one = facts_of(saved(smooth, tmp_path / "a.png"))
    other = facts_of(saved(smooth.resize((200, 160)), tmp_path / "b.jpg", quality=60))
    assert one.digest != other.digest
    if one.look is not None and other.look is not None:
        assert (one.look ^ other.look).bit_count() <= 4


def test_sixteen_bits_are_scaled() -> None:
    ramp = np.linspace(0, 65535, 256 * 4).astype(np.uint16).reshape(4, 256)
    levels = np.asarray(as_rgb(Image.fromarray(ramp)))
    assert levels.shape == (4, 256, 3)
    assert levels.min() == 0 and levels.max() == 255
    assert abs(int(levels[2, 0, 0]) - 128) <= 1


def test_orientation_and_transparency() -> None:
    image = noise((40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    content = io.BytesIO()
    image.save(content, format="PNG", exif=exif)
    with Image.open(content) as turned:
        assert as_rgb(turned).size == (20, 40)
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert as_rgb(clear).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (4, 4))
    palette.info["transparency"] = 0
    assert as_rgb(palette).getpixel((0, 0)) == (255, 255, 255)


def test_a_small_sharp_picture_is_not_called_blurred(shared: Path, tmp_path: Path) -> None:
    """It is looked at in its own size; enlarged it would be soft."""
    photograph = sorted((shared / "pets" / "images").glob("*.jpg"))[0]
    with Image.open(photograph) as image:
        small = image.convert("RGB").resize((32, 32), Image.Resampling.LANCZOS)
    assert facts_of(saved(small, tmp_path / "small.png")).sharpness > 100
