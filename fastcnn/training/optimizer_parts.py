"""What fastai's optimizers lack: sparing decay for torch's, lamb from zero, a still Lookahead."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastai.optimizer import (
    Lookahead,
    Optimizer,
    OptimWrapper,
    RAdam,
    average_grad,
    average_sqr_grad,
    debias,
    pytorch_hp_map,
    step_stat,
    weight_decay,
)
from fastcore.foundation import L
from torch import Tensor

SMALLEST_SIZE = 0.01
"""What lamb takes for the size (root mean square) of weights that are smaller."""
LARGEST_RATIO = 10.0
"""Of a tensor's size to its step's in lamb, as in fastai's."""


class TorchOptimizer(OptimWrapper):
    """An optimizer of torch's kind whose decay leaves biases and normalisation alone.

    fastai marks these (`do_wd`) where torch does not look, so its plain `OptimWrapper` decays
    them. Here the optimizer's own decay is off and fastai's comes before the step: the same
    arithmetic where, as in AdamW and Lion, the decay is decoupled.
    """

    def __init__(
        self, params: Any, opt: Callable[..., Any], lr: float, wd: float, momentum: str = "betas__0"
    ) -> None:
        """Wrap `opt` of the groups of parameters that a splitter gave, or of a single one.

        `momentum` is what of `opt` fastai's `mom` stands for, where it has several such numbers.
        """
        groups = params if isinstance(params[0], (list, L)) else [params]
        hyper_names = {
            name: ours
            for name, ours in pytorch_hp_map.items()
            if ours != "wd" and (ours != "mom" or name == momentum)
        }
        super().__init__(
            [{"params": list(group), "wd": wd} for group in groups],
            opt,
            hp_map=hyper_names,
            convert_groups=False,
            lr=lr,
            weight_decay=0.0,
        )

    def step(self, closure: Any = None) -> None:
        """Decay what has a gradient, then step."""
        for parameter, _, state, hyper in self.all_params(with_grad=True):
            decays = state.get("do_wd", True)
            weight_decay(parameter, hyper["lr"], hyper["wd"], do_wd=decays)
        self.opt.step(closure)


def ranger(params: Any, lr: float, wd: float) -> Lookahead:
    """Return RAdam in Lookahead, with the numbers of fastai's `ranger`.

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", arXiv 1908.03265;
    Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", arXiv 1907.08610.
    """
    return StillLookahead(RAdam(params, lr=lr, mom=0.95, wd=wd, eps=1e-6))


class StillLookahead(Lookahead):
    """fastai's Lookahead, which leaves what is frozen alone: its own makes a zero of a -0.0."""

    def step(self, closure: Any = None) -> None:
        """Step; after every k-th step go back half the way."""
        if self.slow_weights is None:
            self._copy_weights()
        self.opt.step(closure)
        self.count += 1
        if self.count % self.k:
            return
        for slow_group, group in zip(self.slow_weights, self.param_lists, strict=True):
            for slow, parameter in zip(slow_group, group, strict=True):
                if parameter.requires_grad:
                    slow.lerp_(parameter.data, self.alpha)
                    parameter.data.copy_(slow)


def lamb(params: Any, lr: float, wd: float) -> Optimizer:
    """Return LAMB: You et al., "Large Batch Optimization for Deep Learning", arXiv 1904.00962.

    fastai's own takes steps in proportion to the size of the weights: a head that starts at
    zero hardly leaves it. The paper bounds the size from below (its phi), and so do we.
    """
    parts = [weight_decay, partial(average_grad, dampening=True), average_sqr_grad, step_stat]
    hypers = {"lr": lr, "mom": 0.9, "sqr_mom": 0.99, "eps": 1e-5, "wd": wd}
    return Optimizer(params, [*parts, bounded_lamb_step], **hypers)


def bounded_lamb_step(
    p: Tensor,
    lr: float,
    mom: float,
    step: int,
    sqr_mom: float,
    grad_avg: Tensor,
    sqr_avg: Tensor,
    eps: float,
    **others: Any,
) -> None:
    """Move one tensor; fastai's optimizer calls this by these names."""
    mean_square = sqr_avg / debias(sqr_mom, 1 - sqr_mom, step)
    update = grad_avg / debias(mom, 1 - mom, step) / (mean_square.sqrt() + eps)
    size = _size(p.data).clamp(min=SMALLEST_SIZE)
    ratio = (size / _size(update).clamp(min=eps)).clamp(max=LARGEST_RATIO)
    p.data.sub_(update * (lr * ratio))


def _size(tensor: Tensor) -> Tensor:
    return tensor.square().mean().sqrt()
