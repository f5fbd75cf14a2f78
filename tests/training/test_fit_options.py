"""The options of a fit: each does what its paper says, and none of them stays."""

from pathlib import Path
from typing import Any

import pytest
from fastai.callback.core import Callback
from fastai.callback.training import GradientClip
from small_learner import (
    fit,
    phase,
    small_learner,
    state_of,
)

from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings
from fastcnn.training.accumulation import AccumulateBatches
from fastcnn.training.averaging import AverageWeights
from fastcnn.training.best_epoch import KeepBestEpoch, StopEarly
from fastcnn.training.options import MixUpOrCutMix, callbacks_for, selected_on_validation
from fastcnn.training.phases import Method, Phase

EVERYTHING = Settings(
    accumulate=2, mixup=0.4, cutmix=1.0, clip=0.5, ema=0.9, early_stop=2, save_best=True, wd=3.0
)


def test_each_setting_brings_its_callback(tmp_path: Path) -> None:
    def kinds(settings: Settings, **changes: Any) -> list[type]:
        return [type(each) for each in callbacks_for(settings, phase(**changes), tmp_path)]

    assert kinds(Settings()) == []
    assert kinds(Settings(clip=1.0)) == [GradientClip]
    assert kinds(Settings(accumulate=4)) == [AccumulateBatches]
    assert kinds(Settings(cutmix=1.0)) == [MixUpOrCutMix]
    during = [MixUpOrCutMix, AccumulateBatches, GradientClip, AverageWeights]
    assert kinds(EVERYTHING) == [*during, KeepBestEpoch, StopEarly]
    assert kinds(EVERYTHING, is_main=False) == during


def test_features_are_mixed_up_but_not_cut(tmp_path: Path) -> None:
    features = Phase("head", Method.FIT_FEATURES, 2, (0.1,), 1)
    assert callbacks_for(Settings(cutmix=1.0), features, tmp_path) == []
    (mixing,) = callbacks_for(Settings(mixup=0.4, cutmix=1.0), features, tmp_path)
    assert len(mixing.kinds) == 1


def test_what_selects_on_validation_is_said() -> None:
    """Not where there was one epoch to choose from, or none left to stop before."""
    of_three, of_one = [phase(epochs=3)], [phase(epochs=3, is_main=False), phase(epochs=1)]
    assert not selected_on_validation(Settings(ema=0.9), of_three)
    assert selected_on_validation(Settings(early_stop=1), of_three)
    assert not selected_on_validation(Settings(early_stop=2), of_three)
    assert selected_on_validation(Settings(save_best=True), of_three)
    assert not selected_on_validation(Settings(save_best=True, early_stop=1), of_one)


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
@pytest.mark.parametrize("opt", ["adam", "ranger", "adamw"])
def test_with_everything_on_frozen_tensors_keep_every_bit(
    opt: str, schedule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sign of a zero too; and nothing is printed, left in the learner or in a folder."""
    settings = EVERYTHING.changed(opt=opt, schedule=schedule)
    learner = small_learner(settings)
    learner.model[0][0].weight.data[0] = -0.0
    learner.model[1][1].running_mean[:] = -0.0
    before, there, loss = state_of(learner.model), list(learner.cbs), learner.loss_func
    attributes = set(vars(learner))
    one = phase(n_frozen=2, epochs=3)
    fit(learner, one, settings, *callbacks_for(settings, one, tmp_path))
    after = state_of(learner.model)
    assert [name for name in before if before[name] != after[name]] == ["2.2.weight", "2.2.bias"]
    assert [type(each) for each in learner.cbs] == [type(each) for each in there]
    assert learner.loss_func is loss and list(tmp_path.iterdir()) == []
    fastais = {"final_record", "smooth_loss", "iter", "n_iter", "epoch", "n_epoch", "train_iter"}
    fastais |= {"pct_train", "dl", "xb", "yb", "pred", "loss", "loss_grad"}
    assert set(vars(learner)) - attributes <= fastais
    assert capsys.readouterr() == ("", "")


def test_a_fit_that_breaks_off_leaves_the_loss_as_it_was() -> None:
    learner = small_learner()
    loss = learner.loss_func

    def interrupt(self: Callback) -> None:
        if self.learn.training:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(learner, phase(), Settings(), MixUpOrCutMix(0.4, 0.0), Callback(after_pred=interrupt))
    assert learner.loss_func is loss
