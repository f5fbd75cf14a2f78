"""Carrying out a strategy: find the rate, then one `fit_one_cycle` a phase."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastai.callback.progress  # noqa: F401  gives every Learner its bar, and `no_bar`
from fastai.callback.schedule import SuggestionMethod
from fastai.learner import Learner

from fastcnn.models.groups import ParameterGroup
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings
from fastcnn.training.callbacks import (
    EpochClock,
    FrozenStaysFrozen,
    KeepHistory,
    ShowProgress,
)
from fastcnn.training.history import History
from fastcnn.training.phases import Phase, total_epochs
from fastcnn.training.strategies import phases_of

RANGE_TEST_STEPS = 100
"""Batches of the learning-rate range test, fastai's own number."""
FEW_BATCHES = 8
"""Up to so many batches an epoch, the range test loads them without other processes."""
UNUSED_RATE = 0.0
"""Stands in the optimizer for a frozen group, which takes no step."""


@dataclass(frozen=True)
class Trained:
    """What a strategy did, as it stands in the record."""

    phases: tuple[Phase, ...]
    """As carried out."""
    base_rate: float
    """The rate that the phases derive from."""
    seconds: float
    """Time of the whole training, the rate search included."""
    fit_seconds: float
    """Time of the epochs alone, their validation included."""
    n_images: int
    """Images that the optimizer learned from, counted once an epoch."""

    def rates(self, groups: Sequence[ParameterGroup], asked: str) -> dict[str, Any]:
        """Return the rates of every group in every phase, by name."""
        names = [group.name for group in groups]
        return {
            "asked": asked,
            "base": self.base_rate,
            "phases": [
                {
                    "phase": phase.name,
                    "epochs": phase.epochs,
                    "groups": dict(zip(names, phase.rates, strict=True)),
                }
                for phase in self.phases
            ],
        }


def train(
    learner: Learner,
    strategy: str,
    settings: Settings,
    n_groups: int,
    history: History,
    narrator: Narrator,
) -> Trained:
    """Train `learner` in place by the strategy of that name; it stays a plain fastai `Learner`.

    Raises:
        TrainingError: the loss became infinite or not a number.
    """
    started = time.perf_counter()
    rate = settings.learning_rate.highest or find_rate(learner, narrator)
    phases = phases_of(strategy, settings, n_groups, rate)
    clock = EpochClock()
    fit_started = time.perf_counter()
    n_batches = len(learner.dls.train)
    with narrator.bar(strategy, n_batches * total_epochs(phases)) as advance:
        progress = ShowProgress(advance)
        for phase in phases:
            fit_phase(learner, phase, [clock, progress, KeepHistory(history, phase.name)])
    n_images = n_batches * learner.dls.train.bs * total_epochs(phases)
    ended = time.perf_counter()
    return Trained(phases, rate, ended - started, ended - fit_started, n_images)


def fit_phase(learner: Learner, phase: Phase, callbacks: list[Any]) -> None:
    """Freeze what the phase freezes and fit the rest by fastai's one-cycle policy."""
    learner.freeze_to(phase.n_frozen)
    with learner.no_logging(), learner.no_bar():
        learner.fit_one_cycle(
            phase.epochs,
            lr_max=[UNUSED_RATE if rate is None else rate for rate in phase.rates],
            pct_start=phase.pct_start,
            div=phase.div,
            cbs=[FrozenStaysFrozen(), *callbacks],
        )


def find_rate(learner: Learner, narrator: Narrator) -> float:
    """Return the valley of fastai's learning-rate range test, run on the head alone.

    Weights, optimizer and the training's randomness are as before it.
    """
    learner.freeze()
    path = learner.path
    with tempfile.TemporaryDirectory() as folder:  # lr_find keeps the weights in a file
        learner.path = Path(folder)
        try:
            found = _range_test(learner, narrator)
        finally:
            learner.path = path
            learner.opt = None
    narrator.say(f"learning rate {found.valley:.2g}, the valley of the range test")
    return float(found.valley)


def _range_test(learner: Learner, narrator: Narrator) -> Any:
    """Run fastai's test with a bar.

    It starts the loading processes anew after every epoch: for few batches that would take longer
    than loading them in this process.
    """
    train = learner.dls.train
    few = train.fake_l.no_multiproc() if len(train) <= FEW_BATCHES else nullcontext()
    with narrator.bar("learning rate", RANGE_TEST_STEPS) as advance, few, learner.no_bar():
        callbacks = [FrozenStaysFrozen(), ShowProgress(advance)]
        with learner.added_cbs(callbacks):
            return learner.lr_find(
                num_it=RANGE_TEST_STEPS, suggest_funcs=(SuggestionMethod.Valley,), show_plot=False
            )
