"""How long the phases of a run will take, told from what a few images cost on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from fastcnn.data.views import views
from fastcnn.training.image_costs import ImageCosts, decoding_of, image_costs, seconds_of
from fastcnn.training.job import Job
from fastcnn.training.phases import Method, Phase
from fastcnn.training.rate_search import STEPS
from fastcnn.training.schedule import epochs_by_size

FORWARD_PART = 1 / 3
"""Of a training step: the backward pass computes two gradients a layer where it had one output."""
HEAD_STEP = 0.006
"""Seconds of a step on features: what fastai itself takes, the head's arithmetic is nothing."""
LOOKS = 250
"""How often the solver looks at all rows, about, all folds together; counted by its arithmetic."""
CURVE_SOLUTIONS = 8
"""How many times these looks a learning curve takes, about: 26 heads, most of them on less."""
LOOKED_AT = 2048
"""Rows that such a look is timed on."""


class Forecast:
    """Tells the seconds of one phase after another; what one leaves in a cache, the next finds."""

    def __init__(self) -> None:
        """Begin with nothing decoded and nothing known of any image."""
        self._costs: ImageCosts | None = None
        self._missing: tuple[int, int] | None = None
        self._is_decoded = False

    def costs(self, job: Job) -> ImageCosts:
        """Return what an image of this data set costs, measured once."""
        if self._costs is None:
            self._costs = image_costs(job)
        return self._costs

    def seconds(self, job: Job, phase: Phase) -> float:
        """Return the seconds of a phase, decoding and features included if they are its to make."""
        if phase.method is Method.FIT:
            return self._decoding_seconds(job, phase.epochs) + self._fit_seconds(job, phase)
        if phase.method is Method.FIT_FEATURES:
            n_steps = phase.epochs * len(job.learner.dls.train)
            return self.features_seconds(job) + n_steps * HEAD_STEP
        return self.features_seconds(job) + _solver_seconds(job)

    def search_seconds(self, job: Job) -> float:
        """Return the seconds of the rate search, see `search_rates`."""
        if job.strategy != "scratch":
            return self.features_seconds(job) + STEPS * HEAD_STEP
        n_images = STEPS * int(job.learner.dls.train.bs)
        costs = self.costs(job)
        return n_images * _together(job, _training_seconds(job, 0), costs.training)

    def missing_features(self, job: Job) -> tuple[int, int]:
        """Return of how many images to learn from, and to score, features are to be computed."""
        if self._missing is None:
            self._missing = missing_features(job)
        return self._missing

    def pixel_bytes(self, job: Job) -> int:
        """Return the bytes of all decoded images, as far as they are kept."""
        return int(self._kept_part(job) * _n_images(job) * self.costs(job).n_bytes)

    def features_seconds(self, job: Job) -> float:
        """Return the seconds of features that are neither in the store nor computed until then."""
        n_train, n_valid = self.missing_features(job)
        self._missing = (0, 0)
        if not n_train + n_valid:
            return 0.0
        forward = 1 / job.choice.frozen_body_speed(*_frozen_body(job))
        n_vectors = n_train * job.settings.views + n_valid
        return n_vectors * forward + (n_train + n_valid) * self.costs(job).for_features

    def new_features_seconds(self, job: Job, n_images: int) -> float:
        """Return the seconds of the features of so many images that were not learned from yet."""
        if not n_images:
            return 0.0
        forward = 1 / job.choice.frozen_body_speed(*_frozen_body(job))
        return n_images * (job.settings.views * forward + self.costs(job).for_features)

    def curve_seconds(self, job: Job) -> float:
        """Return the seconds of a learning curve, with features that are computed for it alone."""
        return self.features_seconds(job) + CURVE_SOLUTIONS * _solver_seconds(job)

    def _decoding_seconds(self, job: Job, epochs: int) -> float:
        """An image is decoded once a run if there is room for it, else in every epoch."""
        kept = self._kept_part(job)
        times = (0.0 if self._is_decoded else kept) + (1 - kept) * epochs
        self._is_decoded = True
        return times * _n_images(job) * self.costs(job).decoding

    def _kept_part(self, job: Job) -> float:
        """Return the part of the images that there is room for in memory."""
        decoding, needed = decoding_of(job), _n_images(job) * self.costs(job).n_bytes
        return min(1.0, decoding.pixels.limit / needed) if decoding and needed else 1.0

    def _fit_seconds(self, job: Job, phase: Phase) -> float:
        costs = self.costs(job)
        if job.freezes_body(phase):
            training = validation = 1 / job.choice.frozen_body_speed(*_frozen_body(job))
        else:
            training = _training_seconds(job, phase.n_frozen)
            validation = training * FORWARD_PART
        epoch = len(job.images.train) * _together(job, training, costs.training)
        epoch += len(job.images.valid) * _together(job, validation, costs.validation)
        parts = epochs_by_size(job.settings, phase)
        return sum(epoch * epochs * (size / job.settings.size) ** 2 for size, epochs in parts)


def missing_features(job: Job) -> tuple[int, int]:
    """Return of how many images to learn from, and to score, the store lacks features."""
    images, bank = job.images, job.bank
    train, valid = images.paths(images.train), images.paths(images.valid)
    return bank.n_missing(train, views(job.settings.views)), bank.n_missing(valid, views(1))


def _n_images(job: Job) -> int:
    return len(job.images.train) + len(job.images.valid)


def _training_seconds(job: Job, n_frozen: int) -> float:
    """Return the seconds an image of a step in which the first groups are frozen."""
    job.learner.freeze_to(n_frozen)
    return 1 / job.choice.training_speed(job.learner, n_frozen, job.train_paths)


def _frozen_body(job: Job) -> tuple[Any, Any, Sequence[Path]]:
    return job.learner.model[0], job.learner.dls, job.train_paths


def _together(job: Job, computing: float, loading: float) -> float:
    """A graphics card computes while the next batch is loaded; a processor does one of both."""
    if job.learner.dls.device.type == "cpu":
        return computing + loading
    return max(computing, loading)


def _solver_seconds(job: Job) -> float:
    """Return the seconds of as many looks at all rows as the solver takes, about."""
    n_rows = len(job.images.train) * job.settings.views
    rows = torch.randn(min(n_rows, LOOKED_AT), job.layout.n_channels)
    weight = torch.randn(len(job.learner.dls.vocab), job.layout.n_channels)
    look = min(seconds_of(lambda: (rows @ weight.T).T @ rows) for _ in range(3))
    return LOOKS * look * n_rows / len(rows)
