"""One strategy at work on one learner, and all that its phases draw on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from torch import Tensor

from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.loading import ImageSet
from fastcnn.data.views import View
from fastcnn.models.groups import ParameterGroup
from fastcnn.models.heads import FeatureLayout, head_columns
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings
from fastcnn.training.choice import PrecisionChoice
from fastcnn.training.features import FeatureBank, FrozenBody
from fastcnn.training.history import History
from fastcnn.training.phases import Phase
from fastcnn.training.precision import Precision


@dataclass
class Job:
    """What a strategy's phases read, and what they leave beside the trained learner."""

    strategy: str
    """Its name."""
    settings: Settings
    """How to train."""
    images: ImageSet
    """What to train and to score on."""
    learner: Learner
    """A plain fastai `Learner`, trained in place."""
    groups: Sequence[ParameterGroup]
    """Its parameter groups from the stem to the head."""
    layout: FeatureLayout
    """What its body gives to its head."""
    choice: PrecisionChoice
    """Says what each phase computes in."""
    store: FeatureStore
    """Keeps features between runs."""
    history: History
    """Gets a row an epoch."""
    narrator: Narrator
    """Tells the user."""
    loaders_at: Callable[[int], DataLoaders]
    """Returns loaders of pictures of another size."""
    precisions: dict[str, str] = field(default_factory=dict)
    """What each phase computed in, by its name; filled in by the phases."""

    @property
    def train_paths(self) -> list[Path]:
        """The files of the images to learn from."""
        return self.images.paths(self.images.train)

    @property
    def group_names(self) -> list[str]:
        """The names of the groups from the stem to the head."""
        return [group.name for group in self.groups]

    def freezes_body(self, phase: Phase) -> bool:
        """Return whether nothing but the head learns."""
        return phase.freezes_body(len(self.groups))

    def precision_of(self, phase: Phase) -> Precision:
        """Return what a phase computes in; the learner is frozen as it will be."""
        self.learner.freeze_to(phase.n_frozen)
        if self.freezes_body(phase):
            return self.bank.frozen.precision
        return self.choice.for_training(self.learner, phase.n_frozen, self.train_paths)

    @cached_property
    def bank(self) -> FeatureBank:
        """The features of the body as it is when they are first asked for."""
        dls, body = self.learner.dls, self.learner.model[0]
        body.to(dls.device)  # fastai moves a model no sooner than it fits it
        precision = self.choice.for_frozen_body(body, dls, self.train_paths)
        precision.lay_out(body.eval())
        return FeatureBank(FrozenBody(body, self.layout, dls, precision), self.store, self.narrator)

    def head_features(self, indices: Sequence[int], views: Sequence[View]) -> Tensor:
        """Return what the head sees of some images, (N, V, F) float32."""
        found = self.bank.features(self.images.paths(indices), views)
        return head_columns(found, self.settings.head, self.layout)

    def targets(self, indices: Sequence[int]) -> Tensor:
        """Return the number of each image's class, (N,) int64."""
        number = {str(name): place for place, name in enumerate(self.learner.dls.vocab)}
        return torch.tensor([number[self.images.labels[index]] for index in indices])
