"""From a trial to settings: what is drawn, in an order in which each draw knows what matters."""

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from typing import Any, Protocol

from fastcnn.setting_uses import EPOCHS, does, refuse_unused
from fastcnn.settings import Settings
from fastcnn.sweep.nets import (
    is_of_network,
    is_used,
    takes_whole_numbers,
    usual_value,
    with_network,
)
from fastcnn.sweep.space import Choices, Range, Space, Values, ends, holds
from fastcnn.sweep.typed import NONE, rounded, typed, whole_numbers

FIRST = ("strategy", "head", "arch", "net.norm")
"""Drawn before all others, in this order: they decide which of the others matter."""
ROUNDING = 1e-9
"""Part of a step by which sums of numbers may be wrong."""
OF_BATCHES = ("bs",)
"""May be given for a solved head, which needs memory for its pictures, but change nothing there."""


class Draws(Protocol):
    """What an Optuna trial is to us."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return a whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        """Return a number."""


def draw_settings(
    trial: Draws, space: Space, whole: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the settings that a trial has of its own, as `Settings` takes them.

    A setting that the strategy, head or network drawn has no use for is not drawn; the sampler
    learns nothing from it then. Settings of a network are part of `arch`.

    Args:
        trial: draws.
        space: what is searched.
        whole: returns all settings, by name, of which those that it is given are drawn.
    """
    drawn: dict[str, Any] = {}
    of_network: dict[str, str] = {}
    for name in sorted(space, key=lambda one: FIRST.index(one) if one in FIRST else len(FIRST)):
        values = space[name]
        arch = str(whole(drawn).get("arch", Settings.arch))
        if is_of_network(name):
            if is_used(name, arch, of_network):
                of_network[name] = str(_drawn(trial, name, values))
        elif not _is_idle(name, whole({**drawn, name: _an_example(name, values)})):
            value = typed(name, _drawn(trial, name, values))
            if not _is_idle(name, whole({**drawn, name: value})):
                drawn[name] = value
    if of_network:
        drawn["arch"] = with_network(arch, of_network)
    return drawn


def first_draws(space: Space, usual: Settings, n_trials: int) -> list[dict[str, Any]]:
    """Return what the first trials draw: what comes nearest to the usual settings, in one trial.

    Where there are no more combinations than trials each of them is drawn once, the nearest first;
    a sampler would draw some twice and others never.
    """
    nearest = usual_draw(space, usual)
    each = [_all_of(name, values, n_trials) for name, values in space.items()]
    if prod(map(len, each)) > n_trials or not all(each):
        return [nearest]
    drawn = [dict(zip(space, values, strict=True)) for values in product(*each)]
    return sorted(drawn, key=lambda one: sum(one[name] != nearest.get(name) for name in space))


def _all_of(name: str, values: Values, most: int) -> list[float | str]:
    """Return all values of a searched setting, if there are at most so many; else none."""
    if isinstance(values, Choices):
        return list(values.values)
    step = values.step or (1 if _is_whole(name) else None)
    if values.is_log or step is None or (values.high - values.low) / step > most:
        return []
    n_steps = int((values.high - values.low) / step + ROUNDING)
    return [values.low + number * step for number in range(n_steps + 1)]


def usual_draw(space: Space, usual: Settings) -> dict[str, Any]:
    """Return what a trial draws to come nearest to the settings as they are without a search."""
    drawn = {}
    for name, values in space.items():
        if is_of_network(name):
            value = usual_value(name, values, usual.arch)
        else:
            value = _as_drawn(getattr(usual, name), values)
        if value is not None and holds(values, value):
            drawn[name] = value
    return drawn


def _as_drawn(value: Any, values: Values) -> float | str | None:
    """Return what the sampler calls the value of a setting: choices are words to it."""
    if isinstance(values, Choices):
        return next((word for word in values.values if _means(word, value)), None)
    try:
        return None if value is None else float(value)
    except ValueError:  # a rate may be `auto`
        return None


def _means(word: str, value: Any) -> bool:
    """Return whether a choice says a value: `0` says 0.0, and `none` None."""
    if value is None or isinstance(value, bool):
        return word == (NONE if value is None else str(value).lower())
    try:
        return float(word) == float(value)
    except ValueError:
        return word == str(value)


def _drawn(trial: Draws, name: str, values: Values) -> float | str:
    if isinstance(values, Choices):
        return str(trial.suggest_categorical(name, values.values))
    if _is_whole(name):
        low, high, step = int(values.low), int(values.high), int(values.step or 1)
        return trial.suggest_int(name, low, high, step=step, log=values.is_log)
    number = trial.suggest_float(name, values.low, values.high, step=values.step, log=values.is_log)
    return _within(rounded(number), values)


def _is_whole(name: str) -> bool:
    return takes_whole_numbers(name) if is_of_network(name) else whole_numbers(name)


def _within(number: float, values: Range) -> float:
    return min(max(number, values.low), values.high)


def _an_example(name: str, values: Values) -> Any:
    """Return a value that says something: the smallest number, or a word that is not `none`."""
    said = [typed(name, value) for value in ends(values)]
    return next((value for value in said if value is not None), None)


def _is_idle(name: str, values: Mapping[str, Any]) -> bool:
    """Return whether the value of a setting does nothing beside all the others."""
    settings = Settings(**values)
    if name in OF_BATCHES and not any(EPOCHS in does(one, settings) for one in settings.strategies):
        return True
    return bool(refuse_unused({name: values[name]}, settings))
