"""What a user can get wrong: the exit code, the line, the hint, and nothing half-written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Cli = Callable[..., tuple[int, str, str]]


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), (shade, 90, 120)).save(path)


def assert_error(result: tuple[int, str, str], code: int, *words: str) -> None:
    """The contract's shape: an `error:` line, a `hint:` line, no traceback, no run left behind."""
    found, _, err = result
    assert found == code, err
    lines = [line for line in err.splitlines() if line.startswith(("error: ", "hint: "))]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"] * (len(lines) // 2)
    assert lines
    assert "Traceback" not in err
    for word in words:
        assert word in err, err
    assert not Path("runs").exists()


def test_a_missing_folder(cli: Cli, work: Path) -> None:
    assert_error(cli("recipe", "pets", "--data", "nowhere"), 3, "nowhere", "does not exist")


def test_a_folder_without_images(cli: Cli, work: Path) -> None:
    (work / "empty").mkdir()
    assert_error(cli("recipe", "pets", "--data", "empty"), 3, "holds no images")


def test_one_class_only(cli: Cli, work: Path) -> None:
    for number in range(3):
        picture(work / "data" / f"pug_{number}.jpg")
    assert_error(cli("recipe", "pets", "--data", "data"), 3, "one class", "'pug'")


def test_a_class_with_one_image(cli: Cli, work: Path) -> None:
    for name in ("pug_1", "pug_2", "beagle_1"):
        picture(work / "data" / f"{name}.jpg")
    assert_error(cli("recipe", "pets", "--data", "data"), 3, "'beagle' (beagle_1.jpg)")


def test_a_damaged_image_is_left_out_aloud(cli: Cli, work: Path, tiny_options: list[str]) -> None:
    for number in range(12):
        picture(work / "data" / f"pug_{number}.jpg")
        picture(work / "data" / f"beagle_{number}.jpg")
    (work / "data" / "pug_3.jpg").write_bytes(b"\xff\xd8 cut off")
    code, out, err = cli("recipe", "pets", "--data", "data", "--out", "r", *tiny_options)
    assert code == 0, err
    assert "1 files are left out, as pug_3.jpg" in out.replace("\n", " ")
    data = json.loads(Path("r/run.json").read_text())["data"]
    assert data["n_images"] == 23 and data["skipped"][0]["path"] == "pug_3.jpg"


def test_an_unknown_recipe(cli: Cli, work: Path) -> None:
    assert_error(cli("recipe", "pest"), 2, "'pest'", "did you mean 'pets'")


def test_an_unknown_architecture(cli: Cli, few_pets: Path, work: Path) -> None:
    assert_error(
        cli("recipe", "pets", "--data", few_pets, "--arch", "resnet43"), 2, "'resnet43'", "did you"
    )


def test_weights_of_another_architecture(
    cli: Cli, few_pets: Path, tiny_weights: Path, work: Path
) -> None:
    result = cli(
        *("recipe", "pets", "--data", few_pets, "--arch", "resnet18", "--weights", tiny_weights),
        *("--out", "r", "--size", "64"),
    )
    assert_error(result, 4, "does not fit resnet18", "conv1.weight")
    assert not (work / "r").exists()


def test_weights_that_are_no_weights(cli: Cli, few_pets: Path, work: Path) -> None:
    (work / "w.pth").write_bytes(b"nothing")
    result = cli("recipe", "pets", "--data", few_pets, "--weights", "w.pth", "--arch", "resnet18")
    assert_error(result, 4, "w.pth")


def test_all_bad_settings_at_once(cli: Cli, work: Path) -> None:
    result = cli("recipe", "pets", "--epochs", "0", "--lr", "fast", "--strategy", "heed")
    assert_error(result, 2, "--epochs is 0", "--lr is 'fast'", "did you mean 'head'")
    assert result[2].count("error: ") == 3


def test_typers_own_errors_look_the_same(cli: Cli, work: Path) -> None:
    assert_error(cli("recipe"), 2, "NAME", "fastcnn recipe --help")
    assert_error(cli("recipe", "pets", "--epochs", "many"), 2, "--epochs")
    assert_error(cli("recipe", "pets", "--epoch", "3"), 2, "--epoch")
    assert_error(cli("train-it"), 2, "train-it")


def test_a_run_that_is_none(cli: Cli, few_pets: Path, work: Path) -> None:
    (work / "r").mkdir()
    (work / "r" / "run.json").write_text("{")
    assert_error(cli("predict", "r", few_pets), 2, "run.json", "not the record")
    picture(work / "photo.jpg")
    assert_error(cli("predict", "photo.jpg", "photo.jpg"), 2, "no .pkl file")


def test_a_recipe_whose_code_fails(cli: Cli, few_pets: Path, work: Path) -> None:
    """The fault is the user's, and so is the traceback, which --debug shows."""
    (work / "mine.py").write_text(
        "from fastcnn.recipe import Recipe\n"
        "RECIPE = Recipe(title='mine', data_block=lambda settings: settings.nothing)\n"
    )
    assert_error(cli("recipe", "mine.py", "--data", few_pets), 3, "mine failed", "nothing")


def test_a_config_that_is_none(cli: Cli, work: Path) -> None:
    (work / "c.json").write_text("{}")
    assert_error(cli("recipe", "pets", "--config", "c.json"), 2, "c.json")


def test_a_device_that_is_not_there(cli: Cli, few_pets: Path, work: Path) -> None:
    import torch

    device = f"cuda:{torch.cuda.device_count() + 7}"
    assert_error(cli("recipe", "pets", "--data", few_pets, "--device", device), 2, device)


def test_a_size_that_the_network_does_not_take(cli: Cli, few_pets: Path, work: Path) -> None:
    result = cli(
        *("recipe", "pets", "--data", few_pets, "--arch", "test_vit", "--size", "97"),
        *("--weights", work / "none.pth"),
    )
    assert_error(result, 2, "97 px", "--size 160")


def test_a_diverging_rate(cli: Cli, few_pets: Path, work: Path, tiny_options: list[str]) -> None:
    result = cli(
        *("recipe", "pets", "--data", few_pets, "--out", "r", "--lr", "1e30", *tiny_options),
        *("--strategy", "full"),
    )
    assert_error(result, 6, "diverged", "--lr")


def test_a_folder_that_is_a_file(
    cli: Cli, few_pets: Path, work: Path, tiny_options: list[str]
) -> None:
    (work / "file").write_text("")
    result = cli("recipe", "pets", "--data", few_pets, "--out", "file/run", *tiny_options)
    assert_error(result, 6, "could not be written")


@pytest.mark.parametrize("sub", ["images", "."])
def test_the_images_folder_is_found(
    cli: Cli, few_pets: Path, work: Path, tiny_network: list[str], sub: str
) -> None:
    shutil.copytree(few_pets, work / "data" / sub, dirs_exist_ok=True)
    options = ("--strategy", "head", "--out", "r", *tiny_network)
    code, out, err = cli("recipe", "pets", "--data", "data", *options)
    assert code == 0, err
    assert out.startswith("data: data (--data): 48 images of 4 classes")
