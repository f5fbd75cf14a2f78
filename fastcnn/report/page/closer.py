"""A closer look at one model: its classes, its confusions, its worst answers, how sure it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from fastcnn.analysis.calibration import Calibration, calibrate, reliability
from fastcnn.analysis.confusion import Confusion, most_confused
from fastcnn.analysis.coverage import AbstainPoint, abstain_threshold, coverage_curve
from fastcnn.analysis.scores import TOPS, all_scores, class_scores, top_losses
from fastcnn.report.figures.calibration import coverage_figure, reliability_figure
from fastcnn.report.page.cells import Matrix, Shown, matrix_of, shown_images
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.svg import inline_svg

N_LOSSES, N_PAIRS, N_CONFUSED = 12, 6, 3
"""Worst answers, pairs of classes, and images of each pair that are shown."""
MOST_EXAMPLES = 48
"""Classes of which an image is shown."""
WANTED = (0.9, 0.95, 0.99)
"""Accuracies for which a threshold is named."""


@dataclass(frozen=True)
class Pair:
    """Two classes side by side: what was taken for the other, and what each looks like."""

    confusion: Confusion
    """Which was taken for which, how often."""
    wrong: Sequence[Shown]
    """Some of those images."""
    of_target: Sequence[Shown]
    """An image of their class that was recognised."""
    of_predicted: Sequence[Shown]
    """One of the class that they were taken for."""


@dataclass(frozen=True)
class Sureness:
    """Whether a model is as sure as it is right, and what abstaining would bring."""

    calibration: Calibration
    """Before and after temperature scaling."""
    n: int
    """Images that are scored."""
    diagram: Markup
    """The reliability diagram."""
    curve: Markup
    """Accuracy against coverage."""
    points: Sequence[tuple[float, AbstainPoint | None]]
    """The accuracy that is wanted, and what reaches it."""


@dataclass(frozen=True)
class Closer:
    """All that is told of one model."""

    model: ScoredModel
    """Whose answers these are."""
    prefix: str
    """Begins its ids in the page."""
    scores: dict[str, Any]
    """Of all its images."""
    classes: Sequence[dict[str, Any]]
    """A row a class, the least recognised first."""
    matrix: Matrix
    """Which class was taken for which."""
    pairs: Sequence[Pair]
    """The most confused ones."""
    losses: Sequence[Shown]
    """The worst answers."""
    examples: Sequence[Shown]
    """A right answer of each class, the surest."""
    n_wrong: int
    """All wrong answers."""
    sureness: Sureness
    """How sure it is."""

    @property
    def tops(self) -> dict[int, float]:
        """The top-k accuracies, 0 to 1, by k; none of so few classes that they would be 1."""
        names = {k: f"top_{k}_accuracy" for k in TOPS}
        return {k: self.scores[name] for k, name in names.items() if name in self.scores}

    def files(self) -> Iterator[Path]:
        """Yield the images to look at closely."""
        yield from (shown.file for shown in self.losses)
        for pair in self.pairs:
            for shown in (*pair.wrong, *pair.of_target, *pair.of_predicted):
                yield shown.file


def closer_look(subject: Subject, model: ScoredModel, prefix: str) -> Closer:
    """Look closely at one model of a page."""
    return Closer(
        model=model,
        prefix=prefix,
        scores=all_scores(model.table),
        classes=_class_rows(subject, model),
        matrix=matrix_of(model, prefix),
        pairs=[_pair(one, model) for one in most_confused(model.table)[:N_PAIRS]],
        losses=shown_images(top_losses(_wrong_first(model.table), N_LOSSES), model),
        examples=right_examples(model)[:MOST_EXAMPLES],
        n_wrong=int((~model.table["correct"]).sum()),
        sureness=_sureness(model, prefix),
    )


def right_examples(model: ScoredModel) -> list[Shown]:
    """Return the surest right answer of each class that has one, in the model's order."""
    right = model.table[model.table["correct"]]
    surest = right.sort_values("loss", kind="stable").drop_duplicates("target")
    return shown_images(surest.sort_values("target", kind="stable"), model)


def _wrong_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return the wrong answers, or all of them where none is wrong."""
    wrong = table[~table["correct"]]
    return wrong if len(wrong) else table


def _class_rows(subject: Subject, model: ScoredModel) -> list[dict[str, Any]]:
    learned = {} if subject.folds else subject.learned
    others = {
        other.name: other.table.groupby("target")["correct"].mean()
        for other in subject.models
        if other is not model
    }
    scores = class_scores(model.table).sort_values(["recall", "f1"], kind="stable")
    rows: list[dict[str, Any]] = scores.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        row["learned"] = learned.get(row["class"])
        row["others"] = {name: recall.get(row["class"]) for name, recall in others.items()}
    return rows


def _pair(confusion: Confusion, model: ScoredModel) -> Pair:
    table = model.table
    wrong = table[
        (table["target"] == confusion.target) & (table["predicted"] == confusion.predicted)
    ]
    examples = [
        table[table["correct"] & (table["target"] == name)].nsmallest(1, "loss")
        for name in (confusion.target, confusion.predicted)
    ]
    return Pair(
        confusion,
        shown_images(wrong.nlargest(N_CONFUSED, "loss"), model),
        *(shown_images(example, model) for example in examples),
    )


def _sureness(model: ScoredModel, prefix: str) -> Sureness:
    """Score the held-out images: what is chosen here by a test part would make it none."""
    table = model.table
    found = calibrate(table)
    diagram = inline_svg(
        reliability_figure(reliability(table)),
        f"{prefix}-reliability",
        f"Reliability diagram of {model.name}: expected calibration error {found.ece_before:.3f}",
    )
    curve = inline_svg(
        coverage_figure({model.name: coverage_curve(table)}),
        f"{prefix}-coverage",
        f"Accuracy of {model.name} against the part of the images that it answers",
    )
    return Sureness(
        calibration=found,
        n=len(table),
        diagram=diagram,
        curve=curve,
        points=[(wanted, abstain_threshold(table, wanted)) for wanted in WANTED],
    )
