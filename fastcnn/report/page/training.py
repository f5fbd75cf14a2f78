"""How the training went: curves, rates, the range test, repeats and the learning curve."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from fastcnn.report.curves import accuracy_figure, loss_figure
from fastcnn.report.figures.rates import learning_rates_figure, range_test_figure
from fastcnn.report.figures.repeats import repeat_noun, repeated_accuracies, repeats_figure
from fastcnn.report.learning_curve import learning_curve_panel
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.svg import inline_svg
from fastcnn.training.history import SOLVED


@dataclass(frozen=True)
class Panel:
    """A figure with what there is to say about it."""

    title: str
    """What it shows, in a few words."""
    drawing: Markup
    """The figure."""
    caption: str
    """How to read it."""


def training_panels(subject: Subject) -> list[Panel]:
    """Return the curves of all strategies, and the range tests that chose a rate."""
    histories = {model.name: model.history for model in subject.models if model.history is not None}
    drawn = list(_curves(histories)) if any(map(_has_epochs, histories.values())) else []
    return [*drawn, *_range_tests(subject)]


def repeat_panels(subject: Subject) -> list[Panel]:
    """Return the learning curve and the repeats, where the record has them."""
    record = subject.record or {}
    panels = []
    if curve := record.get("learning_curve"):
        drawing = inline_svg(
            learning_curve_panel(curve),
            "learning-curve",
            f"Accuracy of {curve['strategy']} against the number of training images",
        )
        panels.append(Panel("Learning curve", drawing, str(curve.get("verdict") or "")))
    if repeats := repeated_accuracies(record):
        panels.append(_repeats(repeats, repeat_noun(record)))
    return panels


def _curves(histories: Mapping[str, pd.DataFrame]) -> Iterator[Panel]:
    yield Panel(
        "Loss",
        inline_svg(
            loss_figure(histories), "loss", f"Loss by epoch: {_last(histories, 'valid_loss')}"
        ),
        "Lower is better. Where the held-out line rises while the training line falls, images are "
        "learned by heart. A solved head has no epochs: it is a level line.",
    )
    yield Panel(
        "Accuracy",
        inline_svg(
            accuracy_figure(histories),
            "accuracy",
            f"Accuracy by epoch on the held-out images: {_last(histories, 'accuracy')}",
        ),
        "On the images that no strategy has learned from.",
    )
    rates = learning_rates_figure(histories)
    if rates is not None:
        yield Panel(
            "Learning rates",
            inline_svg(rates, "rates", "Highest learning rate of head and body in each epoch"),
            "The highest in each epoch, of the head and of the topmost group of the body. Where "
            "the body has none it was frozen.",
        )


def _range_tests(subject: Subject) -> Iterator[Panel]:
    for place, model in enumerate(subject.models):
        suggestions = _lr(subject, model).get("suggestions")
        if model.lr_curve is None or not suggestions:
            continue
        finite = model.lr_curve[np.isfinite(model.lr_curve["loss"])]
        curve = list(zip(finite["lr"].tolist(), finite["loss"].tolist(), strict=True))
        base = _lr(subject, model).get("base")
        drawing = inline_svg(
            range_test_figure(curve, suggestions),
            f"range-{place}",
            f"Learning-rate range test of {model.name}: smoothed loss against learning rate",
        )
        taken = f" {base:.2g} was taken." if base else ""
        yield Panel(
            f"Range test, {model.name}",
            drawing,
            "The rate rises step by step: where the loss falls, it is large enough; where it "
            f"rises again, too large. The marks are four ways to read the curve.{taken}",
        )


def _lr(subject: Subject, model: ScoredModel) -> Mapping[str, Any]:
    strategies = (subject.record or {}).get("strategies") or {}
    found: Mapping[str, Any] = strategies.get(model.name, {}).get("lr") or {}
    return found


def _repeats(accuracies: Mapping[str, Sequence[float]], noun: str) -> Panel:
    means = ", ".join(f"{name} {sum(of) / len(of):.3f}" for name, of in accuracies.items())
    return Panel(
        f"By {noun}",
        inline_svg(
            repeats_figure(accuracies, noun), "repeats", f"Accuracy by {noun}: mean {means}"
        ),
        f"Each {noun} is a training of its own. How far apart the dots of a strategy lie is what "
        "chance does.",
    )


def _has_epochs(history: pd.DataFrame) -> bool:
    return bool((history["phase"] != SOLVED).any())


def _last(histories: Mapping[str, pd.DataFrame], column: str) -> str:
    return ", ".join(
        f"{name} ends at {history[column].iloc[-1]:.3f}" for name, history in histories.items()
    )
