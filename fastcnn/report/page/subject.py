"""What a page is about: models that were scored on images, with or without a run behind them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from fastcnn.errors import UsageError
from fastcnn.image_list import read_image_list
from fastcnn.places import shown_path
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
NO_FILE = Path(os.devnull)
"""Stands for a picture that is not to be opened."""
NOT_OWN = (
    "No run of yours is known to have exported the models of this run. So the doctor did not look "
    "at its images, and pictures that lie outside of their folder are not shown."
)
"""What is said of a run that came from elsewhere."""
ANSWER_COLUMNS = ("path", "target", "predicted", "correct", "loss")
HISTORY_COLUMNS = (
    *("phase", "epoch", "train_loss", "valid_loss", "accuracy"),
    *("lr_head", "lr_body", "seconds"),
)
LABEL_COLUMNS = ("path", "label", "suggested", "suggested_probability")


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
    is_own: bool = True
    """Whether the user's own run, or own command, wrote the table."""

    def picture(self, path: str) -> Path:
        """Return the file of an image; of a stranger's table no file outside of the folder."""
        file = self.folder / path
        if self.is_own:
            return file
        try:
            is_inside = file.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError, ValueError):  # links in a circle, what no path may hold
            return NO_FILE
        return file if is_inside else NO_FILE


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
    folds: Mapping[str, str] = field(default_factory=dict)
    """The fold that holds out each image, by its path; empty where there are no folds."""
    training_record: Mapping[str, Any] | None = None
    """The record of the run that trained the model, on a page about other images."""
    asked: Mapping[str, Any] | None = None
    """On such a page `command`, `model`, `sha256` and `environment` of the asking."""
    is_remembered: bool = False
    """Whether the model learned from some of these images, so that its scores are too good."""
    notices: Sequence[str] = ()
    """Sentences that stand at the top."""

    @property
    def best(self) -> ScoredModel:
        """The model that is looked at most closely: the winner of a comparison, or the highest."""
        if len(self.models) == 1:  # whose table may have no labels
            return self.models[0]
        winner = ((self.record or {}).get("comparison") or {}).get("winner")
        highest = max(self.models, key=lambda model: float(model.table["correct"].mean()))
        return next((model for model in self.models if model.name == winner), highest)

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The part of each image by its path, or of folds the fold; empty where nobody kept it."""
        return self.folds or self._by_path("part")

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The label of each image by its path; empty where nobody kept it."""
        return self._by_path("label")

    @cached_property
    def is_by_folder(self) -> bool:
        """Whether the folders in which the images lie are their labels, as far as is known."""
        folders = ((PurePosixPath(path).parts[:-1], label) for path, label in self.labels.items())
        return all(label in names for names, label in folders)

    @property
    def learned(self) -> dict[str, int]:
        """The number of images of each class that are learned from; of folds, all in turn.

        Empty where nobody kept it.
        """
        if self.images is None:
            return {}
        is_learned = (self.images["part"] == "train") | bool(self.folds)
        labels = self.images.loc[is_learned, "label"]
        return {str(name): int(count) for name, count in labels.value_counts().items()}

    @property
    def others(self) -> list[ScoredModel]:
        """All others, in their order."""
        return [model for model in self.models if model is not self.best]

    def _by_path(self, column: str) -> Mapping[str, str]:
        if self.images is None:
            return {}
        return dict(zip(self.images["path"], self.images[column], strict=True))


def subject_of(run: Run, findings: Sequence[Mapping[str, str]] | None = None) -> Subject:
    """Return a finished or broken-off run as the subject of a page.

    Args:
        run: one with a finished strategy.
        findings: what the doctor found in its images.

    Raises:
        UsageError: no strategy is finished, or none has its table of predictions any more; or a
            table lacks what a run writes.
    """
    is_own = run.is_own
    names = [name for name in run.strategies if _file(run, name).is_file()]
    models = [_model(run, name, is_own=is_own) for name in names]
    if not models:
        raise UsageError(
            f"the run {shown_path(run.path)} is {run.record['status']} and has no predictions to "
            "report on",
            hint="fastcnn report RUN takes a run with a finished strategy",
        )
    return Subject(
        title=run.title,
        record=run.record,
        models=models,
        run_path=run.path,
        doubtful=_labels(run.path / DOUBTFUL_FILE, "finding"),
        suspected=_labels(run.path / SUSPECTED_FILE, "quality"),
        images=read_image_list(run.path),
        findings=findings,
        folds=_folds(run, names[0]),
        notices=() if is_own else (NOT_OWN,),
    )


def _file(run: Run, name: str) -> Path:
    return run.path / name / PREDICTIONS_FILE


def _model(run: Run, name: str, *, is_own: bool) -> ScoredModel:
    folder = run.path / name
    test_file = folder / TEST_PREDICTIONS_FILE
    export = folder / EXPORT_FILE
    return ScoredModel(
        name=name,
        table=_answers(_file(run, name)),
        folder=Path(str(run.record["data"].get("path", ""))),
        model_file=export if export.is_file() else None,
        history=_numbers(folder / HISTORY_FILE, HISTORY_COLUMNS),
        test_table=_answers(test_file) if test_file.is_file() else None,
        lr_curve=_numbers(folder / LR_CURVE_FILE, ("lr", "loss")),
        held_out_paths=_held_out_paths(run, folder),
        is_own=is_own,
    )


def _held_out_paths(run: Run, folder: Path) -> frozenset[str] | None:
    """Return what the model of the first fold held out, which is the one in the folder."""
    if not (run.record.get("settings") or {}).get("folds"):
        return None
    file = folder / FIRST_FOLD / PREDICTIONS_FILE
    return frozenset(_answers(file)["path"] if file.is_file() else ())


def _folds(run: Run, strategy: str) -> Mapping[str, str]:
    """Return the fold of each image; all strategies have the same ones."""
    if not (run.record.get("settings") or {}).get("folds"):
        return {}
    files = sorted((run.path / strategy).glob(f"fold-*/{PREDICTIONS_FILE}"))
    return {path: file.parent.name for file in files for path in _answers(file)["path"]}


def _answers(path: Path) -> pd.DataFrame:
    return _checked(pd.read_parquet(path), path, ANSWER_COLUMNS)


def _numbers(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    return _checked(pd.read_csv(path), path, columns) if path.is_file() else None


def _labels(path: Path, *more: str) -> pd.DataFrame | None:
    """Read a table in which a class may be called `None` or `NA`."""
    if not path.is_file():
        return None
    words = dict.fromkeys(("path", "label", "suggested"), str)  # a class may be called 007, too
    table = pd.read_csv(path, keep_default_na=False, dtype=words)
    return _checked(table, path, (*LABEL_COLUMNS, *more))


def _checked(table: pd.DataFrame, path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a table that has these columns.

    Raises:
        UsageError: it lacks one.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UsageError(
            f"{shown_path(path)} has no column {missing[0]}, expected {', '.join(columns)}",
            hint="move that file away; the page is made without it, if it need not be there",
        )
    return table
