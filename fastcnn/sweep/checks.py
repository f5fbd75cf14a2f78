"""What is wrong with a search space: all of it is found before anything starts."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from fastcnn.errors import Problem, did_you_mean
from fastcnn.models.networks import is_own
from fastcnn.setting_checks import CHOICES, STRATEGY_NAMES, find_problems, option
from fastcnn.setting_uses import OF_WHOLE_RUNS, refuse_unused
from fastcnn.settings import SETTING_NAMES, Settings
from fastcnn.sweep.nets import has_use, is_of_network, network_problems
from fastcnn.sweep.space import (
    PATTERN,
    Choices,
    Range,
    Space,
    Values,
    ends,
    parse_search,
    write_search,
)
from fastcnn.sweep.typed import NONE, is_setting, typed, whole_numbers

SAME_IMAGES = "it decides what is held out, and all trials are scored on the same images"
SAME_MACHINE = "it decides where and how it is computed, not what is learned"
ONE_TRAINING = "a trial is one training, scored on one part"
AFTERWARDS = "leave it away, and give it to the command that a sweep ends with"
NOT_SEARCHED = {
    **dict.fromkeys(
        "seed valid_pct split group_by label_regex image_col label_col split_col".split(),
        SAME_IMAGES,
    ),
    **dict.fromkeys(("device", "deterministic", "measured"), SAME_MACHINE),
    **dict.fromkeys(OF_WHOLE_RUNS, ONE_TRAINING),
}
"""Settings that a sweep keeps as they are, and why."""


def parse_space(searches: list[str]) -> tuple[dict[str, Values], list[Problem]]:
    """Read every `--search`; return what could be read and what is wrong with the others."""
    space: dict[str, Values] = {}
    problems = []
    for text in searches:
        try:
            name, values = parse_search(text)
        except ValueError as error:
            problems.append(
                Problem(
                    f"--search {text!r}: {error}, expected NAME=VALUES with {PATTERN}",
                    "for example --search lr=0.0001..0.1:log --search bs=16,32,64",
                )
            )
            continue
        if name in space:
            problems.append(Problem(f"--search {name} was given twice", "give all values in one"))
        space[name] = values
    return space, problems


def space_problems(
    space: Space, given: Mapping[str, Any], beneath: Mapping[str, Any], *, is_sound: bool
) -> list[Problem]:
    """Return what is wrong with a space.

    Args:
        space: what is searched.
        given: the settings that the command fixes; None is not given.
        beneath: those of the recipe and of an earlier run, below them.
        is_sound: whether these settings are right so far; else what would do nothing is not told.
    """
    problems = [problem for name in space if (problem := _wrong(name, space[name]))]
    fixed = {name for name in space if given.get(name) is not None}
    problems += [
        Problem(
            f"{option(name)} {given[name]} and --search {name} were given, expected one of them",
            "leave one of the two away",
        )
        for name in sorted(fixed)
    ]
    problems += [
        Problem(f"{option(name)} would do nothing in a sweep: {ONE_TRAINING}", AFTERWARDS)
        for name in OF_WHOLE_RUNS
        if given.get(name)
    ]
    problems += _left_away_in_vain(space, beneath)
    archs = _values_of("arch", space, {**beneath, **_known(given)})
    problems += network_problems(space, archs)
    problems += _without_weights(space, given, archs)
    if problems or not is_sound:
        return problems
    return [*_idle(space, given, beneath), *_idle_in_networks(space, archs)]


def combinations(space: Space, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every pair of a strategy and a head that trials can have."""
    strategies = _values_of("strategy", space, settings)
    heads = _values_of("head", space, settings)
    return [{"strategy": strategy, "head": head} for strategy, head in product(strategies, heads)]


def _wrong(name: str, values: Values) -> Problem | None:
    """Return what is wrong with one searched setting by itself."""
    if is_of_network(name):
        return None
    if not is_setting(name):
        known = [known for known in SETTING_NAMES if known not in NOT_SEARCHED]
        return Problem(
            f"--search {name}: no setting is called so{did_you_mean(name, known)}",
            f"there are {', '.join(known)}, and net.kernel and its like for networks of our own",
        )
    if name in NOT_SEARCHED:
        hint = AFTERWARDS if name in OF_WHOLE_RUNS else f"give {option(name)} once"
        return Problem(f"--search {name}: {NOT_SEARCHED[name]}", hint)
    text = write_search(name, values)
    for value in (*ends(values), *_neighbour(name, values)):
        if reason := _refusal(name, value):
            return Problem(f"--search {text}: {reason}", f"expected {_expected(name)}")
    return None


