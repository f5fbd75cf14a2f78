"""Which weights a phase ends with: averaged, those of the best epoch, or of an early end."""

from pathlib import Path
from typing import Any

import pytest
from fastai.callback.core import Callback, CancelStepException
from small_learner import (
    Watch,
    copy_of,
    fit,
    near,
    phase,
    same,
    small_learner,
)

from fastcnn.settings import Settings
from fastcnn.training.averaging import AverageWeights
from fastcnn.training.best_epoch import KeepBestEpoch, StopEarly


class SkipThird(Callback):
    """Leaves every third step out, as an overflow in half precision does."""

    order = 10

    def before_step(self) -> None:
        if self.learn.iter % 3 == 2:
            raise CancelStepException


@pytest.mark.parametrize("skipping", [[], [SkipThird()]])
@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_average_is_the_one_computed_by_hand(decay: float, skipping: list[Any]) -> None:
    """Parameters and statistics; trained on as without it; validated, left and kept."""
    watch, plain = Watch(), Watch()
    learner, other = small_learner(), small_learner()
    fit(other, phase(), Settings(), plain, *skipping)
    fit(learner, phase(), Settings(), AverageWeights(decay), watch, *skipping)
    assert all(map(same, watch.trained, plain.trained))
    stepped = [s for number, s in enumerate(plain.trained) if not skipping or number % 3 != 2]
    average = {name: tensor.double() for name, tensor in stepped[0].items()}
    by_epoch = []
    for number, state in enumerate(stepped):
        stays = min(1 - (1 + number) ** (-2 / 3), decay)
        for name, tensor in state.items():
            average[name] = stays * average[name] + (1 - stays) * tensor.double()
            if not tensor.is_floating_point():
                average[name] = tensor.double()
        if (number + 1) % (len(stepped) // 2) == 0:
            by_epoch.append({name: tensor.clone() for name, tensor in average.items()})
    for expected, validated, left in zip(by_epoch, watch.validated, watch.left, strict=True):
        assert near({name: tensor.double() for name, tensor in validated.items()}, expected)
        assert same(validated, left)
    assert same(watch.left[-1], copy_of(learner))
    assert not same(watch.trained[-1], copy_of(learner))


def test_a_long_average_of_a_short_training_is_not_its_beginning() -> None:
    """Without the warm-up 12 steps of a decay of 0.999 would move the average by a hundredth."""
    learner = small_learner()
    before, watch = copy_of(learner), Watch()
    fit(learner, phase(), Settings(), AverageWeights(0.999), watch)
    head = "2.2.weight"
    moved = (copy_of(learner)[head] - before[head]).norm()
    assert moved > 0.5 * (watch.trained[-1][head] - before[head]).norm()


@pytest.mark.parametrize("largest_in_memory", [2**30, 0])
@pytest.mark.parametrize("averaging", [[], [AverageWeights(0.5)]])
def test_the_best_epoch_comes_back(
    largest_in_memory: int, averaging: list[Any], tmp_path: Path
) -> None:
    """From memory, or from a file that is gone afterwards; averaged if it was validated so."""
    learner, watch = small_learner(), Watch()
    keeping = KeepBestEpoch(tmp_path, largest_in_memory)
    files: list[int] = []
    looking = Callback(after_epoch=lambda self: files.append(len(list(tmp_path.iterdir()))))
    fit(learner, phase(rate=0.3, epochs=6), Settings(), keeping, watch, looking, *averaging)
    best = watch.losses.index(min(watch.losses))
    assert best < 5, "the last epoch must not be the best for this test to tell anything"
    assert same(copy_of(learner), watch.left[best])
    assert not same(copy_of(learner), watch.left[-1])
    assert learner.validate()[0] == pytest.approx(min(watch.losses))
    assert max(files) == (largest_in_memory == 0) and list(tmp_path.iterdir()) == []
    assert keeping.kept is None


@pytest.mark.parametrize("patience", [1, 2])
def test_training_stops_when_the_loss_gets_no_lower(patience: int) -> None:
    """A rate of zero in evaluation mode: the first epoch is the best for ever."""
    learner, watch = small_learner(with_batchnorm=False), Watch()
    fit(learner, phase(rate=0.0, epochs=6), Settings(), StopEarly(patience), watch)
    assert len(watch.losses) == patience + 1


def test_training_goes_on_while_the_loss_gets_lower() -> None:
    learner, watch = small_learner(), Watch()
    fit(learner, phase(n_frozen=2, rate=0.02, epochs=4), Settings(), StopEarly(1), watch)
    assert watch.losses == sorted(watch.losses, reverse=True) and len(watch.losses) == 4
