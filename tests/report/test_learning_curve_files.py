"""A learning curve as a picture, a file and a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from fastcnn.analysis.learning_curve import CurvePoint, describe_curve
from fastcnn.report.learning_curve import (
    learning_curve_figure,
    learning_curve_table,
    write_learning_curve,
)

SIZES = (88, 93, 310, 885)


def points() -> list[CurvePoint]:
    random = np.random.default_rng(0)
    found = []
    for place, n in enumerate(SIZES):
        n_draws = 1 if n == SIZES[-1] else 5
        right = random.random((n_draws, 200)) < 0.6 + 0.08 * place
        found.append(CurvePoint(n, n / SIZES[-1], right, (1.0 - 0.01 * place,) * n_draws))
    return found


def test_both_files(tmp_path: Path) -> None:
    curve = describe_curve(points(), majority_baseline=0.1)
    write_learning_curve(points(), curve, tmp_path, "pets")
    table = pd.read_csv(tmp_path / "learning_curve.csv")
    assert list(table.groupby("n").size()) == [5, 5, 5, 1]
    means = table.groupby("n")["accuracy"].mean()
    assert list(means) == pytest.approx([point["accuracy"] for point in curve["points"]])
    with Image.open(tmp_path / "learning_curve.png") as picture:
        assert picture.format == "PNG" and picture.width > picture.height > 300


def test_the_figure_has_both_lines_and_labels_that_do_not_touch() -> None:
    curve = describe_curve(points(), majority_baseline=0.1)
    figure = learning_curve_figure(curve, "pets, drawn sample")
    (axes,) = figure.axes
    assert "drawn sample" in axes.get_title(loc="left")
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert lines["200 held-out images"] == [100 * point["accuracy"] for point in curve["points"]]
    assert lines["the images it learned from"] == pytest.approx([100, 99, 98, 97])
    assert sorted(axes.get_xticks()) == [93, 310, 885]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    curve = describe_curve(points(), majority_baseline=0.1)
    Console(width=80).print(learning_curve_table(curve))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    (last,) = [line.split() for line in lines if line.split()[:1] == ["885"]]
    assert last == ["885", f"{curve['points'][-1]['accuracy']:.3f}", "0.970"]
