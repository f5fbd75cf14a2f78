"""The rates along a phase, phases that know nothing of each other, and the change of size."""

import math
from typing import Any

import pytest
from fastai.callback.core import Callback
from small_learner import (
    fit,
    loaders,
    phase,
    small_learner,
    state_of,
)

from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings
from fastcnn.training.best_epoch import StopEarly
from fastcnn.training.phases import Method, Phase
from fastcnn.training.schedule import SwapLoaders, epochs_by_size, fit_by_schedule


class Watch(Callback):
    """Notes what each step is taken with, and on what."""

    order = 70

    def __init__(self) -> None:
        super().__init__()
        self.hypers: list[list[dict[str, Any]]] = []
        self.sizes: list[tuple[int, int]] = []
        self.first_state: list[str] = []

    def before_batch(self) -> None:
        opt = self.learn.opt
        if self.learn.training:
            if not self.hypers:
                states = [dict(opt.state[p]) for p in self.learn.model.parameters()]
                self.first_state = sorted({name for state in states for name in state})
                assert not getattr(opt, "slow_weights", None)
                assert all(p.grad is None for p in self.learn.model.parameters())
            self.hypers.append([dict(hyper) for hyper in opt.hypers])
            self.sizes.append((self.learn.epoch, self.learn.x.shape[-1]))

    def rates(self, group: int) -> list[float]:
        return [float(hypers[group]["lr"]) for hypers in self.hypers]

    def momenta(self) -> list[float]:
        return [float(hypers[-1]["mom"]) for hypers in self.hypers]


def watched(one: Phase, settings: Settings, *callbacks: Any) -> Watch:
    watch = Watch()
    fit(small_learner(settings), one, settings, *callbacks, watch)
    return watch


def test_one_cycle_rises_and_falls_in_every_group() -> None:
    one = Phase("all", Method.FIT, 1, (0.001, 0.02), epochs=4, pct_start=0.25, div=5.0)
    watch = watched(one, Settings())
    head = watch.rates(2)
    assert len(head) == 24 and head.index(max(head)) == 6
    assert head[0] == pytest.approx(0.02 / 5) and max(head) == pytest.approx(0.02)
    assert head[-1] < 0.02 / 100
    assert head[:7] == sorted(head[:7]) and head[6:] == sorted(head[6:], reverse=True)
    assert watch.rates(1) == pytest.approx([rate / 20 for rate in head])
    assert set(watch.rates(0)) == {0.0}
    assert watch.momenta()[6] == pytest.approx(0.85) and watch.momenta()[0] == 0.95


def test_flat_cosine_is_level_and_then_falls_along_a_cosine() -> None:
    one = Phase("all", Method.FIT, 1, (0.001, 0.02), epochs=4)
    watch = watched(one, Settings(schedule="flat-cosine"))
    head = watch.rates(2)
    assert head[:19] == pytest.approx([0.02] * 19)
    falling = [0.01 * (1 + math.cos(math.pi * step / 6)) for step in range(6)]
    assert head[18:] == pytest.approx(falling, rel=1e-3)
    assert watch.rates(1) == pytest.approx([rate / 20 for rate in head])
    assert set(watch.rates(0)) == {0.0}
    assert set(watch.momenta()) == {0.9}


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_muons_momentum_stays(schedule: str) -> None:
    """That of its orthogonal steps; fastai's own cycle would move it from 0.95 to 0.85."""
    settings = Settings(opt="muon", schedule=schedule)
    learner, watch = small_learner(settings), Watch()
    fit(learner, phase(epochs=1), settings, watch)
    assert set(watch.momenta()) == {0.6}
    assert {group["momentum"] for group in learner.opt.opt.param_groups} == {0.6}
    learner.opt.set_hyper("mom", 0.7)
    assert {group["momentum"] for group in learner.opt.opt.param_groups} == {0.7}
    assert {group["betas"] for group in learner.opt.opt.param_groups} == {(0.85, 0.95)}


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
@pytest.mark.parametrize(("wd", "expected"), [(None, 0.05), (0.7, 0.7)])
def test_the_decay_is_the_one_asked_for(schedule: str, wd: float | None, expected: float) -> None:
    settings = Settings(opt="lion", schedule=schedule, wd=wd)
    watch = watched(phase(epochs=1), settings)
    decays = {hyper["wd"] for hypers in watch.hypers for hyper in hypers}
    assert len(decays) == 1 and decays.pop() == pytest.approx(expected)


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
@pytest.mark.parametrize("opt", ["adam", "adamw", "ranger"])
def test_a_phase_knows_nothing_of_the_one_before(opt: str, schedule: str) -> None:
    """From the same weights the same comes out, whatever was trained before with the learner."""
    settings = Settings(opt=opt, schedule=schedule)
    fresh, used = small_learner(settings), small_learner(settings)
    start = {name: tensor.clone() for name, tensor in used.model.state_dict().items()}
    fit(used, phase(rate=0.05, epochs=1), settings)
    used.model.load_state_dict(start)
    watch = Watch()
    fit(fresh, phase(n_frozen=1, epochs=1), settings)
    fit(used, phase(n_frozen=1, epochs=1), settings, watch)
    assert state_of(fresh.model) == state_of(used.model)
    assert set(watch.first_state) <= {"do_wd"}


