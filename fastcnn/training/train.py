"""Carrying out a strategy: find the rate, then phase after phase."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fastai.callback.progress  # noqa: F401  gives every Learner its bar, and `no_bar`

from fastcnn.data.decoded import as_network_input, decoded_batches
from fastcnn.data.image_loader import loader_speed
from fastcnn.data.views import views
from fastcnn.files import write_csv
from fastcnn.models.groups import ParameterGroup
from fastcnn.models.whitening import WHITENING, whiten
from fastcnn.run_folder import LR_CURVE_FILE
from fastcnn.training.callbacks import EpochClock, ShowProgress, WhereTimeGoes
from fastcnn.training.fit import Watch, fit_on_features, fit_on_pictures
from fastcnn.training.job import Job
from fastcnn.training.mixed_precision import InPrecision
from fastcnn.training.out_of_memory import until_it_fits
from fastcnn.training.phases import Method, Phase, total_epochs
from fastcnn.training.rate_search import (
    RangeTest,
    reading_for,
    search_on_features,
    search_on_pictures,
)
from fastcnn.training.solve import solve_phase
from fastcnn.training.solver import SolvedHead
from fastcnn.training.strategies import phases_of

WHITENED_PIXELS = 1_000 * 32**2
"""Of the pictures that a layer which whitens is computed from."""


@dataclass(frozen=True)
class Trained:
    """What a strategy did, as it stands in the record."""

    phases: tuple[Phase, ...]
    """As carried out."""
    base_rate: float | None
    """The rate that the phases derive from, None where no phase has one."""
    range_test: RangeTest | None
    """What was found where the rate was searched for."""
    solved: SolvedHead | None
    """What the solver found, where there was a solver."""
    precision: str
    """What the last phase computed in."""
    features_seconds: float
    """Time for hashing, decoding and computing features, or for finding them."""
    n_features: tuple[int, int]
    """Feature vectors that were computed, and that were found in the cache."""
    n_epochs: int
    """As they were; an early stop leaves some out."""
    total_seconds: float
    """Time from the model built to the validation predictions in hand."""
    images_per_second: dict[str, float | None]
    """loader and model, each alone, and both together."""

    def rates(self, groups: Sequence[ParameterGroup], asked: str) -> dict[str, Any]:
        """Return the rates of every group in every phase, by name."""
        names = [group.name for group in groups]
        return {
            "asked": None if self.base_rate is None else asked,
            "base": self.base_rate,
            "suggestions": self.range_test.suggestions if self.range_test else None,
            "phases": [
                {
                    "phase": phase.name,
                    "method": str(phase.method),
                    "epochs": phase.epochs,
                    "groups": phase.rates_by_group(names),
                }
                for phase in self.phases
            ],
        }

    def solver(self) -> dict[str, float] | None:
        """Return the strength of the penalty that was chosen, and the loss that chose it."""
        if self.solved is None:
            return None
        last = self.solved.stages[-1]
        return {
            "strength": self.solved.strength,
            "cross_validated_loss": last.cross_validated_loss,
        }

    def n_learning(self, groups: Sequence[ParameterGroup]) -> int:
        """Return how many numbers learned in one phase or another."""
        fewest_frozen = min(phase.n_frozen for phase in self.phases)
        return sum(group.size for group in groups[fewest_frozen:])


def train(job: Job) -> Trained:
    """Train the job's learner in place; it stays a plain fastai `Learner`.

    Raises:
        TrainingError: the loss became infinite or not a number.
    """
    started = time.perf_counter()
    compute_first_layer(job)
    tested = find_rate(job) if job.settings.learning_rate.is_auto else None
    base = tested[0] if tested else job.settings.learning_rate.highest or 0.0
    phases = phases_of(job.strategy, job.settings, job.group_names, base)
    n_batches = len(job.learner.dls.train)
    solved: SolvedHead | None = None
    with job.narrator.bar(job.strategy, n_batches * total_epochs(phases)) as advance:
        watch = Watch(EpochClock(), ShowProgress(advance), WhereTimeGoes())
        for phase in phases:
            solved = carry_out(job, phase, watch) or solved
    seconds = time.perf_counter() - started
    bank = job.bank if "bank" in vars(job) else None
    return Trained(
        phases=phases,
        base_rate=base if any(phase.rates for phase in phases) else None,
        range_test=tested[1] if tested else None,
        solved=solved,
        precision=job.precisions[phases[-1].name],
        features_seconds=bank.seconds if bank else 0.0,
        n_features=(bank.n_computed, bank.n_found) if bank else (0, 0),
        n_epochs=watch.clock.epochs_done,
        total_seconds=seconds,
        images_per_second=_speeds(job, watch),
    )


def compute_first_layer(job: Job) -> None:
    """Compute a layer that whitens from training pictures, spread over all of them."""
    if job.strategy != "scratch" or job.group_names[0] != WHITENING:
        return
    n_images = max(1, WHITENED_PIXELS // job.settings.size**2)
    paths = job.train_paths[:: max(1, len(job.train_paths) // n_images)][:n_images]
    _, pixels = next(decoded_batches(paths, job.learner.dls, len(paths)))
    layer = job.learner.model[0].get_submodule(WHITENING)[0]
    whiten(layer, as_network_input(pixels, job.learner.dls))


def carry_out(job: Job, phase: Phase, watch: Watch) -> SolvedHead | None:
    """Carry out one phase; return what a solver found."""
    if phase.method is Method.SOLVE:
        return solve_phase(job, phase)
    fit = fit_on_pictures if phase.method is Method.FIT else fit_on_features
    name = f"the phase {phase.name!r} of {job.strategy}"
    until_it_fits(job, name, phase.n_frozen, lambda: fit(job, phase, watch), watch)
    return None


def find_rate(job: Job) -> tuple[float, RangeTest] | None:
    """Return what a range test of what the strategy trains first suggests, and the test.

    Its curve is kept beside the history, in `lr_curve.csv`.
    """
    phases = phases_of(job.strategy, job.settings, job.group_names, rate=1.0)
    if all(phase.method is Method.SOLVE for phase in phases):
        return None
    found = search_rates(job)
    if job.history.path is not None:
        rows = ({"lr": rate, "loss": loss} for rate, loss in found.curve)
        write_csv(job.history.path.with_name(LR_CURVE_FILE), ("lr", "loss"), rows)
    reading = reading_for(found.suggestions, job.strategy, job.settings.head)
    rate = found.suggestions[reading]
    job.narrator.say(f"learning rate {rate:.2g}, the {reading} of the range test")
    return rate, found


def search_rates(job: Job) -> RangeTest:
    """Test rates for the head on a frozen body, where its features are enough.

    Only a body of random weights is tested whole, its first layer computed, see
    `compute_first_layer`.
    """
    if job.strategy != "scratch":
        return search_on_features(job)
    n_frozen = phases_of(job.strategy, job.settings, job.group_names, rate=1.0)[0].n_frozen
    job.learner.freeze_to(n_frozen)
    precision = job.choice.for_training(job.learner, n_frozen, job.train_paths)
    callbacks = [InPrecision(precision)]
    return until_it_fits(
        job, "the rate search", n_frozen, lambda: search_on_pictures(job, n_frozen, callbacks)
    )


def _speeds(job: Job, watch: Watch) -> dict[str, float | None]:
    """Return the speeds of the steps on pictures, or of the features where there were none."""
    if watch.times.n_images:
        alone = round(loader_speed(job.learner.dls.train), 2)
        return {"loader": alone, **watch.times.images_per_second()}
    return job.bank.speeds(job.train_paths, views(job.settings.views))
