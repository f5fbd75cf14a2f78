"""Putting together what a strategy trains: loaders, learner, and what all strategies share."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from fastai.data.core import DataLoaders
from torch import Tensor

from fastcnn.data.augmentation import apply_augmentation
from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.images import damaged_files_named
from fastcnn.data.loaders import make_loaders
from fastcnn.data.pixels import PixelCache
from fastcnn.interrupts import interrupts_win
from fastcnn.models.groups import parameter_groups
from fastcnn.models.learner import add_normalisation, build_learner
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan
from fastcnn.run_folder import HISTORY_FILE
from fastcnn.training.choice import PrecisionChoice
from fastcnn.training.history import EpochRow, History
from fastcnn.training.job import Job
from fastcnn.training.kept_memory import memory_kept
from fastcnn.training.losses import class_weights, sampling_weights


@dataclass(frozen=True)
class Shared:
    """What the strategies of one run share."""

    pixels: PixelCache
    """Pictures that one decoded serve the next."""
    store: FeatureStore
    """Features that one computed serve the next."""
    choice: PrecisionChoice
    """What was measured once holds for all."""

    @classmethod
    def by(cls, plan: Plan, store: FeatureStore, narrator: Narrator) -> "Shared":
        """Start with an empty pixel cache and what the plan's settings say of precisions."""
        return cls(PixelCache(), store, PrecisionChoice(plan.settings, plan.device, narrator))


@contextmanager
def shared_by(plan: Plan, narrator: Narrator) -> Iterator[Shared]:
    """Open what the plan's strategies share; within, all that can go wrong has a name.

    Raises:
        FastcnnError: the block failed for want of memory, or because of a damaged image.
    """
    named = damaged_files_named(plan.images.items)
    with interrupts_win(), memory_kept(), FeatureStore() as store, named:
        if store.problem:
            narrator.warn(store.problem)
        yield Shared.by(plan, store, narrator)


def make_job(
    plan: Plan,
    strategy: str,
    folder: Path | None,
    shared: Shared,
    narrator: Narrator,
    watcher: Callable[[EpochRow], None] | None = None,
) -> Job:
    """Build loaders and learner of one strategy; no picture has been decoded after it.

    Its history is written to `folder`, and nowhere where that is None; a `watcher` sees each row.
    """
    architecture, settings = plan.weights.architecture, plan.settings
    if settings.deterministic:
        torch.use_deterministic_algorithms(True)
    dls = loaders_at(plan, shared, settings.size)
    learner = build_learner(
        dls,
        plan.weights,
        settings,
        is_random=strategy == "scratch",
        weights_of_classes=_class_weights(plan, dls.vocab),
    )
    return Job(
        strategy=strategy,
        settings=settings,
        images=plan.images,
        learner=learner,
        groups=parameter_groups(learner.model, architecture),
        layout=plan.blueprint.layout,
        choice=shared.choice,
        store=shared.store,
        history=History(folder / HISTORY_FILE if folder else None, watcher),
        narrator=narrator,
        loaders_at=lambda size: loaders_at(plan, shared, size),
    )


def loaders_at(plan: Plan, shared: Shared, size: int) -> DataLoaders:
    """Return the loaders of the plan's images with pictures of `size` pixels a side."""
    settings = plan.settings.changed(size=size)
    block = copy.copy(plan.block(settings))
    block.item_tfms, block.batch_tfms = apply_augmentation(block, settings)
    dls = make_loaders(block, plan.images, settings, plan.device, shared.pixels)
    if settings.balance == "sampling":
        dls.train.sampling_weights = sampling_weights(plan.images.train_labels)
    add_normalisation(dls, plan.weights.architecture)
    return dls


def _class_weights(plan: Plan, classes: Sequence[object]) -> Tensor | None:
    if plan.settings.balance != "weights":
        return None
    weights = class_weights(plan.images.train_labels, [str(name) for name in classes])
    return weights.to(plan.device)
