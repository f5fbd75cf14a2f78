"""A run shows itself in a notebook, however it ended, and hands out its figures."""

import base64
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image
from stored_run import store_run

from fastcnn.errors import UsageError
from fastcnn.run_folder import Run

CLASSES = ["cat", "dog", "<b>bird"]


class Shown(HTMLParser):
    """What a browser makes of some HTML: its words and its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.pictures, self.open = "", {}, list[str]()
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "img":
            self.open.append(tag)
            return
        found = dict(attrs)
        head, _, content = str(found["src"]).partition(",")
        assert head == "data:image/png;base64"
        self.pictures[found["alt"]] = Image.open(io.BytesIO(base64.b64decode(content)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(run: Run) -> Shown:
    return Shown(run._repr_html_())


def changed(run: Run, **record: object) -> Run:
    """Write other things into the record."""
    document = json.loads((run.path / "run.json").read_text()) | record
    (run.path / "run.json").write_text(json.dumps(document))
    return Run(run.path)


def test_several_strategies_are_shown_with_verdict_table_and_pictures(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES)
    seen = shown(run)
    assert run.record["comparison"]["verdict"] in seen.text
    assert "report.html" not in seen.text
    (run.path / "report.html").write_text("a page")
    assert str(run.path / "report.html") in shown(run).text
    for name, entry in run.record["strategies"].items():
        assert name in seen.text and f"{entry['metrics']['accuracy']:.3f}" in seen.text
    assert [next(word for word in ("Loss", "taken", "sure") if word in str(text))
            for text in seen.pictures] == ["Loss", "taken", "sure"]  # fmt: skip
    for text, picture in seen.pictures.items():
        assert picture.width > 200 and (f"({run.winner})" in str(text) or "epoch" in str(text))


def test_one_strategy_needs_no_comparison(tmp_path: Path) -> None:
    run = store_run(tmp_path, ["cat", "dog"], strategies=("full",))
    assert run.record["comparison"] is None
    seen = shown(run)
    accuracy = run.record["strategies"]["full"]["metrics"]["accuracy"]
    assert f"full is right on {accuracy:.3f} of 60 held-out images" in seen.text
    assert len(seen.pictures) == 3


def test_a_failed_run_says_why_and_shows_what_it_has(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES, strategies=("full",), asked="full-vs-head", status="failed",
                    events=["TrainingError: <memory> ran out"])  # fmt: skip
    seen = shown(run)
    assert "failed: TrainingError: <memory> ran out" in seen.text
    assert len(seen.pictures) == 3
    nothing = shown(changed(run, strategies={}))
    assert "<memory> ran out" in nothing.text and not nothing.pictures
    assert "running" in shown(changed(run, strategies={}, status="running")).text


def test_files_that_are_gone_or_damaged_cost_only_their_pictures(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES, strategies=("full",))
    (run.path / "full" / "history.csv").unlink()
    (run.path / "full" / "predictions.parquet").write_bytes(b"x")
    seen = shown(run)
    assert seen.text.count("cannot be drawn") == 2 and not seen.pictures
    assert "0." in seen.text


def test_an_ablation_shows_its_rows(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES, strategies=("full",))
    line = {"accuracies": [0.5, 0.6], "accuracy": 0.55, "accuracy_ci": [0.4, 0.7], "seconds": 3}
    lines = [line | {"row": row, "column": "5 epochs"} for row in ("as it is", "kernel 5")]
    lines.append(lines[0] | {"row": "one seed", "accuracies": [0.5], "accuracy_ci": None})
    ablated = changed(run, ablation=lines, strategies={}, comparison=None)
    seen = shown(ablated)
    assert "kernel 5" in seen.text and "0.400 to 0.700" in seen.text
    (axes,) = ablated.figures["ablation"]().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [one["row"] for one in lines]


def test_every_figure_is_a_function_that_returns_one(tmp_path: Path) -> None:
    scores = {"accuracy": 0.5, "accuracies": [0.5], "accuracy_ci": None, "training_accuracy": 0.9}
    points = [scores | {"n": n} for n in (10, 20, 40)]
    run = store_run(tmp_path, CLASSES, learning_curve={"n_valid": 60, "points": points})
    figures = run.figures
    assert set(figures) == {
        *("curves", "rates", "confusion", "reliability", "coverage", "learning_curve"),
    }
    for draw in figures.values():
        figure = draw()
        assert isinstance(figure, Figure)
        figure.savefig(io.BytesIO(), format="png", dpi=40)


@pytest.mark.parametrize("strategy", ["full", "head"])
def test_the_confusion_of_each_strategy_is_its_table_s(tmp_path: Path, strategy: str) -> None:
    run = store_run(tmp_path, CLASSES)
    table = run.predictions(strategy)
    (axes,) = run.figures["confusion"](strategy).axes
    n_drawn = sum(int(text.get_text()) for text in axes.texts)
    on_diagonal = sum(
        int(text.get_text())
        for text in axes.texts
        if text.get_position()[0] == text.get_position()[1]
    )
    assert (n_drawn, on_diagonal) == (len(table), table["correct"].sum())


def test_every_figure_can_be_of_one_strategy(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES)
    for name, lines in {"curves": 2, "coverage": 1, "reliability": None, "rates": 2}.items():
        figure = run.figures[name]("full")
        assert isinstance(figure, Figure)
        labels = figure.axes[0].get_legend_handles_labels()[1]
        assert lines is None or len(labels) == lines
        assert all("head" not in text or "full" in text for text in labels)
    with pytest.raises(UsageError, match="nothing of this kind"):
        run.figures["rates"]("head")  # a solved head has no rate
    with pytest.raises(UsageError, match="fulll"):
        run.figures["curves"]("fulll")
