"""What is searched, as a user writes it: `lr=0.0001..0.1:log`, `bs=16,32,64`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RANGE = re.compile(rf"\s*({NUMBER})\s*\.\.\s*({NUMBER})\s*(?::\s*(\S+)\s*)?")
PATTERN = "values such as 16,32,64 or a range such as 0.0001..0.1:log or 128..256:32"
SPREAD_BY_FACTORS = ("lr", "wd")
"""Of these a range is searched in factors where nothing else is said: 0.001 lies between 0.0001
and 0.01."""


@dataclass(frozen=True)
class Choices:
    """Some values, as they stand behind an option; `none` leaves the option away."""

    values: tuple[str, ...]
    """At least two, none of them twice, none of them with a `|`."""


@dataclass(frozen=True)
class Range:
    """All numbers from one to another, both included."""

    low: float
    """The smallest; an int where both ends are written as whole numbers."""
    high: float
    """The largest."""
    is_log: bool = False
    """Whether equal factors are equally far apart, not equal differences."""
    step: float | None = None
    """The distance of two neighbours, where not every number between is meant."""


Values = Choices | Range
Space = Mapping[str, Values]
"""What is searched, by the name of the setting; those of a network have `net.` before them."""


def parse_search(text: str) -> tuple[str, Values]:
    """Read `NAME=VALUES`; a name may be written as the option is, with hyphens.

    Raises:
        ValueError: it is something else; the message says why.
    """
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals or not name:
        raise ValueError("it has no NAME= in front")
    return name, parse_values(name, values)


def parse_values(name: str, text: str) -> Values:
    """Read the values of a setting: a range, or choices between commas.

    Choices that hold commas themselves stand between `|`.

    Raises:
        ValueError: they are neither; the message says why.
    """
    if match := RANGE.fullmatch(text):
        low, high, how = match.groups()
        return _range(_number(low), _number(high), how or _usual(name, float(low)))
    return make_choices(text.split("|" if "|" in text else ","))


def make_choices(words: list[str]) -> Choices:
    """Return the words as choices.

    Raises:
        ValueError: there is nothing to choose, or a word cannot stand in a list.
    """
    values = tuple(word.strip() for word in words)
    if not all(values):
        raise ValueError("one of its values is empty")
    if any("|" in value for value in values):
        raise ValueError("a value holds a |, which separates values")
    if len(values) < 2:
        raise ValueError(f"one value, {values[0]}, is nothing to search")
    if len(set(values)) < len(values):
        raise ValueError("a value stands there twice")
    return Choices(values)


def write_search(name: str, values: Values) -> str:
    """Return the text that `parse_search` reads the same from."""
    if isinstance(values, Choices):
        hold_commas = any("," in value for value in values.values)
        return f"{name}={('|' if hold_commas else ',').join(values.values)}"
    text = f"{name}={values.low!r}..{values.high!r}"
    if values.step is not None:
        return f"{text}:{values.step!r}"
    if values.is_log:
        return f"{text}:log"
    return f"{text}:linear" if _usual(name, values.low) == "log" else text


def holds(values: Values, value: float | str) -> bool:
    """Return whether a value is one of those that are searched; a choice is meant as written."""
    if isinstance(values, Choices):
        return str(value) in values.values
    if isinstance(value, str) or isinstance(value, bool) or not values.low <= value <= values.high:
        return False
    steps = 0.0 if values.step is None else (value - values.low) / values.step
    return math.isclose(steps, round(steps), abs_tol=1e-9)


def ends(values: Values) -> tuple[float | str, ...]:
    """Return the values that stand for all: every choice, or both ends of a range."""
    return values.values if isinstance(values, Choices) else (values.low, values.high)


def _range(low: float, high: float, how: str) -> Range:
    if not low < high or not math.isfinite(high):
        raise ValueError(f"{low} is not below {high}")
    if how == "linear":
        return Range(low, high)
    if how == "log":
        if low <= 0:
            raise ValueError(f"a range in factors cannot begin at {low}")
        return Range(low, high, is_log=True)
    if not re.fullmatch(NUMBER, how) or not 0 < (step := _number(how)) <= high - low:
        raise ValueError(f"{how!r} behind the range is not log, linear or a step that fits in")
    return Range(low, high, step=step)


def _usual(name: str, low: float) -> str:
    return "log" if name in SPREAD_BY_FACTORS and low > 0 else "linear"


def _number(text: str) -> float:
    """Return an int for a whole number as written, a float for others."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
