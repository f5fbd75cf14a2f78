"""Counts and times as people write them: `10m` parameters are ten million, as time ten minutes."""

import re

from fastcnn.errors import UsageError

PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
"""Of counts; `b`, the billion of model names, is taken for g."""
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)")


def parse_count(given: str, option: str) -> int:
    """Return how many `10m`, `1.5G`, `400k` or `25000` are.

    Raises:
        UsageError: it is no number above 0 with one of these letters.
    """
    value = _scaled(given.lower().replace("b", "g"), PREFIXES)
    if value is None or round(value) < 1:
        raise UsageError(
            f"{option} is {given!r}, expected a number above 0, as 400k, 10m or 1.5g",
            hint=f"for example {option} 10m, ten million",
        )
    return round(value)


def parse_duration(given: str, option: str) -> float:
    """Return the seconds of `90s`, `5m`, `1h`, `1.5h` or `90`.

    Raises:
        UsageError: it is no time above 0.
    """
    value = _scaled(given.lower(), SECONDS)
    if not value:
        raise UsageError(
            f"{option} is {given!r}, expected a time above 0, as 90s, 5m or 1h",
            hint=f"for example {option} 5m, five minutes",
        )
    return value


def short_count(number: float) -> str:
    """Return a count in three digits or so: 950, 9.54k, 11.7M, 1.81G."""
    for letter, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= 0.9995 * size:
            digits = number / size
            places = 2 if digits < 9.995 else 1 if digits < 99.95 else 0
            return f"{digits:.{places}f}{letter}"
    return f"{number:.0f}"


def short_duration(seconds: float) -> str:
    """Return a time in words that fit a table: 8 s, 95 s, 4.2 min, 5 min, 35 min, 1.8 h."""
    if seconds < 99.5:
        return f"{max(1, seconds):.0f} s"
    value, unit = (seconds / 60, "min") if seconds < 99.5 * 60 else (seconds / 3600, "h")
    return f"{value:.2g} {unit}" if value < 99.5 else f"{value:.0f} {unit}"


def exact_duration(seconds: float) -> str:
    """Return a time to compare with others: 8.4 s, 1 min 35 s, 1 h 48 min."""
    if round(seconds) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _scaled(text: str, units: dict[str, int]) -> float | None:
    found = NUMBER.fullmatch(text.strip())
    if found is None or found[2] not in units:
        return None
    return float(found[1]) * units[found[2]]
