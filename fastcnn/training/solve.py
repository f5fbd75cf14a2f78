"""The phase that solves a linear head on the features of a frozen body."""

import time
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fastcnn.data.views import views
from fastcnn.models.heads import on_features
from fastcnn.training.history import EpochRow
from fastcnn.training.job import Job
from fastcnn.training.losses import class_weights
from fastcnn.training.phases import Phase
from fastcnn.training.solver import SolvedHead, Stage, solve_head


def solve_phase(job: Job, phase: Phase) -> SolvedHead:
    """Put the best linear head on the body, and a row a strength of the solver's path down."""
    train = job.head_features(job.images.train, views(job.settings.views))
    valid = job.head_features(job.images.valid, views(1))[:, 0]
    started = time.perf_counter()
    solved = solve_on(job, train, job.targets(job.images.train))
    linear: Any = on_features(job.learner.model[1], job.layout)[-1]
    with torch.no_grad():
        linear.weight.copy_(solved.weight)
        linear.bias.copy_(solved.bias)
    seconds = (time.perf_counter() - started) / len(solved.stages)
    job.precisions[phase.name] = job.bank.frozen.precision.name
    for stage in solved.stages:
        job.history.add(_row(job, phase, stage, valid, seconds))
    return solved


def solve_on(job: Job, features: Tensor, targets: Tensor) -> SolvedHead:
    """Return the best linear head on some training images.

    Args:
        job: says the classes, their weights and the seed.
        features: float32 (images, views, features).
        targets: int64 (images,).
    """
    n_images, n_views, _ = features.shape
    return solve_head(
        features.flatten(0, 1),
        targets.repeat_interleave(n_views),
        len(job.learner.dls.vocab),
        groups=torch.arange(n_images).repeat_interleave(n_views),
        class_weights=weights_of_classes(job),
        seed=job.settings.seed,
    )


def weights_of_classes(job: Job) -> Tensor | None:
    """Return what an image of each class counts for the solver, (classes,); None is the same."""
    if job.settings.balance == "none":  # drawing more often is, in the long run, a weight too
        return None
    return class_weights(job.images.train_labels, list(map(str, job.learner.dls.vocab)))


def _row(job: Job, phase: Phase, stage: Stage, valid: Tensor, seconds: float) -> EpochRow:
    """Score a stage on the validation images; the solver itself never sees them."""
    device = job.learner.dls.device
    targets = job.targets(job.images.valid).to(device)
    logits = F.linear(valid, stage.weight, stage.bias).to(device)
    return EpochRow(
        phase=phase.name,
        epoch=len(job.history.rows) + 1,
        train_loss=stage.train_loss,
        valid_loss=float(job.learner.loss_func(logits, targets)),
        accuracy=float((logits.argmax(1) == targets).float().mean()),
        lr_head=None,
        lr_body=None,
        seconds=round(seconds, 3),
    )
