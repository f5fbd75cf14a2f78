"""From the text of a searched value to the value of a setting, and back to what is typed."""

from dataclasses import fields
from typing import Any

from fastcnn.learning_rate import parse_learning_rate
from fastcnn.settings import SETTING_NAMES, Settings

NONE = "none"
"""Leaves a setting away, where that means something."""
DIGITS = 4
"""Digits that a number between two ends is rounded to: it shall be typed again."""
KINDS: dict[str, Any] = {field.name: field.type for field in fields(Settings)}
NUMBERS = {int: int, int | None: int, float: float, float | None: float}
"""What a number of a setting with this type is."""


def typed(name: str, value: float | str) -> Any:
    """Return the value that a searched one is of the setting `name`.

    Raises:
        ValueError: the setting takes none such; the message says what it takes.
    """
    kind = KINDS[name]
    if isinstance(value, str) and value == NONE and type(None) in _members(kind):
        return None
    if kind is bool:
        return _truth(value)
    if kind in NUMBERS:
        return _number(value, NUMBERS[kind])
    if name == "lr":
        return _rate(value)
    if not isinstance(value, str):
        raise ValueError("it is a word, and no range of numbers")
    return value


def is_setting(name: str) -> bool:
    """Return whether a setting is called so."""
    return name in SETTING_NAMES


def whole_numbers(name: str) -> bool:
    """Return whether a setting takes whole numbers only."""
    return NUMBERS.get(KINDS[name]) is int


def rounded(value: float) -> float:
    """Return a number with few digits."""
    return float(f"{value:.{DIGITS}g}")


def _members(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", (kind,))


def _truth(value: float | str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("it takes true or false")
    return value == "true"


def _number(value: float | str, kind: type[int] | type[float]) -> float:
    try:
        number = kind(value)
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        raise ValueError(f"it takes {words}, not {value!r}") from None
    if number != float(value):
        raise ValueError(f"it takes whole numbers, not {value!r}")
    return number


def _rate(value: float | str) -> str:
    text = value if isinstance(value, str) else repr(value)
    parse_learning_rate(text)
    return text
