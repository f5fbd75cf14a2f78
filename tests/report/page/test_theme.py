"""The colours of the page can be read by everybody, by light and in the dark."""

import re
from importlib.resources import files

import pytest


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    levels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in levels]
    return sum(part * level for part, level in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_stand_out_from_what_is_behind_them(theme: str) -> None:
    """At least 4.5 to 1 for everything that is read, 3 to 1 for lines."""
    style = files("fastcnn.report.page").joinpath("templates/style.css").read_text()
    light, _, rest = style.partition("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    if theme == "dark":
        colours |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rest.partition("* {")[0]))
    for behind in ("paper", "card", "code"):
        for letters in ("ink", "soft", "link"):
            assert contrast(colours[letters], colours[behind]) >= 4.5, (letters, behind)
    assert contrast(colours["bad"], colours["card"]) >= 4.5
    assert contrast(colours["ink"], colours["bad-paper"]) >= 4.5
    for shade in range(1, 6):
        letters = colours["faint-ink" if shade <= 3 else "strong-ink"]
        for kind in ("right", "wrong"):
            assert contrast(letters, colours[f"{kind}-{shade}"]) >= 4.5, (kind, shade)
    for number in range(1, 7):
        assert contrast(colours[f"series-{number}"], colours["card"]) >= 4.5
