"""What a run will do, told before anything is trained: what learns, and what it costs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastcnn.data.memory import available_memory
from fastcnn.models.blueprint import Blueprint
from fastcnn.training.duration import Forecast
from fastcnn.training.job import Job
from fastcnn.training.memory import MemoryEstimate, phase_memory, resident_memory
from fastcnn.training.phases import Method, Phase
from fastcnn.training.strategies import phases_of

SEARCHED = "searched"
"""Stands for a rate that a range test will find."""


@dataclass(frozen=True)
class PhasePreview:
    """One phase, before it is carried out."""

    name: str
    """What the history will call it."""
    method: Method
    """How it is carried out."""
    frozen: Sequence[str]
    """The groups that do not move, from the stem on."""
    learning: Sequence[str]
    """The groups above them."""
    epochs: int
    """Passes over the training images; 0 where the head is solved."""
    rate_body: float | str | None
    """Highest rate of the topmost group of the body; None where it is frozen."""
    rate_head: float | str | None
    """Highest rate of the head; None where it is solved."""
    trainable_numbers: int
    """How many numbers learn."""
    trainable_tensors: Sequence[str]
    """The parameters that they make up, as `learner.model.named_parameters()` has them."""
    precision: str
    """What it computes in."""
    seconds: float
    """That it will take, loading and validation included."""
    memory: MemoryEstimate
    """The most that it will hold at once."""


@dataclass(frozen=True)
class StrategyPreview:
    """The phases of one strategy."""

    name: str
    """As the user gave it."""
    phases: Sequence[PhasePreview]
    """In the order in which they are carried out."""
    features_to_compute: int | None
    """Images whose features are not in the store yet; None where no features are used."""
    search_seconds: float
    """Of the search for a rate, 0 where one was given."""

    @property
    def seconds(self) -> float:
        """Return the seconds of all of it."""
        return self.search_seconds + sum(phase.seconds for phase in self.phases)


@dataclass(frozen=True)
class Preview:
    """What a run will do, and what it will cost."""

    arch: str
    """The architecture of all strategies."""
    groups: Mapping[str, int]
    """How many numbers each parameter group holds, from the stem to the head."""
    n_images: int
    """Images to learn from and to score."""
    strategies: Sequence[StrategyPreview]
    """In the order in which they are trained."""
    available_memory: int | None
    """Bytes that can still be taken here, None where the system does not say."""
    repeats: Sequence[str] = ()
    """The names of all repeats; empty where every strategy is trained once."""
    later_seconds: float = 0.0
    """Of all repeats but the first, which find pictures and features that it left."""
    curve_seconds: float = 0.0
    """Of the learning curve, 0 where there is none."""

    @property
    def seconds(self) -> float:
        """Return the seconds of the whole run; writing the results is not in it."""
        first = sum(strategy.seconds for strategy in self.strategies)
        return first + self.later_seconds + self.curve_seconds

    @property
    def peak_memory(self) -> int:
        """Return the bytes of the phase that takes the most."""
        return max(phase.memory.total for one in self.strategies for phase in one.phases)

    def to_json(self) -> dict[str, Any]:
        """Return everything by name, with the totals."""
        document = asdict(self)
        for strategy, entry in zip(self.strategies, document["strategies"], strict=True):
            entry["seconds"] = strategy.seconds
            for phase, row in zip(strategy.phases, entry["phases"], strict=True):
                row["method"] = str(phase.method)
                row["memory"]["total"] = phase.memory.total
        return {**document, "seconds": self.seconds, "peak_memory": self.peak_memory}


def preview_jobs(
    jobs: Iterable[Job],
    drawn: Blueprint,
    repeats: Sequence[str] = (),
    n_new: int = 0,
) -> Preview:
    """Measure a few steps of each kind on this machine, and tell what the jobs will do.

    Nothing is trained: what is measured are copies. The jobs may be made one after another.

    Args:
        jobs: of the first repeat, one a strategy.
        drawn: their network.
        repeats: the names of all repeats, where there are several.
        n_new: images that later repeats learn from, and the first one holds out.

    Raises:
        DataError: one of the images that are tried cannot be read.
        TrainingError: the network does not compute in the precision asked for.
    """
    process, free = resident_memory(), available_memory()
    forecast, strategies, n_images = Forecast(), [], 0
    later, pretrained = 0.0, None
    for job in jobs:
        strategies.append(_strategy(job, drawn, forecast, process))
        n_images = len(job.images.train) + len(job.images.valid)
        later += max(0, len(repeats) - 1) * _seconds(job, forecast)
        if strategies[-1].features_to_compute is not None:
            later, n_new = later + forecast.new_features_seconds(job, n_new), 0
        pretrained = job if job.strategy != "scratch" else pretrained
    has_curve = pretrained and pretrained.settings.learning_curve
    curve = forecast.curve_seconds(pretrained) if pretrained and has_curve else 0.0
    groups = {group.name: group.size for group in drawn.groups}
    return Preview(
        drawn.architecture.name, groups, n_images, strategies, free, repeats, later, curve
    )


def _strategy(job: Job, drawn: Blueprint, forecast: Forecast, process: int) -> StrategyPreview:
    asked = job.settings.learning_rate
    phases = phases_of(job.strategy, job.settings, job.group_names, asked.highest or 1.0)
    fits = any(phase.method is not Method.SOLVE for phase in phases)
    searches = asked.is_auto and fits
    on_features = searches and job.strategy != "scratch"
    on_features = on_features or any(phase.method is not Method.FIT for phase in phases)
    return StrategyPreview(
        name=job.strategy,
        features_to_compute=sum(forecast.missing_features(job)) if on_features else None,
        search_seconds=forecast.search_seconds(job) if searches else 0.0,
        phases=[_phase(job, drawn, phase, forecast, process) for phase in phases],
    )


def _seconds(job: Job, forecast: Forecast) -> float:
    """Return the seconds of a strategy that finds all that one before it has left."""
    asked = job.settings.learning_rate
    phases = phases_of(job.strategy, job.settings, job.group_names, asked.highest or 1.0)
    searches = asked.is_auto and any(phase.method is not Method.SOLVE for phase in phases)
    search = forecast.search_seconds(job) if searches else 0.0
    return search + sum(forecast.seconds(job, phase) for phase in phases)


def _phase(
    job: Job, drawn: Blueprint, phase: Phase, forecast: Forecast, process: int
) -> PhasePreview:
    searched = job.settings.learning_rate.is_auto
    rates = [SEARCHED if searched else rate for rate in phase.rates]
    precision = job.precision_of(phase)
    return PhasePreview(
        name=phase.name,
        method=phase.method,
        frozen=job.group_names[: phase.n_frozen],
        learning=job.group_names[phase.n_frozen :],
        epochs=phase.epochs,
        rate_body=rates[-2] if len(rates) > 1 else None,
        rate_head=rates[-1] if rates else None,
        trainable_numbers=drawn.n_learning(phase.n_frozen),
        trainable_tensors=drawn.learning_tensors(phase.n_frozen),
        precision=precision.name,
        seconds=forecast.seconds(job, phase),
        memory=phase_memory(
            drawn,
            phase,
            job.settings,
            precision,
            n_images=(len(job.images.train), len(job.images.valid)),
            process=process,
            pixels=forecast.pixel_bytes(job),
        ),
    )