def test_no_gradient_is_left_when_a_phase_is_over() -> None:
    learner = small_learner()
    fit(learner, phase(epochs=1), Settings())
    assert all(parameter.grad is None for parameter in learner.model.parameters())


def test_phases_may_freeze_what_the_last_one_trained() -> None:
    learner = small_learner()
    fit(learner, phase(epochs=1), Settings())
    before = state_of(learner.model[:2])
    fit(learner, phase(n_frozen=2, epochs=1), Settings(wd=5.0))
    assert state_of(learner.model[:2]) == before
    learns = [[p.requires_grad for p in part.parameters()] for part in learner.model]
    assert [set(part) for part in learns] == [{False}, {False}, {True}]


def test_a_head_alone_has_no_frozen_groups() -> None:
    """The learner of a head on features: one group, and a phase that counts those of the body."""
    learner = small_learner(
        splitter=lambda model: [p for p in model.parameters() if p.requires_grad]
    )
    one = Phase("head", Method.FIT_FEATURES, 2, (0.01,), epochs=1)
    before = state_of(learner.model)
    with learner.no_logging(), learner.no_bar():
        fit_by_schedule(learner, one, Settings(), [])
    assert not any(before[name] == bits for name, bits in state_of(learner.model).items())


@pytest.mark.parametrize(
    ("epochs", "changes", "expected"),
    [
        (5, {}, [(64, 2), (224, 3)]),
        (4, {}, [(64, 2), (224, 2)]),
        (1, {}, [(224, 1)]),
        (4, {"is_main": False}, [(224, 4)]),
        (4, {"method": Method.FIT_FEATURES}, [(224, 4)]),
    ],
)
def test_the_first_half_of_the_main_phase_is_small(
    epochs: int, changes: dict[str, Any], expected: list[tuple[int, int]]
) -> None:
    one = Phase(**{"name": "all", "method": Method.FIT, "n_frozen": 0, "epochs": epochs} | changes)
    assert epochs_by_size(Settings(progressive=64), one) == expected
    assert epochs_by_size(Settings(), one) == [(224, epochs)]


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_a_change_of_size_does_not_interrupt_the_cycle(schedule: str) -> None:
    settings = Settings(schedule=schedule)
    large = loaders(size=12)
    swapped, plain = Watch(), watched(phase(epochs=4), settings)
    learner = small_learner(settings)
    fit(learner, phase(epochs=4), settings, SwapLoaders(2, large), swapped)
    assert swapped.rates(2) == plain.rates(2)
    assert dict(swapped.sizes) == {0: 8, 1: 8, 2: 12, 3: 12}
    assert learner.dls is large


def test_a_fit_that_ends_early_has_the_loaders_of_its_end() -> None:
    large = loaders(size=12)
    learner = small_learner()
    stopping = [SwapLoaders(3, large), StopEarly(patience=1)]
    fit(learner, phase(rate=0.0, epochs=4), Settings(), *stopping)
    assert learner.epoch == 1 and learner.dls is large
