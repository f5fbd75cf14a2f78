"""Every optimizer: it learns, at the rate of each group, and leaves alone what it should."""

import warnings
from functools import partial
from pathlib import Path

import pytest
import torch
from fastai.optimizer import Adam, Lamb, OptimWrapper
from small_learner import (
    copy_of,
    fit,
    loss_on_training,
    near,
    phase,
    small_learner,
    state_of,
)
from torch import nn

from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings
from fastcnn.training.optimizers import (
    MAKERS,
    RATE_FACTORS,
    TorchOptimizer,
    decay_of,
    optimizer_for,
    usual_rate,
)

EVERY = pytest.mark.parametrize("opt", CHOICES["opt"])


def test_every_optimizer_that_can_be_asked_for_is_there() -> None:
    assert tuple(MAKERS) == tuple(RATE_FACTORS) == CHOICES["opt"]


@EVERY
def test_it_lowers_the_loss_at_its_usual_rate(opt: str) -> None:
    settings = Settings(opt=opt)
    learner = small_learner(settings)
    before = loss_on_training(learner)
    fit(learner, phase(rate=0.05 * usual_rate(opt), epochs=5), settings)
    assert loss_on_training(learner) < 0.8 * before


@EVERY
def test_frozen_tensors_keep_every_bit(opt: str) -> None:
    """Statistics too, under a weight decay that would show."""
    settings = Settings(opt=opt, wd=10.0)
    learner = small_learner(settings)
    fit(learner, phase(epochs=1), settings)  # so that there are gradients and averages to leak
    before = state_of(learner.model)
    fit(learner, phase(n_frozen=2, epochs=1), settings)
    after = state_of(learner.model)
    assert [name for name in before if before[name] != after[name]] == ["2.2.weight", "2.2.bias"]


@EVERY
def test_each_group_moves_at_its_rate(opt: str) -> None:
    """After a first step of one rate and one of another, all else the same."""
    moved = []
    for rates in ([1e-3, 1e-3, 1e-3], [1e-4, 0.0, 1e-3]):
        learner = small_learner(Settings(opt=opt, wd=0.0))
        learner.create_opt()
        before = {name: tensor.clone() for name, tensor in learner.model.named_parameters()}
        learner.opt.set_hyper("lr", rates)
        learner.opt.set_hyper("mom", 0.85)
        assert [hyper["lr"] for hyper in learner.opt.hypers] == rates
        assert {hyper["mom"] for hyper in learner.opt.hypers} == {0.85}
        images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        (learner.model(images) ** 2 + learner.model(images)).sum().backward()
        nn.init.constant_(learner.model[0][0].weight.grad, 0.5)
        learner.opt.step()
        moved.append({n: p.detach() - before[n] for n, p in learner.model.named_parameters()})
    assert torch.allclose(moved[1]["0.0.weight"], moved[0]["0.0.weight"] / 10, rtol=1e-3)
    assert moved[0]["0.0.weight"].abs().min() > 0
    assert all(not moved[1][name].any() for name in moved[1] if name.startswith("1."))
    assert torch.equal(moved[1]["2.2.bias"], moved[0]["2.2.bias"]) and moved[0]["2.2.bias"].any()


@EVERY
def test_weights_decay_by_rate_times_decay_and_norms_and_biases_do_not(opt: str) -> None:
    learner = small_learner(Settings(opt=opt, wd=0.5))
    learner.create_opt()
    learner.opt.set_hyper("lr", 0.1)
    before = {name: tensor.clone() for name, tensor in learner.model.named_parameters()}
    for parameter in learner.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    learner.opt.step()
    for name, tensor in learner.model.named_parameters():
        factor = 1 - 0.1 * 0.5 if name in ("0.0.weight", "1.0.weight", "2.2.weight") else 1.0
        assert torch.allclose(tensor, before[name] * factor), name


