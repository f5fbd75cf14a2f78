"""Settings as a command was given them: mistakes are found in a moment, before torch is imported.

The plan of a run checks them all once more (see `make_plan`), where it knows everything.
"""

import ast
import json
import shlex
from collections.abc import Mapping
from typing import Any

from fastcnn.errors import Problem, UsageError
from fastcnn.models.networks import is_own, parse_network
from fastcnn.places import user_path
from fastcnn.recipe_book import list_recipes
from fastcnn.run_folder import RUN_FILE
from fastcnn.setting_checks import STRATEGY_NAMES, option
from fastcnn.setting_uses import EPOCHS, does, refuse_unused
from fastcnn.settings import SETTING_NAMES, Settings, known_settings, resolve_settings

NOT_KNOWN_YET = {"freeze_until": "?"}
"""Stands for the defaults of a recipe that only running it would tell: it may name a block."""


def read_config(path: str | None) -> dict[str, Any]:
    """Return the settings, and the data, of an earlier run: its folder or its `run.json`.

    A network of fastcnn's own is the one that was trained, whatever its name alone says by now.

    Raises:
        UsageError: there is no such run.
    """
    if path is None:
        return {}
    file = user_path(path)
    file = file / RUN_FILE if file.is_dir() else file
    try:
        document = json.loads(file.read_text("utf-8"))
        settings = dict(document["settings"])
        return {**settings, **_network_of(document, settings)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"--config {path} cannot be read as the run.json of an earlier run: {error}",
            hint="give the folder of a run, or the run.json in it",
        ) from error


def _network_of(document: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `arch` under which the record's own network is built now, where it is another."""
    arch = settings.get("arch")
    trained = dict(document.get("weights") or {}).get("network")
    if not trained or not is_own(str(arch)) or not is_own(trained):
        return {}
    return {} if parse_network(trained) == parse_network(str(arch)) else {"arch": trained}


def from_nothing(config: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `given`, by the strategy `scratch` where a network was named that has no weights.

    A strategy or a file of weights that the user named stays.
    """
    arch, *named = (given.get(name) or config.get(name) for name in ("arch", "strategy", "weights"))
    if not is_own(str(arch)) or any(named):
        return given
    return {**given, "strategy": "scratch"}


def require_settings(
    recipe: str, config: Mapping[str, Any], given: Mapping[str, Any], *, all_used: bool = True
) -> None:
    """Find what is wrong with the settings given, laid over those of `config` and of the recipe.

    Args:
        recipe: name or file.
        config: what `read_config` returned.
        given: the command's own; None is not given.
        all_used: whether a setting that the strategy has no use for is a mistake.

    Raises:
        UsageError: with everything that is wrong.
    """
    defaults = stated_defaults(recipe)
    config = known_settings(config)
    given = from_nothing(config, given)
    layers = (NOT_KNOWN_YET if defaults is None else defaults, config, given)
    problems: list[Problem] = []
    try:
        resolve_settings(*layers)
    except UsageError as error:
        problems += error.problems
    if all_used and defaults is not None:
        problems += _unused(layers, given)
    if problems:
        raise UsageError.of(problems)


def stated_defaults(recipe: str) -> dict[str, Any] | None:
    """Return the defaults that a recipe's source states, without importing it.

    None where they are computed, or where there is no such recipe.
    """
    paths = {entry.name: entry.path for entry in list_recipes()}
    path = user_path(recipe) if recipe.endswith(".py") else paths.get(recipe)
    if path is None:
        return None
    try:
        body = ast.parse(path.read_text("utf-8")).body
        calls = [call for statement in body if (call := _recipe_call(statement))]
        stated = [word.value for word in calls[-1].keywords if word.arg in ("defaults", None)]
        return dict(ast.literal_eval(stated[0])) if stated else {}
    except (OSError, SyntaxError, ValueError, TypeError, IndexError):
        return None


def training_command(
    recipe: str,
    places: Mapping[str, str | None],
    given: Mapping[str, Any],
    beneath: Mapping[str, Any],
    rate: float,
    *,
    is_path: bool = False,
) -> str:
    """Return the command that trains at a rate just found, with what else was given.

    Args:
        recipe: name or file, or with `is_path` what `fastcnn train` is given.
        places: `data` and `config` as given.
        given: settings of this command; what the training has no use for is left out.
        beneath: the recipe's defaults, overlaid by the settings of `config`.
        rate: the rate.
        is_path: whether `recipe` is the path of anyone's pictures.
    """
    given = {name: value for name, value in given.items() if value is not None and name != "lr"}
    settings = resolve_settings(known_settings(beneath), given)
    if not has_rate(settings):
        given["strategy"] = Settings.strategy
        settings = settings.changed(strategy=Settings.strategy)
    used = {
        name: value for name, value in given.items() if not refuse_unused({name: value}, settings)
    }
    words = ["fastcnn", *("train" if is_path else "recipe", recipe)]
    for name, value in {**places, **used, "lr": f"{rate:.2g}"}.items():
        if value is not None and value is not False:
            words += [option(name)] if value is True else [option(name), str(value)]
    return shlex.join(words)


def has_rate(settings: Settings) -> bool:
    """Return whether anything is trained in epochs; a head that is solved has no rate."""
    return any(EPOCHS in does(name, settings) for name in settings.strategies)


def _recipe_call(statement: ast.stmt) -> ast.Call | None:
    """Return the `Recipe(...)` of `RECIPE = Recipe(...)`, where the statement is one."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
        return None
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return statement.value if names == ["RECIPE"] else None


def _unused(layers: tuple[Mapping[str, Any], ...], given: Mapping[str, Any]) -> list[Problem]:
    """Return what is given in vain; whether it is wrong besides has been looked at."""
    values = {
        name: value
        for layer in layers
        for name, value in layer.items()
        if name in SETTING_NAMES and value is not None
    }
    if not set(str(values.get("strategy", "")).split("-vs-")) <= {*STRATEGY_NAMES, ""}:
        return []
    return refuse_unused(given, Settings(**values))
