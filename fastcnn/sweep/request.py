"""What `fastcnn sweep` was given: mistakes are found in a moment, before torch is imported."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from fastcnn.errors import Problem, UsageError, did_you_mean
from fastcnn.given_settings import from_nothing, read_config, require_settings, stated_defaults
from fastcnn.places import user_path
from fastcnn.recipe_book import recipe_or_folder
from fastcnn.setting_uses import OF_WHOLE_RUNS
from fastcnn.settings import known_settings
from fastcnn.sweep.checks import parse_space, space_problems
from fastcnn.sweep.defaults import default_space
from fastcnn.sweep.order import PRUNERS, STRATEGY, USUAL_TRIALS, Effort, Order, placed
from fastcnn.sweep.space import Choices, Values, make_choices, write_search
from fastcnn.sweep.typed import NONE


@dataclass(frozen=True)
class Request:
    """The arguments of the command."""

    name: str | None = None
    """A recipe, its file, or a path of images."""
    data: str | None = None
    """Where a recipe's images are."""
    search: tuple[str, ...] = ()
    """Each `NAME=VALUES`."""
    space: str | None = None
    """A TOML file of more of them."""
    trials: int | None = None
    """How many in all."""
    timeout: float | None = None
    """Seconds after which none begins."""
    workers: int = 1
    """Processes on this machine."""
    pruner: str = PRUNERS[0]
    """What gives up bad trials."""
    storage: str | None = None
    """A database; None is a file in the folder."""
    resume: str | None = None
    """The folder of a sweep to go on with."""
    config: str | None = None
    """An earlier run."""
    out: str | None = None
    """The folder of the sweep."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are the same in all trials; none of them None."""
    command: str = ""
    """All of it, as it was typed."""

    @property
    def folder(self) -> str | None:
        """The folder that was named."""
        return self.resume or self.out

    @property
    def effort(self) -> Effort:
        """What is spent on it this time."""
        trials = self.trials if self.resume else self.trials or USUAL_TRIALS
        return Effort(self.workers, self.timeout, trials)


def find_order(request: Request) -> Order | None:
    """Return what the trials will have in common; None where a sweep is gone on with.

    Raises:
        UsageError: with everything that is wrong.
    """
    require_optuna()
    problems = list(_problems(request))
    if problems:
        raise UsageError.of(problems)
    if request.resume is not None or request.name is None:
        return None
    recipe, data = recipe_or_folder(request.name, request.data, "sweep")
    earlier = read_config(request.config)
    config = {name: value for name, value in earlier.items() if name not in OF_WHOLE_RUNS}
    given, searches = _given(request, {**(stated_defaults(recipe) or {}), **config})
    space, problems = _space(request, searches)
    space = {name: _with_whole_paths(name, values) for name, values in space.items()}
    try:
        require_settings(recipe, config, given, all_used=False)
    except UsageError as error:
        problems += error.problems
    beneath = _beneath(recipe, config, given, space)
    if not problems and not request.search and request.space is None:
        space = {**default_space(given, beneath), **space}
    problems += space_problems(space, given, beneath, is_sound=not problems)
    if problems:
        raise UsageError.of(problems)
    source = data or config.get("data")
    return Order(
        recipe=str(user_path(recipe).absolute()) if recipe.endswith(".py") else recipe,
        data=str(user_path(source).absolute()) if source else None,
        given=given,
        config=config,
        space=tuple(write_search(name, values) for name, values in space.items()),
        pruner=request.pruner,
        storage=request.storage and placed(request.storage),
        n_trials=request.trials or USUAL_TRIALS,
        config_path=request.config,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        command=request.command,
    )


def require_optuna() -> None:
    """See that Optuna is installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec("optuna") is None:
        raise UsageError(
            "settings are searched by optuna, which is not installed",
            hint="pip install optuna",
        )


def _problems(request: Request) -> Iterator[Problem]:
    """Yield what is wrong with the arguments that are about the sweep itself."""
    example = "fastcnn sweep flowers --data FOLDER --trials 100"
    if request.name is None and request.resume is None:
        yield Problem("neither a recipe nor a path was given", example)
    elif request.resume is not None and _asks_for_another(request):
        yield Problem(
            f"--resume {request.resume} goes on with a sweep as it was asked for, and was given "
            "more than --trials, --timeout, --workers, --json and --quiet",
            f"fastcnn sweep --resume {request.resume}",
        )
    for name, least in (("trials", 1), ("workers", 1), ("timeout", 0)):
        value = getattr(request, name)
        if value is not None and value < least:
            yield Problem(
                f"--{name} is {value}, expected at least {least}", f"for example --{name} 2"
            )
    if request.pruner not in PRUNERS:
        yield Problem(
            f"--pruner is {request.pruner!r}{did_you_mean(request.pruner, PRUNERS)}, expected "
            f"one of {', '.join(PRUNERS)}",
            "leave it away for median",
        )


def _asks_for_another(request: Request) -> bool:
    return bool(
        request.name
        or request.search
        or request.space
        or request.settings
        or request.out
        or request.storage
        or request.config
        or request.data
        or request.pruner != PRUNERS[0]
    )


def _given(request: Request, beneath: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that all trials have, and what is searched.

    A strategy `A-vs-B`, of the command or below it, compares; for a sweep these are choices.
    """
    given = dict(request.settings)
    if "weights" in given:
        given["weights"] = str(user_path(given["weights"]).absolute())
    strategies = str(given.get("strategy") or beneath.get("strategy", "")).split("-vs-")
    is_searched = any(text.startswith("strategy=") for text in request.search)
    if len(strategies) < 2 or is_searched:
        return given, list(request.search)
    given.pop("strategy", None)
    return given, [*request.search, f"strategy={','.join(strategies)}"]


def _with_whole_paths(name: str, values: Values) -> Values:
    """Return searched files as the processes of a sweep find them, wherever they run."""
    if name != "weights" or not isinstance(values, Choices):
        return values
    return Choices(
        tuple(path if path == NONE else str(user_path(path).absolute()) for path in values.values)
    )


def _space(request: Request, searches: list[str]) -> tuple[dict[str, Values], list[Problem]]:
    lines: list[str] = []
    problems: list[Problem] = []
    if request.space is not None:
        lines, problems = _read_space(request.space)
    space, more = parse_space([*lines, *searches])
    return space, [*problems, *more]


def _read_space(path: str) -> tuple[list[str], list[Problem]]:
    """Return what a TOML file searches, as `--search` takes it."""
    try:
        document = tomllib.loads(user_path(path).read_text("utf-8"))
        return [_line(name, value) for name, value in _flat(document)], []
    except (OSError, ValueError) as error:
        hint = 'a line of it is lr = "0.0001..0.1:log", or bs = [16, 32, 64]'
        return [], [Problem(f"--space {path} cannot be read: {error}", hint)]


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):  # a table [net]
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _line(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return f"{name}={value}"
    words = [str(one).lower() if isinstance(one, bool) else str(one) for one in value]
    try:
        return write_search(name, make_choices(words))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _beneath(
    recipe: str, config: Mapping[str, Any], given: Mapping[str, Any], space: Mapping[str, Values]
) -> dict[str, Any]:
    """Return the settings below those given: of the recipe, of an earlier run, of the network."""
    values = {"strategy": STRATEGY, **(stated_defaults(recipe) or {}), **config}
    named = from_nothing(config, given)
    if "strategy" in named and "strategy" not in given and "strategy" not in space:
        values["strategy"] = named["strategy"]
    return known_settings(values)
