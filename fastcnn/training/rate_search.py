"""fastai's learning-rate range test, leaving weights, optimizer and randomness as they were."""

import copy
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.callback.schedule import SuggestionMethod
from fastai.learner import Learner

from fastcnn.errors import TrainingError
from fastcnn.narrator import Narrator
from fastcnn.training.callbacks import FrozenStaysFrozen, ShowProgress
from fastcnn.training.fit import feature_learner, silent
from fastcnn.training.job import Job
from fastcnn.training.threads import one_thread

STEPS = 100
"""Batches of the range test, fastai's own number."""
READINGS = (
    SuggestionMethod.Valley,
    SuggestionMethod.Minimum,
    SuggestionMethod.Steep,
    SuggestionMethod.Slide,
)
FEW_BATCHES = 8
"""Up to so many batches an epoch, the range test loads them without other processes."""


@dataclass(frozen=True)
class RangeTest:
    """What a range test found: Smith, "Cyclical Learning Rates", arXiv 1506.01186."""

    suggestions: dict[str, float]
    """fastai's four readings of the curve: valley, minimum, steep, slide."""
    curve: list[tuple[float, float]]
    """Rate and smoothed loss of every step."""


def reading_for(suggestions: Mapping[str, float], strategy: str, head: str) -> str:
    """Return which of the four readings is taken where nobody chooses.

    The valley, as in fastai; but a linear head starts at zero and learns a little at any rate, so
    that its fall begins early and the valley is a tenth of what is best. There it is the slide,
    or the minimum where that is lower: on losses that are small throughout, the slide lies near
    the end of the curve.
    """
    if head == "linear" and strategy != "scratch":
        return min(("slide", "minimum"), key=suggestions.__getitem__)
    return "valley"


def search_on_features(job: Job) -> RangeTest:
    """Test rates for the head on a frozen body: the body computes each picture at most once."""
    learner = feature_learner(job)
    state = copy.deepcopy(learner.model.state_dict())
    try:
        with one_thread():
            return range_test(learner, job.narrator)
    finally:
        learner.model.load_state_dict(state)


def search_on_pictures(job: Job, n_frozen: int, callbacks: list[Any]) -> RangeTest:
    """Test rates for everything above `n_frozen` groups, on augmented pictures."""
    job.learner.freeze_to(n_frozen)
    return range_test(job.learner, job.narrator, [FrozenStaysFrozen(), *callbacks])


def range_test(
    learner: Learner, narrator: Narrator, callbacks: list[Any] | None = None
) -> RangeTest:
    """Run the test; the learner is as before it, without optimizer."""
    path = learner.path
    with tempfile.TemporaryDirectory() as folder:  # lr_find keeps the weights in a file
        learner.path = Path(folder)
        try:
            return _range_test(learner, narrator, callbacks or [])
        except (IndexError, ValueError) as error:  # fastai reads a curve that is too short
            raise TrainingError(
                f"the range test ended before there was a curve to read: {error}",
                hint="give a rate, for example --lr 0.004, or look at the images",
            ) from error
        finally:
            learner.path = path
            learner.opt = None


def _range_test(learner: Learner, narrator: Narrator, callbacks: list[Any]) -> RangeTest:
    """Run fastai's test with a bar.

    It starts the loading processes anew after every epoch: for few batches that would take longer
    than loading them in this process.
    """
    train = learner.dls.train
    few = train.fake_l.no_multiproc() if len(train) <= FEW_BATCHES else nullcontext()
    with narrator.bar("learning rate", STEPS) as advance, few, silent(learner):
        with learner.added_cbs([ShowProgress(advance), *callbacks]):
            found = learner.lr_find(num_it=STEPS, suggest_funcs=READINGS, show_plot=False)
        rates, losses = learner.recorder.lrs, learner.recorder.losses
    curve = [(float(rate), float(loss)) for rate, loss in zip(rates, losses, strict=False)]
    return RangeTest({name: float(rate) for name, rate in found._asdict().items()}, curve)
