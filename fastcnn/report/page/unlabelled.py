"""The page of a model's answers about images whose classes nobody has said."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fastcnn.analysis.predictions import classes_of, probabilities_of
from fastcnn.analysis.unlabelled import least_sure, predicted_counts
from fastcnn.narrator import Narrator
from fastcnn.report.page.album import BUDGET, LARGE, Album
from fastcnn.report.page.gaze import add_gazes, gaze_key
from fastcnn.report.page.provenance import provenance_of
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.templating import template

N_UNSURE = 24
"""Images that are shown of those of which the model is least sure."""
MOST_EXAMPLES = 48
"""Classes of which an image is shown."""


@dataclass(frozen=True)
class Guess:
    """One image with what the model takes it for."""

    file: Path
    """Where it lies."""
    path: str
    """As in the table of answers."""
    predicted: str
    """The likeliest class."""
    probability: float
    """How likely, 0 to 1."""
    second: str | None
    """The next likeliest; None where there is no other."""
    second_probability: float
    """How likely, 0 to 1."""


@dataclass(frozen=True)
class Seen:
    """A class that was predicted."""

    name: str
    """Its name."""
    n: int
    """Images that were taken for it."""
    part: float
    """The same as a part of all images, 0 to 1."""
    confidence: float
    """Mean probability of the class on these, 0 to 1."""


def render_unlabelled(subject: Subject, *, saliency: bool = True, narrator: Narrator) -> str:
    """Return the page: how many images of each class, the surest of each, the least sure of all.

    Args:
        subject: the table of its one model has the columns `path`, `predicted`, `prob_<class>`.
        saliency: ask the model where it looked.
        narrator: where warnings go.
    """
    model = subject.best
    table = model.table
    n_unsure = min(N_UNSURE, (len(table) + 1) // 2)  # of few images, not all are unsure
    seen, unsure = seen_classes(table), guesses(least_sure(table, n_unsure), model)
    surest = guesses(_surest(table), model)
    album = Album(BUDGET)
    shown = [*unsure, *surest]
    album.add_files([guess.file for guess in shown], LARGE)
    if saliency:
        add_gazes(album, model, shown, narrator)
    n_classes = len(classes_of(table))
    return template("unlabelled.html").render(
        heading=f"{subject.title}: {model.name}",
        subject=subject,
        provenance=provenance_of(subject),
        is_scored=False,
        model=model,
        album=album,
        gaze_key=gaze_key,
        n_images=len(table),
        n_classes=n_classes,
        never=n_classes - len(seen),
        seen=seen,
        surest=surest,
        unsure=unsure,
    )


def seen_classes(table: pd.DataFrame) -> list[Seen]:
    """Return the classes that were predicted, the most frequent first."""
    sureness = pd.Series(probabilities_of(table).max(axis=1), table.index)
    confidence = sureness.groupby(table["predicted"]).mean()
    return [
        Seen(name, n, n / len(table), float(confidence[name]))
        for name, n in predicted_counts(table).items()
        if n
    ]


def guesses(rows: pd.DataFrame, model: ScoredModel) -> list[Guess]:
    """Return rows of `least_sure` as images to show."""
    return [Guess(model.folder / row[0], *row) for row in rows.to_numpy(dtype=object).tolist()]


def _surest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the image of each predicted class that is surest of it, as `least_sure` does."""
    ranked = least_sure(table, len(table))[::-1].drop_duplicates("predicted")
    return ranked.sort_values("predicted", kind="stable").head(MOST_EXAMPLES)
