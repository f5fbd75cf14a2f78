"""What all tests share: a home of their own, small real images, and a network that trains fast."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from PIL import Image

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says how busy the machine is

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real photographs beside the checkout; tests that need them say so where they are missing."""

TINY = "test_resnet"
"""timm's network for tests: 0.5 million parameters, 6 groups."""


@pytest.fixture(autouse=True, scope="module")
def home_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what a module's own fixtures train out of the home of whoever runs the tests.

    And its caches out of theirs: features that were computed in other batches differ in their last
    digits, and with them all that is learned from them. What is made for the whole session is made
    before, and keeps nothing.
    """
    with pytest.MonkeyPatch.context() as patch:
        move(patch, tmp_path_factory.mktemp("module-home"))
        yield


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test caches and a list of trusted files of its own."""
    home = tmp_path_factory.mktemp("home")
    move(monkeypatch, home)
    monkeypatch.setenv("FASTCNN_REPORT", "no")  # it would take longer than most of the runs
    return home


def move(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Let everything that is kept between runs be kept below `home`."""
    for name in ("FASTCNN_CACHE", "FASTAI_HOME", "TORCH_HOME", "HF_HOME", "XDG_DATA_HOME"):
        patch.setenv(name, str(home / name.lower()))
    patch.setenv("HOME", str(home))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute in one thread: on so little, several only wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs."""
    if not SHARED.is_dir():
        pytest.skip("the shared photographs are not beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def few_pets(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four breeds of real photographs, twelve of each, named as in the full set."""
    folder = tmp_path_factory.mktemp("few-pets")
    for breed in ("Abyssinian", "Siamese", "beagle", "pug"):
        for picture in sorted((shared / "pets" / "images").glob(f"{breed}_*.jpg"))[:12]:
            shutil.copy(picture, folder)
    return folder


@pytest.fixture(scope="session")
def small_pets(few_pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs small enough to be read many times: four of each breed."""
    folder = tmp_path_factory.mktemp("small-pets")
    for file in sorted(few_pets.glob("*.jpg"))[::3]:
        with Image.open(file) as picture:
            picture.convert("RGB").resize((160, 120)).save(folder / file.name)
    return folder


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the tiny network, the same ones every time."""
    import timm
    import torch

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


@pytest.fixture
def cli(
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: exit code, stdout, stderr."""
    from fastcnn.cli.app import run

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def tiny_network(tiny_weights: Path) -> list[str]:
    """Options of a network that trains in a moment, in a precision that is not measured."""
    return [
        *("--arch", TINY, "--weights", str(tiny_weights), "--precision", "fp32"),
        *("--size", "64", "--bs", "16"),
    ]


@pytest.fixture
def tiny_options(tiny_network: list[str]) -> list[str]:
    """Options that make a training in epochs a matter of seconds."""
    return [*tiny_network, "--epochs", "1"]
