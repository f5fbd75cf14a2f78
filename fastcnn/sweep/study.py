"""The Optuna study of a sweep: how trials are drawn, when one is given up, how one is recorded."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from fastcnn.data.images import damaged_files_named
from fastcnn.data.randomness import derived_seed
from fastcnn.errors import FastcnnError
from fastcnn.given_settings import from_nothing
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan
from fastcnn.settings import known_settings
from fastcnn.sweep.claims import REASON, Claims
from fastcnn.sweep.draw import draw_settings
from fastcnn.sweep.order import Order
from fastcnn.sweep.storage import open_storage
from fastcnn.training.history import EpochRow
from fastcnn.trials.kept import Kept
from fastcnn.trials.score import TrialScore
from fastcnn.trials.trial import DIGITS, n_epochs_of, plan_trial, run_trial

AT_RANDOM = 10
"""Trials before the sampler has seen enough to prefer anything."""
TRUSTED = 5
"""Trials that must have ended, and have been as far, before another is compared with them."""
STEPS = 10
"""Parts of a training after which trials are compared."""
DRAWN, STRATEGY, SECONDS = "drawn", "strategy", "seconds"
"""Attributes of a trial: its own settings, how it was trained, how long that took."""
LOSS, EPOCHS, PRECISIONS, SAME_AS = "valid_loss", "epochs", "precisions", "same_as"
"""And: its other scores, what was measured, which earlier trial had the same settings."""


@dataclass(frozen=True)
class OpenSweep:
    """A sweep that this process takes part in."""

    order: Order
    """What was asked for."""
    plan: Plan
    """The images, and the settings without any draw."""
    study: Study
    """Optuna's view."""
    claims: Claims
    """Who runs what."""


def open_sweep(order: Order, plan: Plan, folder: Path) -> OpenSweep:
    """Open the study of a sweep, which is made where there is none."""
    storage = open_storage(folder, order.storage)
    pruner, is_begun = pruner_called(order.pruner), False
    try:
        study = optuna.create_study(
            study_name=order.name, storage=storage, direction="maximize", pruner=pruner
        )
    except optuna.exceptions.DuplicatedStudyError:
        study = optuna.load_study(study_name=order.name, storage=storage, pruner=pruner)
        is_begun = True
    return OpenSweep(order, plan, study, Claims(study, storage, folder, others_fill=is_begun))


def pruner_called(name: str) -> BasePruner:
    """Return what gives up a trial.

    median: being worse than half of the others were in the same part of their training. halving:
    not being among the best quarter after 1 and 4 tenths of it (Li et al., arXiv 1810.05934).
    """
    if name == "median":
        return MedianPruner(n_startup_trials=TRUSTED, n_min_trials=TRUSTED)
    return SuccessiveHalvingPruner(min_resource=1) if name == "halving" else NopPruner()


def work(sweep: OpenSweep, kept: Kept, narrator: Narrator, deadline: float) -> bool:
    """Run one trial; return whether there was one to run, or time for it."""
    if time.time() > deadline:
        return False
    with sweep.claims.taken() as number:
        if number is None:
            return False
        sweep.study.sampler = sampler(sweep.plan.settings.seed, number)
        carry_out(sweep, sweep.claims.open(number), kept, narrator)
        return True


def sampler(seed: int, number: int) -> TPESampler:
    """Return the sampler of one trial: a tree-structured Parzen estimator.

    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011. Its randomness
    derives from the seed and the trial's number, so that no two processes draw alike, and a sweep
    of one process is the same every time.
    """
    return TPESampler(
        seed=derived_seed(seed, "trial", number),
        n_startup_trials=AT_RANDOM,
        multivariate=True,
        group=True,
        constant_liar=True,
    )


def carry_out(sweep: OpenSweep, trial: Trial, kept: Kept, narrator: Narrator) -> None:
    """Draw settings, train by them, and record how it ended."""
    started = time.perf_counter()
    state, value = TrialState.FAIL, None
    try:
        space = sweep.order.parsed_space()
        drawn = draw_settings(trial, space, partial(whole_settings, sweep.order, sweep.plan))
        trial.set_user_attr(DRAWN, drawn)
        _end_repeated(sweep.study, trial, drawn)
        given = {**sweep.order.given, **drawn}
        plan = plan_trial(sweep.plan, sweep.order.earlier(), given, kept)
        trial.set_user_attr(STRATEGY, plan.settings.strategy)
        score = run_trial(plan, kept, narrator, _Watcher(trial, n_epochs_of(plan)))
        value = _noted(trial, score)
        state = TrialState.COMPLETE
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except Exception as error:
        trial.set_user_attr(REASON, reason(error, sweep.plan))
    trial.set_user_attr(SECONDS, round(time.perf_counter() - started, 3))
    sweep.study.tell(trial, value, state=state)


def whole_settings(order: Order, plan: Plan, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a trial by name, as far as something says them, unchecked."""
    sample = plan.recipe.sample
    of_sample = sample.defaults if sample and plan.source.is_sample else {}
    earlier = order.earlier()
    given = from_nothing(earlier, {**order.given, **drawn})
    return known_settings({**plan.recipe.defaults, **of_sample, **earlier, **given})


def reason(error: Exception, plan: Plan) -> str:
    """Return why a trial failed, in words; a damaged image is named."""
    try:
        with damaged_files_named(plan.images.items):
            raise error
    except FastcnnError as known:
        return str(known)
    except Exception as unknown:
        return f"{type(unknown).__name__}: {unknown}"


class _Watcher:
    """Tells the study how far a trial is, and ends one that is not worth going on with.

    A step is a tenth of the training: after three of five epochs a rate is where it is after six
    of ten, so that long trainings are not given up for being slow.
    """

    def __init__(self, trial: Trial, n_epochs: int) -> None:
        self.trial, self.n_epochs = trial, n_epochs
        self.done, self.step = 0, 0

    def __call__(self, row: EpochRow) -> None:
        if row.lr_head is None:  # a stage of a solver is no epoch
            return
        self.done += 1
        step = STEPS * self.done // self.n_epochs
        if step == self.step:
            return
        self.step = step
        self.trial.report(round(row.accuracy, DIGITS), step)
        if self.done < self.n_epochs and self.trial.should_prune():
            self.trial.set_user_attr(LOSS, round(row.valid_loss, DIGITS))
            self.trial.set_user_attr(EPOCHS, self.done)
            said = f"worse than others were after epoch {self.done} of {self.n_epochs}"
            self.trial.set_user_attr(REASON, said)
            raise optuna.TrialPruned(said)  # without words fastai could not add its own


def _end_repeated(study: Study, trial: Trial, drawn: dict[str, Any]) -> None:
    """End a trial whose settings an earlier one had: its score would be the same.

    To the sampler it counts as given up, or it would go on drawing what it likes best.
    """
    for earlier in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if earlier.user_attrs.get(DRAWN) == drawn:
            trial.set_user_attr(SAME_AS, earlier.number)
            raise optuna.TrialPruned("trained before")


def _noted(trial: Trial, score: TrialScore) -> float:
    trial.set_user_attr(LOSS, score.loss)
    trial.set_user_attr(EPOCHS, score.epochs)
    trial.set_user_attr(PRECISIONS, score.precisions)
    return score.accuracy


def best_trial(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """Return the most accurate of the completed trials, the first of several; None without any."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return max(complete, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)
