"""Which precision a run computes in: as asked for, as an earlier run chose, or as measured now."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from torch import Tensor, nn

from fastcnn.data.decoded import as_network_input, decoded_batches
from fastcnn.errors import TrainingError
from fastcnn.models.folding import folded
from fastcnn.models.networks import timed_as
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings
from fastcnn.training.measure import Measurement, measure_inference, measure_training
from fastcnn.training.measured import remembered, sentence
from fastcnn.training.precision import PRECISIONS, Precision, candidates

MEASURED_PIXELS = 8 * 224**2
"""Of the pictures in a measured step: enough to keep two cores busy, and over in a moment."""

Measure = Callable[[Sequence[Precision]], Measurement]
"""Measures one kind of work in the precisions given."""


class PrecisionChoice:
    """Chooses once for each kind of work, and remembers it for the record of the run."""

    def __init__(self, settings: Settings, device: torch.device, narrator: Narrator) -> None:
        """Start from what the settings ask for, or an earlier run measured."""
        self.settings, self.device, self.narrator = settings, device, narrator
        self.chosen: dict[str, str] = {}
        self.speeds: dict[str, float] = {}

    def for_frozen_body(
        self, body: nn.Module, dls: DataLoaders, paths: Sequence[Path]
    ) -> Precision:
        """Return what a body without gradients computes in."""
        return self._choose("frozen body", self._inference(body, dls, paths))

    def frozen_body_speed(self, body: nn.Module, dls: DataLoaders, paths: Sequence[Path]) -> float:
        """Return how many images a second it computes in that precision.

        Raises:
            TrainingError: it does not compute in it.
        """
        return self._speed("frozen body", self._inference(body, dls, paths))

    def for_training(self, learner: Learner, n_frozen: int, paths: Sequence[Path]) -> Precision:
        """Return what steps with gradients compute in; the learner is frozen as it will be."""
        return self._choose(_training(n_frozen), self._steps(learner, paths))

    def training_speed(self, learner: Learner, n_frozen: int, paths: Sequence[Path]) -> float:
        """Return how many images a second such steps compute in that precision.

        Raises:
            TrainingError: they do not compute in it.
        """
        return self._speed(_training(n_frozen), self._steps(learner, paths))

    def _inference(self, body: nn.Module, dls: DataLoaders, paths: Sequence[Path]) -> Measure:
        def measure(among: Sequence[Precision]) -> Measurement:
            batch = _few_images(dls, paths, measured_images(self.settings))
            return measure_inference(folded(body, batch[:1]), batch, among, self.device)

        return measure

    def _steps(self, learner: Learner, paths: Sequence[Path]) -> Measure:
        def measure(among: Sequence[Precision]) -> Measurement:
            batch = _few_images(learner.dls, paths, measured_images(self.settings))
            targets = torch.arange(len(batch), device=self.device) % len(learner.dls.vocab)
            return measure_training(
                learner.model, learner.loss_func, batch, targets, among, self.device
            )

        return measure

    def _speed(self, work: str, measure: Measure) -> float:
        precision, name = self._choose(work, measure), self._name(work)
        if name not in self.speeds:
            key = self._key(work, precision)
            # One candidate would be chosen without being measured; beside itself it is.
            found = remembered(key, lambda: measure((precision, precision)))
            if precision.name not in found.images_per_second:
                raise TrainingError(
                    f"{name} cannot be measured in {precision.name}: "
                    f"{found.rejected.get(precision.name)}",
                    hint="give another --precision, or another --arch",
                )
            self.speeds[name] = found.images_per_second[precision.name]
        return self.speeds[name]

    def _choose(self, work: str, measure: Measure) -> Precision:
        name = self._name(work)
        if name not in self.chosen:
            self.chosen[name] = self._chosen(work, measure)
        return PRECISIONS[self.chosen[name]]

    def _key(self, work: str, *among: Precision) -> dict[str, str | int]:
        """Return what a measurement depends on; of own networks, every setting that costs time."""
        names = ", ".join(precision.name for precision in among)
        name = self._name(work, timed_as(self.settings.arch))
        return {"work": name, "candidates": names, "images": measured_images(self.settings)}

    def _name(self, work: str, arch: str | None = None) -> str:
        network = arch or self.settings.arch
        return f"{network}, {self.settings.size} px, {self.device.type}, {work}"

    def _chosen(self, work: str, measure: Measure) -> str:
        name = self._name(work)
        earlier = self.settings.measured.get(name)
        among = candidates(self.settings.precision, self.device)
        if self.settings.precision == "auto" and earlier in [one.name for one in among]:
            self.narrator.say(f"precision {earlier} for {name}, as in the earlier run")
            return str(earlier)
        if len(among) == 1:
            return among[0].name
        key = self._key(work, *among)
        found = remembered(key, lambda: measure(among))
        self.narrator.say(sentence(found, name))
        if speed := found.images_per_second.get(found.chosen.name):
            self.speeds[name] = speed
        return found.chosen.name


def measured_images(settings: Settings) -> int:
    """Return how many pictures a measured step has: not more than training takes at once."""
    return min(max(1, MEASURED_PIXELS // settings.size**2), settings.bs)


def _training(n_frozen: int) -> str:
    if not n_frozen:
        return "training of everything"
    return f"training above {n_frozen} frozen {'group' if n_frozen == 1 else 'groups'}"


def _few_images(dls: DataLoaders, paths: Sequence[Path], n_images: int) -> Tensor:
    few = min(n_images, int(dls.train.bs))  # which is halved where memory ran out
    _, pixels = next(decoded_batches(paths[:few], dls, few))
    return as_network_input(pixels, dls)
