"""From Optuna's trials to settings."""

from typing import Any

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastcnn.models.networks import parse_network
from fastcnn.settings import Settings, resolve_settings
from fastcnn.sweep.checks import parse_space
from fastcnn.sweep.defaults import default_space
from fastcnn.sweep.draw import draw_settings, first_draws, usual_draw
from fastcnn.sweep.space import Space

optuna.logging.set_verbosity(optuna.logging.ERROR)


def space_of(*searches: str) -> Space:
    space, problems = parse_space(list(searches))
    assert not problems
    return space


def drawn(space: Space, beneath: dict[str, Any], **values: Any) -> dict[str, Any]:
    return draw_settings(optuna.trial.FixedTrial(values), space, lambda own: {**beneath, **own})


@pytest.mark.parametrize(
    "beneath",
    [{"strategy": "head"}, {"strategy": "full"}, {"strategy": "scratch", "arch": "five-block"},
     {"strategy": "scratch", "arch": "three-conv-evonorm-s0"}],
)  # fmt: skip
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_drawn_can_be_trained(beneath: dict[str, Any], seed: int) -> None:
    """And typed: no number has more than a few digits."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    space = default_space({}, beneath)
    values = draw_settings(study.ask(), space, lambda own: {**beneath, **own})
    resolved = resolve_settings(beneath, values)
    assert len(str(resolved.wd)) < 12
    if resolved.arch != Settings.arch:
        parse_network(resolved.arch)


def test_what_the_head_has_no_use_for_is_not_drawn() -> None:
    space = space_of("lr=0.001..0.1", "head=linear,fastai", "epochs=2..8", "bs=16,32", "views=1,2")
    beneath = {"strategy": "head"}
    assert drawn(space, beneath, head="linear", views="2") == {"head": "linear", "views": 2}
    everything = {"head": "fastai", "lr": 0.012345678, "epochs": 3, "bs": "32", "views": "1"}
    assert drawn(space, beneath, **everything) == {
        **{"head": "fastai", "lr": "0.01235", "epochs": 3, "bs": 32, "views": 1},
    }


def test_settings_of_a_network_become_its_name() -> None:
    space = space_of("net.kernel=3,5", "net.activation=relu,mish", "net.norm=batch,evonorm-s0")
    beneath = {"strategy": "scratch", "arch": "five-block:dense=64"}
    one = drawn(
        space, beneath, **{"net.norm": "batch", "net.kernel": "5", "net.activation": "mish"}
    )
    network = parse_network(one["arch"]).settings
    assert (network.kernel, network.activation, network.dense) == (5, "mish", 64)
    other = drawn(space, beneath, **{"net.norm": "evonorm-s0", "net.kernel": "3"})
    assert parse_network(other["arch"]).settings.norm == "evonorm-s0"


def test_settings_with_spaces_around_them_are_the_same_settings() -> None:
    space = space_of("net.kernel=3,5", "net.depth=1..2")
    beneath = {"strategy": "scratch", "arch": "five-block: kernel=3, dense=64"}
    one = drawn(space, beneath, **{"net.kernel": "5", "net.depth": 2})
    network = parse_network(one["arch"]).settings
    assert (network.kernel, network.depth, network.dense) == (5, 2, 64)


def test_what_a_network_is_named_after_is_not_drawn() -> None:
    """three-conv-bn with its norm drawn away would be another network than was asked for."""
    for arch in ("three-conv-bn", "three-conv-evonorm-s0"):
        space = default_space({"arch": arch, "strategy": "scratch"}, {})
        assert "net.norm" not in space
        assert ("net.activation" in space) == (arch == "three-conv-bn")
    assert "net.norm" in default_space({"arch": "three-conv", "strategy": "scratch"}, {})


def test_networks_of_others_have_no_such_settings() -> None:
    space = space_of("arch=five-block,resnet18", "net.kernel=3,5")
    beneath = {"strategy": "scratch"}
    assert drawn(space, beneath, arch="resnet18") == {"arch": "resnet18"}
    assert drawn(space, beneath, arch="five-block", **{"net.kernel": "5"}) == {
        "arch": "five-block:kernel=5"
    }


def test_none_leaves_a_setting_away() -> None:
    space = space_of("clip=none,1", "save_best=true,false")
    values = drawn(space, {"strategy": "full"}, clip="none", save_best="true")
    assert values == {"clip": None, "save_best": True}


def test_the_first_trial_is_the_usual_one() -> None:
    space = space_of("lr=0.001..0.1", "views=1,2", "mixup=0,0.4", "wd=0.01..0.1", "epochs=7..9")
    usual = Settings(lr="0.004", views=2, mixup=0.0, wd=None, epochs=5)
    assert usual_draw(space, usual) == {"lr": 0.004, "views": "2", "mixup": "0"}


@pytest.mark.parametrize(
    ("arch", "searches"),
    [
        ("three-conv:kernel=5", ["kernel=3,5", "activation=relu,mish", "filters=16,32-64-128"]),
        ("three-conv:filters=64", ["filters=16,64", "kernel=1..5:2", "dense=0..64"]),
        ("three-conv-evonorm-s0", ["kernel=1..5:2", "activation=relu,gelu", "dropout=0..0.5"]),
        ("sprint", ["filters=64,64-256-256", "activation=relu,gelu", "norm=batch,none"]),
    ],
)
def test_the_first_trial_has_the_network_as_it_is(arch: str, searches: list[str]) -> None:
    """Whatever stands in the search beside what it has."""
    space = space_of(*(f"net.{search}" for search in searches))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    study.enqueue_trial(usual_draw(space, Settings(arch=arch)))
    beneath = {"strategy": "scratch", "arch": arch}
    values = draw_settings(study.ask(), space, lambda own: {**beneath, **own})
    assert parse_network(values["arch"]) == parse_network(arch)


def test_no_more_combinations_than_trials_are_all_tried_the_usual_one_first() -> None:
    space = space_of("net.depth=1,2", "bs=16..48:16", "save_best=true,false", "views=1..2")
    usual = Settings(arch="five-block", bs=32)
    draws = first_draws(space, usual, 24)
    assert len({tuple(draw.items()) for draw in draws}) == len(draws) == 2 * 3 * 2 * 2
    assert draws[0] == {"net.depth": "1", "bs": 32, "save_best": "false", "views": 2}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    for draw in draws:
        study.enqueue_trial(draw)
    beneath = {"strategy": "full", "arch": "five-block"}
    seen = [draw_settings(study.ask(), space, lambda own: {**beneath, **own}) for _ in draws]
    assert len({str(one) for one in seen}) == 12  # views are nothing to a body that moves
    assert first_draws(space, usual, 23) == [usual_draw(space, usual)]
    endless = space_of("net.depth=1,2", "lr=0.001..0.1")
    assert len(first_draws(endless, usual, 1000)) == 1


def test_the_first_trial_takes_what_it_can() -> None:
    space = space_of("net.kernel=1,7", "net.filters=8..64", "net.dense=0,32")
    assert usual_draw(space, Settings(arch="three-conv")) == {"net.dense": "0"}
    assert usual_draw(space, Settings(arch="resnet18")) == {}
