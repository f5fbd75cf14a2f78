"""What a page is about: models that were scored on images, with or without a run behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fastcnn.errors import UsageError
from fastcnn.image_list import read_image_list
from fastcnn.places import shown_path
from fastcnn.recipe_book import FOLDER_RECIPE
from fastcnn.run_folder import (
    DOUBTFUL_FILE,
    EXPORT_FILE,
    HISTORY_FILE,
    LR_CURVE_FILE,
    PREDICTIONS_FILE,
    SUSPECTED_FILE,
    TEST_PREDICTIONS_FILE,
    Run,
)

FIRST_FOLD = "fold-1"
"""Folder of the fold whose model is the strategy's."""


@dataclass(frozen=True)
class ScoredModel:
    """One model and what it answered."""

    name: str
    """The strategy, or what else it is called."""
    table: pd.DataFrame
    """The table of predictions, a row an image."""
    folder: Path
    """What the paths in it are relative to."""
    model_file: Path | None = None
    """The exported model; None where there is none to ask where it looked."""
    history: pd.DataFrame | None = None
    """A row an epoch, where it was trained here."""
    test_table: pd.DataFrame | None = None
    """The same of a test part."""
    lr_curve: pd.DataFrame | None = None
    """Rates (`lr`) and smoothed losses (`loss`) of a range test."""
    held_out_paths: frozenset[str] | None = None
    """Of folds, the paths in the table that `model_file` itself answered; None where it is all."""


@dataclass(frozen=True)
class Subject:
    """What one page is about."""

    title: str
    """Which images, or which recipe."""
    record: Mapping[str, Any] | None
    """The record of a run, None where none stands behind the models."""
    models: Sequence[ScoredModel]
    """One or more; tables of the same images where there are several."""
    run_path: Path | None = None
    """The folder of the run."""
    doubtful: pd.DataFrame | None = None
    """Doubtful labels and the strangest images, as in `doubtful.csv`."""
    suspected: pd.DataFrame | None = None
    """All judged images, the most doubtful label first, as in `suspected.csv`."""
    images: pd.DataFrame | None = None
    """Path, label and part of all images of the run, as in `images.csv`."""
    findings: Sequence[Mapping[str, str]] | None = None
    """What the doctor found (path, finding, severity, detail); None where it did not look."""

    notices: Sequence[str] = ()
    """Sentences that stand at the top."""

    @property
    def best(self) -> ScoredModel:
        """The model that is looked at most closely: the winner of a comparison, or the first."""
        winner = ((self.record or {}).get("comparison") or {}).get("winner")
        return next((model for model in self.models if model.name == winner), self.models[0])

    @property
    def learned(self) -> dict[str, int]:
        """The number of training images of each class; empty where nobody kept it."""
        if self.images is None:
            return {}
        labels = self.images.loc[self.images["part"] == "train", "label"]
        return {str(name): int(count) for name, count in labels.value_counts().items()}

    @property
    def others(self) -> list[ScoredModel]:
        """All others, in their order."""
        return [model for model in self.models if model is not self.best]


def subject_of(run: Run, findings: Sequence[Mapping[str, str]] | None = None) -> Subject:
    """Return a finished or broken-off run as the subject of a page.

    Args:
        run: one with a finished strategy.
        findings: what the doctor found in its images.

    Raises:
        UsageError: no strategy is finished, or none has its table of predictions any more.
    """
    models = [_model(run, name) for name in run.strategies if _file(run, name).is_file()]
    if not models:
        raise UsageError(
            f"the run {shown_path(run.path)} is {run.record['status']} and has no predictions to "
            "report on",
            hint="fastcnn report RUN takes a run with a finished strategy",
        )
    return Subject(
        title=_title(run),
        record=run.record,
        models=models,
        run_path=run.path,
        doubtful=_labels(run.path / DOUBTFUL_FILE),
        suspected=_labels(run.path / SUSPECTED_FILE),
        images=read_image_list(run.path),
        findings=findings,
    )


def _title(run: Run) -> str:
    """Return the run's title; of a folder of the user's its name, which says more than `folder`."""
    if run.record["recipe"] != FOLDER_RECIPE:
        return run.title
    settings = run.record.get("settings") or {}
    return Path(settings.get("data") or run.record["data"]["path"]).absolute().name


def _file(run: Run, name: str) -> Path:
    return run.path / name / PREDICTIONS_FILE


def _model(run: Run, name: str) -> ScoredModel:
    folder = run.path / name
    test_file = folder / TEST_PREDICTIONS_FILE
    export = folder / EXPORT_FILE
    return ScoredModel(
        name=name,
        table=pd.read_parquet(_file(run, name)),
        folder=Path(run.record["data"]["path"]),
        model_file=export if export.is_file() else None,
        history=_numbers(folder / HISTORY_FILE),
        test_table=pd.read_parquet(test_file) if test_file.is_file() else None,
        lr_curve=_numbers(folder / LR_CURVE_FILE),
        held_out_paths=_held_out_paths(run, folder),
    )


def _held_out_paths(run: Run, folder: Path) -> frozenset[str] | None:
    """Return what the model of the first fold held out, which is the one in the folder."""
    if not (run.record.get("settings") or {}).get("folds"):
        return None
    file = folder / FIRST_FOLD / PREDICTIONS_FILE
    return frozenset(pd.read_parquet(file)["path"] if file.is_file() else ())


def _numbers(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.is_file() else None


def _labels(path: Path) -> pd.DataFrame | None:
    """Read a table in which a class may be called `None` or `NA`."""
    if not path.is_file():
        return None
    words = dict.fromkeys(("path", "label", "suggested"), str)  # a class may be called 007, too
    return pd.read_csv(path, keep_default_na=False, dtype=words)
