"""Figures inside a page: their ids are their own, their colours those of the page."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from fastcnn.analysis.calibration import ConfidenceBin
from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.calibration import coverage_figure, reliability_figure
from fastcnn.report.figures.classes import class_counts_figure, confusion_figure
from fastcnn.report.figures.panel import panel
from fastcnn.report.figures.rates import learning_rates_figure
from fastcnn.report.figures.repeats import repeats_figure
from fastcnn.report.page.svg import THEMED, inline_svg


def coverage() -> pd.DataFrame:
    return pd.DataFrame({"coverage": [1.0, 0.5, 0.1], "accuracy": [0.8, 0.9, 1.0]})


def test_two_figures_share_no_id_and_find_their_own() -> None:
    figures = [
        inline_svg(coverage_figure({"full": coverage()}), name, "coverage") for name in ("a", "b")
    ]
    ids = [re.findall(r' id="([^"]*)"', figure) for figure in figures]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    for figure, own in zip(figures, ids, strict=True):
        used = re.findall(r'(?:href="#|url\(#)([^")]*)', figure)
        assert used and set(used) <= set(own)


def test_every_colour_is_one_of_the_theme() -> None:
    """Else a line could not be seen in the dark."""
    figure, axes = panel()
    for place, colour in enumerate(COLOURS):
        axes.plot([0, 1], [place, place], color=colour, label=str(place))
    axes.legend()
    drawing = inline_svg(figure, "x", "lines")
    assert not set(re.findall(r"#[0-9a-f]{6}\b", drawing)) - {"#ffffff", "#cccccc"}
    assert all(f"var(--series-{number})" in drawing for number in range(1, 7))
    assert set(COLOURS) <= set(THEMED)


def test_it_is_a_drawing_with_words_that_grows_with_the_page() -> None:
    drawing = inline_svg(coverage_figure({"full": coverage()}), "x", 'accuracy <of> "full" & all')
    root = ElementTree.fromstring(drawing.replace("xlink:href", "href"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'accuracy <of> "full" & all'
    assert "viewBox" in root.attrib and "width" not in root.attrib
    text = " ".join("".join(root.itertext()).split())
    assert "full" in text and "accuracy on those" in text  # letters, not their outlines
    assert "://" not in drawing and "font-family" not in drawing


def test_a_class_name_is_no_formula() -> None:
    """A dollar sign in it neither vanishes nor fails."""
    names = ["$x_1$", "a $ b"]
    counts = inline_svg(class_counts_figure(dict.fromkeys(names, 3)), "x", "")
    assert "$x_1$" in counts and "a $ b" in counts
    figure = confusion_figure(np.array([[2, 1], [0, 3]]), names)
    assert "$x_1$" in inline_svg(figure, "y", "")


def test_a_dot_lies_where_accuracy_and_confidence_meet() -> None:
    nothing = float("nan")
    bins = [
        ConfidenceBin(0.5, 0.6, 0, nothing, nothing),
        ConfidenceBin(0.6, 0.7, 10, 0.65, 0.4),
        ConfidenceBin(0.9, 1.0, 40, 0.97, 0.99),
    ]
    *_, dots = reliability_figure(bins).axes[0].collections
    assert dots.get_offsets().tolist() == [[0.65, 0.4], [0.97, 0.99]]
    small, large = dots.get_sizes()
    assert large > 3 * small


def test_a_solved_head_has_no_rates_to_draw() -> None:
    solved = pd.DataFrame({"epoch": [1], "lr_head": [np.nan], "lr_body": [np.nan]})
    trained = pd.DataFrame({"epoch": [1, 2], "lr_head": [0.1, 0.2], "lr_body": [np.nan, 0.01]})
    assert learning_rates_figure({"head": solved}) is None
    figure = learning_rates_figure({"head": solved, "full": trained})
    assert figure is not None
    drawn = {line.get_label(): list(line.get_xdata()) for line in figure.axes[0].lines}
    assert drawn == {"full, head": [1, 2], "full, body": [2]}


def test_repeats_are_lines_and_their_mean_a_bar() -> None:
    lines = repeats_figure({"full": [0.8, 0.9], "head": [0.7, 0.9, 0.8]}, "seed").axes[0].lines
    heights = [list(line.get_ydata()) for line in lines]
    assert heights[:3] == [[80, 70], [90, 90], [80]]
    assert heights[3] == pytest.approx([85, 85]) and heights[4] == pytest.approx([80, 80])