def _neighbour(name: str, values: Values) -> tuple[float, ...]:
    """Return the number next to the smallest: a step of whole numbers is whole itself."""
    if isinstance(values, Range) and values.step and whole_numbers(name):
        return (values.low + values.step,)
    return ()


def _refusal(name: str, value: float | str) -> str | None:
    """Return why a setting does not take a value, None where it does."""
    if name == "resize" and value == "auto":
        return "auto is found out once for all trials, and is one of the others"
    if name == "strategy" and value not in STRATEGY_NAMES:
        return f"{value!r} is no strategy{did_you_mean(str(value), STRATEGY_NAMES)}"
    try:
        fixed: dict[str, Any] = {"strategy": "head", "freeze_until": "?"}
        problems = find_problems(Settings(**{**fixed, name: typed(name, value)}))
    except ValueError as error:
        return str(error)
    return problems[0].message if problems else None


def _expected(name: str) -> str:
    if name == "strategy":
        return f"some of {', '.join(STRATEGY_NAMES)}"
    return f"some of {', '.join(CHOICES[name])}" if name in CHOICES else PATTERN


def _idle(space: Space, given: Mapping[str, Any], beneath: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what would do nothing in any trial, whether it is searched or fixed."""
    known = {**beneath, **_known(given)}
    pairs = combinations(space, known)
    asked = {name: ends(values)[0] for name, values in space.items() if not is_of_network(name)}
    values = {name: typed(name, value) for name, value in asked.items()} | _known(given)
    for name, value in values.items():
        reasons = []
        for pair in pairs:
            settings = Settings(**{**known, **pair, name: value} | {"strategy": pair["strategy"]})
            reasons.append(refuse_unused({name: value}, settings))
        if name not in ("progressive", "strategy", "head") and all(reasons):
            problem = reasons[0][0]
            shown = f"--search {name}" if name in space else option(name)
            yield Problem(problem.message.replace(option(name), shown, 1), problem.hint)


def _left_away_in_vain(space: Space, beneath: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield where `none` is searched of a setting that has a value below: that one would stay."""
    for name, values in space.items():
        is_set = beneath.get(name) is not None and not is_of_network(name)
        if is_set and isinstance(values, Choices) and NONE in values.values:
            yield Problem(
                f"--search {write_search(name, values)}: none leaves a setting away, and the "
                f"recipe or --config has it at {beneath[name]}, which no option takes back",
                f"leave none away, or copy the recipe (fastcnn recipes --copy) without {name}",
            )


def _without_weights(
    space: Space, given: Mapping[str, Any], archs: tuple[str, ...]
) -> Iterator[Problem]:
    """Yield where own networks are searched by strategies that start from weights: there are none.

    Where no strategy is named, each network gets the one that suits it.
    """
    own = [arch for arch in archs if is_own(arch)]
    strategies = _values_of("strategy", space, given)
    is_named = "strategy" in space or given.get("strategy") is not None
    has_file = "weights" in space or given.get("weights") is not None
    if own and "arch" in space and is_named and "scratch" not in strategies and not has_file:
        yield Problem(
            f"{write_search('--search arch', space['arch'])}: {', '.join(own)} "
            f"{'start' if len(own) > 1 else 'starts'} from random weights, which "
            f"{' and '.join(strategies)} cannot train",
            "leave the strategy away, and each network gets the one that suits it; or --search "
            f"strategy={','.join([*strategies, 'scratch'])}",
        )


def _idle_in_networks(space: Space, archs: tuple[str, ...]) -> Iterator[Problem]:
    """Yield the searched settings of networks that none of the networks has a use for."""
    for name in filter(is_of_network, space):
        if not has_use(name, space, archs):
            yield Problem(
                f"--search {name} would do nothing: an EvoNorm is an activation itself",
                "leave it away, or search net.norm=batch,evonorm-s0 too",
            )


def _values_of(name: str, space: Space, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words that a setting may be in the trials."""
    values = space.get(name)
    if isinstance(values, Choices):
        return values.values
    return (str(settings.get(name, getattr(Settings(), name))),)


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
