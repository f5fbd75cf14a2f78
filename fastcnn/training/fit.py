"""The phases that fastai's loop carries out: on pictures, or on the features of a frozen body."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import accuracy

from fastcnn.data.image_loader import decode_images
from fastcnn.data.views import views
from fastcnn.models.heads import on_features
from fastcnn.training.callbacks import (
    EpochClock,
    FrozenStaysFrozen,
    KeepHistory,
    ShowProgress,
    WhereTimeGoes,
)
from fastcnn.training.feature_loader import Features, feature_loaders
from fastcnn.training.job import Job
from fastcnn.training.mixed_precision import InPrecision
from fastcnn.training.options import callbacks_for
from fastcnn.training.phases import Phase
from fastcnn.training.schedule import SwapLoaders, epochs_by_size, fit_by_schedule
from fastcnn.training.threads import one_thread


@dataclass(frozen=True)
class Watch:
    """The callbacks that see a strategy from its first phase to its last."""

    clock: EpochClock
    """Counts epochs."""
    progress: ShowProgress
    """Moves the bar."""
    times: WhereTimeGoes
    """Adds up what loading and what computing took."""


def fit_on_pictures(job: Job, phase: Phase, watch: Watch) -> None:
    """Freeze what the phase freezes, and fit the rest on augmented pictures."""
    precision = job.precision_of(phase)
    job.precisions[phase.name] = precision.name
    decode_images(job.learner.dls, job.narrator)
    callbacks: list[Any] = [
        FrozenStaysFrozen(phase.keeps_statistics),
        InPrecision(precision),
        watch.times,
    ]
    callbacks += _growing_pictures(job, phase)
    with _quick_body(job, phase):
        _fit(job, job.learner, phase, watch, callbacks)


@contextmanager
def _quick_body(job: Job, phase: Phase) -> Iterator[None]:
    """While the whole body is frozen, let its folded copy compute what it would."""
    if not job.freezes_body(phase):
        yield
        return
    model: Any = job.learner.model
    body = model[0]
    try:
        model[0] = job.bank.frozen.network()
        if len(job.learner.splitter(model)) < len(job.groups):  # a group of nothing but norms
            model[0] = body
        yield
    finally:
        model[0] = body
        job.learner.opt = None  # it holds the copy: freezing by it would not reach the body


def _growing_pictures(job: Job, phase: Phase) -> list[SwapLoaders]:
    """Give the learner small pictures where the phase begins with them, and return their end.

    Validation pictures are of the whole size throughout, so that all epochs can be compared.
    """
    first, *others = epochs_by_size(job.settings, phase)
    if not others:
        return []
    size, epochs = first
    whole, small = job.learner.dls, job.loaders_at(size)
    small.train.bs = whole.train.bs
    job.learner.dls = DataLoaders(small.train, whole.valid, path=whole.path, device=whole.device)
    return [SwapLoaders(epochs, whole)]


def fit_on_features(job: Job, phase: Phase, watch: Watch) -> None:
    """Fit the head alone, on features; its layers are those of the whole model."""
    learner = feature_learner(job)
    job.precisions[phase.name] = job.bank.frozen.precision.name
    with one_thread():
        _fit(job, learner, phase, watch, [])
    job.learner.model[1].eval()


def feature_learner(job: Job) -> Learner:
    """Return a learner of the head's layers behind the pooling, on features of all images."""
    train = Features(
        job.head_features(job.images.train, views(job.settings.views)),
        job.targets(job.images.train),
    )
    valid = Features(job.head_features(job.images.valid, views(1)), job.targets(job.images.valid))
    return Learner(
        feature_loaders(train, valid, like=job.learner.dls),
        on_features(job.learner.model[1], job.layout).to(job.learner.dls.device),
        loss_func=job.learner.loss_func,
        opt_func=job.learner.opt_func,
        metrics=accuracy,
        path=job.learner.path,
    )


def _fit(job: Job, learner: Learner, phase: Phase, watch: Watch, callbacks: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder, silent(learner):
        chosen = callbacks_for(job.settings, phase, Path(folder))
        rows = KeepHistory(job.history, phase.name)
        everything = [*callbacks, *chosen, watch.clock, watch.progress, rows]
        fit_by_schedule(learner, phase, job.settings, everything)


@contextmanager
def silent(learner: Learner) -> Iterator[None]:
    """Keep fastai's own lines and bars away from the terminal."""
    with learner.no_logging(), learner.no_bar():
        yield