@pytest.mark.parametrize("opt", ["adamw", "lion"])
def test_torchs_arithmetic_is_that_of_the_plain_wrapper_where_all_decays(opt: str) -> None:
    parts = [nn.Linear(5, 4), nn.Linear(4, 2)]
    twins = [nn.Sequential(*parts), nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2))]
    twins[1].load_state_dict(twins[0].state_dict())
    groups = [[list(layer.parameters()) for layer in twin] for twin in twins]
    maker = MAKERS[opt].keywords["opt"]
    ours = TorchOptimizer(groups[0], maker, lr=0.01, wd=0.3)
    plain = OptimWrapper(groups[1], maker, lr=0.01, weight_decay=0.3)
    for _ in range(5):
        batch = torch.randn(3, 5)
        for optimizer, twin in zip((ours, plain), twins, strict=True):
            optimizer.set_hyper("lr", [0.01, 0.1])
            twin(batch).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    for one, other in zip(twins[0].parameters(), twins[1].parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-7)


def test_lamb_leaves_a_head_of_zeros_where_fastais_own_does_not() -> None:
    largest = {}
    for name, opt_func in (("ours", optimizer_for(Settings(opt="lamb"))), ("fastai's", Lamb)):
        learner = small_learner(opt_func=opt_func)
        fit(learner, phase(n_frozen=2, rate=0.02, epochs=4), Settings(opt="lamb"))
        largest[name] = float(learner.model[2][2].weight.detach().abs().max())
    assert largest["ours"] > 3 * largest["fastai's"]


def test_lamb_is_fastais_own_where_the_weights_are_large() -> None:
    ours, own = nn.Linear(6, 5), nn.Linear(6, 5)
    own.load_state_dict(ours.state_dict())
    optimizers = [
        optimizer_for(Settings(opt="lamb", wd=0.0))(list(ours.parameters()), lr=0.01),
        Lamb(list(own.parameters()), lr=0.01),
    ]
    for _ in range(10):
        batch = torch.randn(7, 6)
        for layer, optimizer in zip((ours, own), optimizers, strict=True):
            layer(batch).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    assert torch.allclose(ours.weight, own.weight, rtol=1e-4, atol=1e-6)


def test_the_decay_is_the_users_or_keeps_its_product_with_the_rate() -> None:
    assert decay_of(Settings(opt="sgd", wd=0.3)) == 0.3
    assert decay_of(Settings(opt="sgd", wd=0.0)) == 0.0
    for opt in CHOICES["opt"]:
        assert decay_of(Settings(opt=opt)) * usual_rate(opt) == pytest.approx(0.01)
        learner = small_learner(Settings(opt=opt))
        learner.create_opt()
        assert {hyper["wd"] for hyper in learner.opt.hypers} == {decay_of(Settings(opt=opt))}


def test_a_learner_of_one_group_will_do() -> None:
    """As fastai's default splitter makes it: a flat list of parameters."""
    for opt in CHOICES["opt"]:
        layer = nn.Linear(2, 2)
        assert len(optimizer_for(Settings(opt=opt))(list(layer.parameters()), lr=0.1).hypers) == 1


@EVERY
def test_the_range_test_leaves_no_trace(opt: str, work: Path) -> None:
    """It keeps the state of the optimizer in a file of its own and reads it back."""
    learner = small_learner(Settings(opt=opt), path=work)
    before = state_of(learner.model)
    with warnings.catch_warnings(), learner.no_logging(), learner.no_bar():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        learner.lr_find(num_it=12, show_plot=False, suggest_funcs=())
    after = state_of(learner.model)
    statistics = [name for name in after if "running" in name or "num_batches" in name]
    assert all(before[name] == after[name] for name in before if name not in statistics)


def test_adam_is_fastais_default() -> None:
    """A run without options is what fastai's own would be, up to rounding."""
    learned = []
    for opt_func in (optimizer_for(Settings()), partial(Adam, wd=0.01)):
        learner = small_learner(opt_func=opt_func)
        fit(learner, phase(rate=0.01, epochs=3), Settings())
        learned.append(copy_of(learner))
    assert near(*learned)
