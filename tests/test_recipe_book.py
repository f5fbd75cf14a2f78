"""Recipes: pages that can be read, launched as they say, and copied; and a light `import`."""

import ast
import importlib
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import typer

import fastcnn
from fastcnn.cli.app import app
from fastcnn.errors import UsageError
from fastcnn.recipe import Recipe
from fastcnn.recipe_book import FOLDER_RECIPE, copy_recipe, find_recipe, list_recipes
from fastcnn.settings import SETTING_NAMES, resolve_settings

FOLDER = Path(__file__).resolve().parents[1] / "recipes"
RECIPES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("_"))
HEAVY = ("torch", "fastai", "timm", "pandas", "matplotlib")


def parsed(command: str) -> dict[str, Any]:
    """Parse a launch command with the real command line, running nothing."""
    program, *arguments = shlex.split(command)
    assert program == "fastcnn"
    group = typer.main.get_command(app)
    with group.make_context("fastcnn", list(arguments), resilient_parsing=True) as context:
        name, subcommand, rest = group.resolve_command(context, arguments)  # type: ignore[attr-defined]
        assert name in ("recipe", "train")
        return dict(subcommand.make_context(name, rest, parent=context).params)


def launch_command(source: str) -> str:
    """Return the third line of a recipe's docstring, where its launch command stands."""
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[2].strip()


def heavy_after(code: str) -> str:
    """Run code in a new process and return which heavy libraries it has loaded."""
    code += f"\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tempfile.gettempdir(),  # the installed package, not the checkout
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_on_a_page(name: str) -> None:
    assert len((FOLDER / f"{name}.py").read_text("utf-8").splitlines()) < 80


@pytest.mark.parametrize("name", RECIPES)
def test_the_launch_command_of_a_recipe_is_understood(name: str) -> None:
    """It stands in the third line, names the recipe, and the command line accepts it."""
    command = launch_command((FOLDER / f"{name}.py").read_text("utf-8"))
    given = parsed(command)
    assert given.get("name", FOLDER_RECIPE) == name  # `fastcnn train` names data, not a recipe
    resolve_settings({name: given[name] for name in SETTING_NAMES if name in given})
    (entry,) = [entry for entry in list_recipes() if entry.name == name]
    assert entry.command == command


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_name_with_settings_that_hold(name: str) -> None:
    recipe = find_recipe(name)
    assert isinstance(recipe, Recipe)
    assert recipe.name == name and recipe.title
    resolve_settings(recipe.defaults)
    resolve_settings(recipe.defaults, recipe.sample.defaults if recipe.sample else {})


def test_all_recipes_are_listed_with_a_summary() -> None:
    entries = list_recipes()
    assert [entry.name for entry in entries] == RECIPES and "pets" in RECIPES
    assert all(entry.summary and entry.path.is_file() for entry in entries)


@pytest.mark.parametrize(
    "code",
    [
        "import fastcnn; fastcnn.__version__",
        "import fastcnn; assert fastcnn.recipes()",
        "from fastcnn.recipe_book import list_recipes; assert list_recipes()",
        "import fastcnn; fastcnn.Recipe, fastcnn.Run",
        "import fastcnn.cli.app",
    ],
)
def test_what_is_light_loads_nothing_heavy(code: str) -> None:
    assert heavy_after(code) == "[]"


def test_the_public_names_stay_what_they_are() -> None:
    """Submodules that were imported must not take the place of functions of the package."""
    pets, load, workflow = (
        importlib.import_module(f"fastcnn.{name}")
        for name in ("recipes.pets", "inference.load", "workflow")
    )
    assert [entry.name for entry in fastcnn.recipes()] == RECIPES
    assert pets.RECIPE.title == find_recipe("pets").title
    assert fastcnn.run is workflow.run
    assert fastcnn.load is load.load
    assert callable(fastcnn.run) and callable(fastcnn.load)


def test_all_public_names_exist_and_others_do_not() -> None:
    assert all(getattr(fastcnn, name) is not None for name in fastcnn.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = fastcnn.trian


@pytest.mark.parametrize("target", ["mine.py", "new folder/my cats.py", "/absolute"])
def test_a_copy_starts_a_recipe_of_one_s_own(work: Path, target: str) -> None:
    """Its launch command runs the copy, and it loads as the same recipe by another name."""
    path = work / "absolute.py" if target == "/absolute" else Path(target)
    copy_recipe("pets", path)
    source = path.read_text("utf-8")
    given = parsed(launch_command(source))
    assert given["name"] == str(path)
    assert given["strategy"] == "full-vs-head"
    assert source.count("fastcnn recipe pets") == 0
    mine, pets = find_recipe(given["name"]), find_recipe("pets")
    assert mine.name == path.stem
    assert (mine.title, mine.url, mine.defaults) == (pets.title, pets.url, pets.defaults)


def test_a_copy_overwrites_nothing(work: Path) -> None:
    Path("mine.py").write_text("precious")
    with pytest.raises(UsageError, match="mine.py exists already, expected the name of a new"):
        copy_recipe("pets", Path("mine.py"))
    assert Path("mine.py").read_text() == "precious"


def test_a_copy_must_be_a_python_file(work: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.txt does not end in \.py"):
        copy_recipe("pets", Path("mine.txt"))
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pest", "no recipe is called 'pest' (did you mean 'pets'?)"),
        ("zzz", "no recipe is called 'zzz'"),
        ("__init__", "no recipe is called '__init__'"),
    ],
)
def test_an_unknown_recipe_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_recipe(name)
    assert str(caught.value) == message
    assert "fastcnn recipes" in caught.value.problems[0].hint
    with pytest.raises(UsageError):
        copy_recipe(name, Path("mine.py"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def broken(:\n", "mine.py failed while it was imported: SyntaxError: "),
        ("import nothing_of_this_name", "mine.py failed .*ModuleNotFoundError: .*nothing_of"),
        ("1 / 0", "mine.py failed .*ZeroDivisionError"),
        ("import sys\nsys.exit(0)", "mine.py failed .*SystemExit"),
        ("recipe = 1", r"mine holds no `RECIPE = Recipe\(...\)`"),
        ("RECIPE = 'pets'", r"mine holds no `RECIPE = Recipe\(...\)`"),
        (None, "mine.py is not a file, expected a recipe"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(work: Path, source: str | None, message: str) -> None:
    """What is wrong with the user's own file is a mistake of usage, with exit code 2."""
    if source is not None:
        Path("mine.py").write_text(source)
    with pytest.raises(UsageError, match=message) as caught:
        find_recipe("mine.py")
    assert caught.value.exit_code == 2 and caught.value.problems[0].hint


def test_a_mended_file_is_read_anew(work: Path) -> None:
    """In a notebook: the file was wrong, is changed, and is found the next time."""
    Path("mine.py").write_text("1 / 0")
    with pytest.raises(UsageError):
        find_recipe("mine.py")
    Path("mine.py").write_text(
        "from fastcnn.recipe import Recipe\nRECIPE = Recipe(title='Mine', data_block=print)\n"
    )
    recipe = find_recipe("./mine.py")
    assert (recipe.name, recipe.title) == ("mine", "Mine")
