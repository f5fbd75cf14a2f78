"""Figures as drawings inside a page: they grow with it, and their ink follows its theme."""

import io
import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THEMED = {
    "#000000": "var(--ink)",
    "#444444": "var(--ink)",
    "#808080": "var(--soft)",
    "#b0b0b0": "var(--line)",
    "#0072b2": "var(--series-1)",
    "#d55e00": "var(--series-2)",
    "#009e73": "var(--series-3)",
    "#cc79a7": "var(--series-4)",
    "#56b4e9": "var(--series-5)",
    "#e69f00": "var(--series-6)",
}
"""What a figure's colours are called in the page's style sheet, which has two of each."""
PREAMBLE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA = re.compile(r"<(metadata|style)\b.*?</\1>", re.DOTALL)
"""What would hold for the whole page, or for no one."""
OPENING = re.compile(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>")
FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
FONT = re.compile(r"font: (?:(\d+|bold) )?([\d.]+px) [^;\"]*")
NAMES = re.compile(r"(?<= id=\")|(?<=url\(#)|(?<=href=\"#)")
COLOUR = re.compile("|".join(THEMED))


def inline_svg(figure: "Figure", name: str, text: str) -> Markup:
    """Return a figure as an SVG element.

    Args:
        figure: drawn in black and in Okabe and Ito's colours, see `fastcnn.report.curves`.
        name: stands before every id in it, so that two figures of a page do not share one.
        text: what it shows, for those who cannot see it.
    """
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    drawing = METADATA.sub("", PREAMBLE.sub("", file.getvalue()))
    drawing = NAMES.sub(f"{name}-", drawing)
    drawing = FONT.sub(lambda font: f"font-weight: {font[1] or 400}; font-size: {font[2]}", drawing)
    drawing = FAMILY.sub("", drawing)
    drawing = COLOUR.sub(lambda colour: THEMED[colour[0]], drawing)
    opening = f'<svg class="chart" role="img" aria-label="{escape(text)}" viewBox="'
    return Markup(OPENING.sub(lambda svg: f'{opening}{svg[1]}">', drawing, count=1))
