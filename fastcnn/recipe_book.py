"""Finding recipes: the bundled ones by name, a user's own by path."""

import ast
import importlib
import importlib.util
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.files import write_text
from fastcnn.places import user_path
from fastcnn.recipe import Recipe

FOLDER_RECIPE = "folder"
"""The recipe of `fastcnn train`: anyone's pictures."""


@dataclass(frozen=True)
class RecipeEntry:
    """What can be said of a recipe without running it."""

    name: str
    """What it is called on the command line."""
    summary: str
    """The first line of its docstring."""
    command: str
    """The launch command that its docstring opens with."""
    path: Path
    """Its source."""


def list_recipes() -> list[RecipeEntry]:
    """Return the bundled recipes in alphabetical order; none of them is imported."""
    folder = _recipes_folder()
    return [_entry(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]


def find_recipe(name: str) -> Recipe:
    """Return the bundled recipe called `name`, or the one in a `.py` file of the user's.

    Raises:
        UsageError: there is no such recipe or file, or the file holds no `RECIPE`.
    """
    if name.endswith(".py"):
        path = user_path(name)
        return _recipe_of(lambda: _load_file(path), name=path.stem)
    _require_known(name)
    return _recipe_of(lambda: importlib.import_module(f"fastcnn.recipes.{name}"), name=name)


def recipe_or_folder(name: str, data: str | None, command: str) -> tuple[str, str | None]:
    """Return the recipe that `name` means, and where its images are, None for the recipe's own.

    A folder of the user's is its own data, read by the folder recipe.

    Args:
        name: what the user gave: a recipe, a file of one, or a path of images.
        data: what was given as `--data`.
        command: the command that asks, for the hint.

    Raises:
        UsageError: there is neither, or the folder was given data besides.
    """
    known = [entry.name for entry in list_recipes()]
    if name in known and data is None and user_path(name).is_dir():
        raise UsageError(
            f"{name} is a recipe, and a folder here",
            hint=f"fastcnn {command} ./{name} takes the folder, --data FOLDER the recipe",
        )
    if name in known or name.endswith(".py"):
        return name, data
    if not user_path(name).exists():
        raise UsageError(
            f"{name!r} is neither a recipe{did_you_mean(name, known)} nor a folder",
            hint="fastcnn recipes lists the recipes; a recipe of your own ends in .py",
        )
    if data is not None:
        raise UsageError(
            f"both the folder {name} and --data {data} were given, expected one of them",
            hint="leave --data away, or name a recipe that shall read it",
        )
    return FOLDER_RECIPE, name


def copy_recipe(name: str, target: Path) -> None:
    """Copy the source of a bundled recipe to `target`, to start one's own.

    Raises:
        UsageError: there is no such recipe, or `target` exists or is no `.py` file.
    """
    entry = _require_known(name)
    if target.suffix != ".py" or target.exists():
        reason = "exists already" if target.exists() else "does not end in .py"
        raise UsageError(
            f"{target} {reason}, expected the name of a new .py file",
            hint=f"fastcnn recipes --copy {name} my_{name}.py",
        )
    command = f"fastcnn recipe {shlex.quote(str(target))}" + entry.command.removeprefix(
        f"fastcnn recipe {name}"
    )
    write_text(target, entry.path.read_text("utf-8").replace(entry.command, command, 1))


def _require_known(name: str) -> RecipeEntry:
    entries = {entry.name: entry for entry in list_recipes()}
    if name not in entries:
        raise UsageError(
            f"no recipe is called {name!r}{did_you_mean(name, list(entries))}",
            hint="fastcnn recipes lists them; a file of your own is run as "
            "fastcnn recipe ./mine.py",
        )
    return entries[name]


def _recipes_folder() -> Path:
    spec = importlib.util.find_spec("fastcnn.recipes")
    if spec is None or spec.origin is None:
        raise UsageError("the recipes are not installed", hint="pip install fastcnn")
    return Path(spec.origin).parent


def _entry(path: Path) -> RecipeEntry:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    lines = docstring.splitlines() or [""]
    commands = [line.strip() for line in lines if line.strip().startswith("fastcnn ")]
    return RecipeEntry(path.stem, lines[0], commands[0] if commands else "", path)


def _recipe_of(load: Callable[[], ModuleType], *, name: str) -> Recipe:
    recipe = getattr(load(), "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise UsageError(
            f"{name} holds no `RECIPE = Recipe(...)`",
            hint=f"fastcnn recipes --copy pets {name}_new.py shows how one looks",
        )
    return replace(recipe, name=name)


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(
            f"{path} is not a file, expected a recipe",
            hint=f"fastcnn recipes --copy pets {path}",
        )
    module_name = f"fastcnn_recipe_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be imported", hint="give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(0, str(path.parent.absolute()))  # as `python mine.py` would
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{path} failed while it was imported: {type(error).__name__}: {error}",
            hint=f"python {path} shows where",
        ) from error
    finally:
        sys.path.pop(0)
    return module
