"""Labels that may be wrong, and images on which two models disagree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from fastcnn.analysis.doubtful import DOUBTFUL, STRANGE, STRANGEST
from fastcnn.analysis.intervals import PairedCounts
from fastcnn.analysis.pairs import paired_counts
from fastcnn.report.page.cells import Shown, shown_images
from fastcnn.report.page.subject import ScoredModel, Subject

N_SUSPECTS, N_STRANGE, N_DISAGREEING = 24, 48, 4


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong."""

    file: Path
    """Where it lies."""
    path: str
    """Relative to the folder of the data."""
    label: str
    """What the data call it."""
    suggested: str
    """What a head says that has not learned from it."""
    probability: float
    """How sure that head is, 0 to 1."""


@dataclass(frozen=True)
class Suspects:
    """What speaks against the labels."""

    images: Sequence[Suspect]
    """The most doubtful ones."""
    n_doubtful: int
    """All that count as doubtful."""
    n_ranked: int
    """Images in the ranking of all, 0 where there is none."""
    strange: Sequence[Suspect]
    """Those that lie farthest from the others of their class."""

    def files(self) -> list[Path]:
        """Return the images to show."""
        return [one.file for one in (*self.images, *self.strange)]


@dataclass(frozen=True)
class Disagreement:
    """Where two models differ."""

    first: str
    """One of them."""
    second: str
    """The other."""
    counts: PairedCounts
    """How often which is right."""
    only_first: Sequence[Shown]
    """Images that only the first gets right, with what the second says."""
    only_second: Sequence[Shown]
    """And the other way round."""

    def files(self) -> list[Path]:
        """Return the images to show."""
        return [one.file for one in (*self.only_first, *self.only_second)]


def suspects_of(subject: Subject) -> Suspects | None:
    """Return the doubtful labels; None where nobody looked for them."""
    if subject.doubtful is None and subject.suspected is None:
        return None
    model = subject.best
    nothing = pd.DataFrame(columns=["finding", "path"])
    found = nothing if subject.doubtful is None else subject.doubtful
    doubtful, strange = (found[found["finding"] == kind] for kind in (DOUBTFUL, STRANGE))
    ranked = nothing if subject.suspected is None else subject.suspected
    listed = doubtful if len(doubtful) or not len(ranked) else ranked
    # A ranking goes on to labels that nothing speaks against.
    listed = listed[listed["label"] != listed["suggested"]] if len(listed) else listed
    far = strange[::STRANGEST]  # the strangest of each class stands first
    return Suspects(
        images=[_suspect(row, model) for row in listed.head(N_SUSPECTS).to_dict("records")],
        n_doubtful=len(doubtful),
        n_ranked=len(ranked),
        strange=[_suspect(row, model) for row in far.head(N_STRANGE).to_dict("records")],
    )


def disagreements_of(subject: Subject) -> list[Disagreement]:
    """Return where each two models differ, as far as they were scored on the same images."""
    found = []
    for first, second in combinations(subject.models, 2):
        if set(first.table["path"]) == set(second.table["path"]):
            found.append(_disagreement(first, second))
    return found


def _disagreement(first: ScoredModel, second: ScoredModel) -> Disagreement:
    right = {
        model.name: set(model.table.loc[model.table["correct"], "path"])
        for model in (first, second)
    }
    return Disagreement(
        first=first.name,
        second=second.name,
        counts=paired_counts(first.table, second.table),
        only_first=_worst(second, right[first.name] - right[second.name]),
        only_second=_worst(first, right[second.name] - right[first.name]),
    )


def _worst(model: ScoredModel, paths: set[str]) -> list[Shown]:
    rows = model.table[model.table["path"].isin(paths)].nlargest(N_DISAGREEING, "loss")
    return shown_images(rows, model)


def _suspect(row: Mapping[Any, Any], model: ScoredModel) -> Suspect:
    return Suspect(
        file=model.picture(str(row["path"])),
        path=str(row["path"]),
        label=str(row["label"]),
        suggested=str(row["suggested"]),
        probability=float(row["suggested_probability"]),
    )
