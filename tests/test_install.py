"""A wheel and an editable install both bring the recipes, as `fastcnn.recipes`."""

import json
import os
import subprocess
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FINDS_RECIPES = """
import json, fastcnn, fastcnn.recipes.pets
print(json.dumps([[e.name for e in fastcnn.recipes()], fastcnn.__file__]))
"""


def pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A new environment that borrows the libraries of this one, but not fastcnn."""
    import venv

    venv.create(tmp_path / "venv", with_pip=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    borrowed = tmp_path / "borrowed"
    borrowed.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "fastcnn" not in entry.name and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    return tmp_path / "venv" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.parametrize("editable", [False, True])
def test_both_kinds_of_install_find_the_recipes(
    python: Path, tmp_path: Path, editable: bool
) -> None:
    pip(python, *(["--editable"] if editable else []), str(ROOT))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [str(python), "-W", "ignore", "-c", FINDS_RECIPES],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    names, where = json.loads(result.stdout.splitlines()[-1])
    assert "pets" in names
    home = ROOT if editable else tmp_path / "venv"
    assert Path(where).is_relative_to(home)


def test_every_package_is_named() -> None:
    """What is not named in `pyproject.toml` is there in a checkout and in no installation."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "fastcnn").rglob("__init__.py")}
    there = {".".join(folder.parts) for folder in folders}
    assert set(named["packages"]) == {*there, "fastcnn.recipes"}


@pytest.mark.slow
def test_the_wheel_holds_every_package_and_nothing_else(python: Path, tmp_path: Path) -> None:
    command = [str(python), "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = {name for name in names if name.endswith(".py")}
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fastcnn").rglob("*.py")}
    expected |= {f"fastcnn/recipes/{path.name}" for path in (ROOT / "recipes").glob("*.py")}
    assert files == expected
    templates = (ROOT / "fastcnn" / "report" / "page" / "templates").iterdir()
    assert {path.relative_to(ROOT).as_posix() for path in templates} <= names
