"""The templates of a page, and how numbers are written in it."""

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from fastcnn.quantities import exact_duration
from fastcnn.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template

PARTS_MEET = re.compile(r"([_/-])(?=\w)")
UNIT = re.compile(r"(?<=\d) (?=%|(?:s|min|h|points|px)\b)|(?<=\bp) (?==)|(?<=\bp =) (?=\d)")
MISSING = "–"
"""Stands where there is no number."""


@cache
def template(name: str = "page.html") -> "Template":
    """Return the template of a whole page; everything that is put in is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("fastcnn.report.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "score": score,
        "percent": percent,
        "tight": tight,
        "points": points,
        "duration": exact_duration,
        "count": count,
        "rate": rate,
        "breakable": breakable,
    }
    environment.globals["version"] = __version__
    return environment.get_template(name)


def score(value: float | None) -> str:
    """Write a score of 0 to 1 with three digits, as the terminal does."""
    return MISSING if value is None or math.isnan(value) else f"{value:.3f}"


def percent(value: float | None) -> str:
    """Write a part of 0 to 1 in percent; of little, one digit more."""
    if value is None or math.isnan(value):
        return MISSING
    written = f"{100 * value:.1f} %" if 0 < value < 0.1 else f"{100 * value:.0f} %"
    return tight(written)


def tight(text: str) -> str:
    """Keep units with their numbers, and p with its value."""
    return UNIT.sub("\u00a0", text)


def points(value: float) -> str:
    """Write a difference of two scores in points, with its sign."""
    return f"{100 * value:+.1f}"


def count(value: float | None) -> str:
    """Write a whole number with commas."""
    return MISSING if value is None else f"{value:,.0f}"


def breakable(name: str) -> Markup:
    """Let a name of a class or a file break where its parts meet, and nowhere else if it can."""
    return Markup(PARTS_MEET.sub(r"\1<wbr>", str(escape(name))))


def rate(value: float) -> str:
    """Write a learning rate; a frozen body has none."""
    return MISSING if math.isnan(value) else f"{value:.2g}"
