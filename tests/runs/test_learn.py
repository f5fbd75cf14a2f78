"""`fastcnn learn`: what it prints, the figures it leaves, and what it refuses."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fastcnn.learn.teach import TOPICS, made_by
from fastcnn.report.pictures import write_figure

Cli = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).resolve().parents[2]
OWN_PICTURE = "fastcnn learn conv --image PICTURE.jpg --out my-picture"
N_FIGURES = {"conv": 4, "pool": 2, "first-layer": 2}


def figures(folder: Path) -> list[str]:
    """The names of the pictures in a folder, each of which opens and is no stamp."""
    for path in folder.iterdir():
        with Image.open(path) as figure:
            figure.load()
            assert figure.format == "PNG" and figure.width > 600 and figure.height > 250
    return sorted(path.name for path in folder.iterdir())


def page_commands() -> list[str]:
    """The commands of the page that explains the layers."""
    page = (ROOT / "docs" / "layers.md").read_text("utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_every_command_of_its_page_is_run_here() -> None:
    lessons = [f"fastcnn learn {topic}" for topic in TOPICS]
    assert page_commands() == ["fastcnn learn", *lessons, OWN_PICTURE]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_lesson_in_eighty_columns_and_its_figures(cli: Cli, work: Path, topic: str) -> None:
    code, out, err = cli("learn", topic)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out and "dahlia" in out
    names = figures(work / f"learn-{topic}")
    assert len(names) == N_FIGURES[topic]
    assert re.findall(r"^figure: (\S+)$", out, re.MULTILINE) == names
    assert out.splitlines()[-1] == f"{len(names)} figures: learn-{topic}"


def test_without_a_topic_it_lists_them(cli: Cli, work: Path) -> None:
    code, out, _ = cli("learn")
    assert code == 0 and list(work.iterdir()) == []
    assert [line.split()[2] for line in out.splitlines()] == [*TOPICS]
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_a_picture_of_one_s_own_and_arithmetic_that_is_right(cli: Cli, work: Path) -> None:
    """Grey on the left and brighter on the right: the largest number stands on the step."""
    picture = np.full((64, 90), 40, np.uint8)
    picture[:, 45:] = 240
    Image.fromarray(picture).save(work / "PICTURE.jpg")
    code, out, err = cli(*shlex.split(OWN_PICTURE)[1:])
    assert code == 0, err
    assert "PICTURE.jpg" in out and "dahlia" not in out
    assert len(figures(work / "my-picture")) == N_FIGURES["conv"]
    ((column, sums, total),) = re.findall(
        r"^ +y\[\d+, (\d+)\] =(.+?)= (\d+)$", out, re.DOTALL | re.MULTILINE
    )
    products = re.findall(r"(\d+) \* +(-?\d+)", sums)
    assert len(products) == 9
    assert sum(int(pixel) * int(weight) for pixel, weight in products) == int(total) > 600
    assert f"conv_forward says {total} too" in out
    assert int(column) in (14, 15)


@pytest.mark.parametrize(("topic", "mode"), [("conv", "L"), ("pool", "RGBA")])
def test_a_picture_with_nothing_on_it(cli: Cli, work: Path, topic: str, mode: str) -> None:
    Image.new(mode, (8, 500)).save(work / "even $_{.png")
    code, out, err = cli("learn", topic, "--image", "even $_{.png", "--quiet")
    assert (code, err) == (0, "")
    assert out == f"{N_FIGURES[topic]} figures: learn-{topic}\n"


def test_a_damaged_picture(cli: Cli, work: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save("a.jpg")
    Path("a.jpg").write_bytes(Path("a.jpg").read_bytes()[:2000])
    Path("text.png").write_text("hello")
    Image.new("L", (4, 4)).save("dot.png")
    for name, why in (
        ("a.jpg", "truncated"),
        ("text.png", "no image format"),
        ("dot.png", "4x4 pixels"),
        ("gone.png", "no such file"),
        (".", "directory"),
    ):
        code, out, err = cli("learn", "conv", "--image", name)
        assert (code, out) == (3, ""), name
        assert why in err.lower() and "hint: " in err and "Traceback" not in err
    assert not Path("learn-conv").exists()


def test_figures_never_join_what_is_in_a_folder(cli: Cli, work: Path) -> None:
    (work / "mine").mkdir()
    (work / "mine" / "notes.txt").write_text("precious")
    code, out, err = cli("learn", "pool", "--out", "mine")
    assert (code, out) == (2, "") and "--force" in err and "--out mine-2" in err
    assert [path.name for path in (work / "mine").iterdir()] == ["notes.txt"]
    assert cli("learn", "pool", "--out", "mine", "--force")[0] == 0
    assert (work / "mine" / "notes.txt").read_text() == "precious"
    assert len(list((work / "mine").iterdir())) == 1 + N_FIGURES["pool"]


def test_an_earlier_lesson_is_replaced_and_nothing_else(cli: Cli, work: Path) -> None:
    earlier = work / "learn-pool" / "01-windows.png"
    write_figure(Figure((1, 1)), earlier, made_by=made_by("pool"))
    before = earlier.read_bytes()
    assert cli("learn", "pool", "--out", "learn-pool")[0] == 2
    assert earlier.read_bytes() == before
    assert cli("learn", "pool")[0] == 0
    assert earlier.read_bytes() != before
    Image.new("L", (8, 8)).save(work / "learn-pool" / "mine.png")
    assert cli("learn", "pool")[0] == 2
    (work / "taken").touch()
    assert cli("learn", "pool", "--out", "taken")[0] == 2


def test_all_that_is_wrong_is_said_at_once(cli: Cli, work: Path) -> None:
    (work / "mine").mkdir()
    (work / "mine" / "notes.txt").touch()
    code, _, err = cli("learn", "convv", "--out", "mine")
    assert code == 2 and "did you mean 'conv'?" in err
    assert err.count("error: ") == err.count("hint: ") == 2
