"""The optimizers as fastai's `Learner` takes them: rates and momentum by group, decoupled decay.

All decay weights by `lr * wd` a step, apart from the gradient (Loshchilov and Hutter, "Decoupled
Weight Decay Regularization", arXiv 1711.05101), and leave biases and normalisation alone, as
fastai's `Learner` has it by default.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastai.optimizer import SGD, RAdam, RMSProp
from timm.optim import Lion
from timm.optim.muon import Muon
from torch.optim import AdamW

from fastcnn.settings import Settings
from fastcnn.training.optimizer_parts import TorchOptimizer, lamb, ranger

ADAM_DECAY = 0.01
"""Weight decay of fastai's Adam and of torch's AdamW."""
MOMENTUM = 0.9
"""Of sgd where the schedule does not move it."""
MUON_MOMENTUM = 0.6
"""Of muon, whatever the schedule: its steps are equally long, so that much momentum only adds up
their noise."""
RATE_FACTORS = {
    "adam": 1.0,
    "adamw": 1.0,
    "radam": 1.0,
    "lamb": 10.0,
    "ranger": 3.0,
    "rmsprop": 0.2,
    "sgd": 1.0,
    "lion": 0.2,
    "muon": 1.0,
}
"""How many times Adam's rate suits each."""


def usual_rate(opt: str) -> float:
    """Return the factor from a rate that suits Adam to one that suits `opt` in fine-tuning.

    Lion wants rates 3 to 10 times lower, since each of its steps is as long as the rate (Chen et
    al., "Symbolic Discovery of Optimization Algorithms", arXiv 2302.06675); lamb's are parts of
    the size of the weights; ranger goes half of its way back; rmsprop's first steps are ten times
    too long; muon's are as long as AdamW's (see there). For sgd, Adam's rate is about as high as a
    head on ready features bears: 25 times as much, usual from random weights, diverges. What the
    papers leave open was set to come near Adam's losses in 45 steps of a head and 27 of a whole
    tf_efficientnet_lite0 on 149 photographs.
    """
    return RATE_FACTORS[opt]


def decay_of(settings: Settings) -> float:
    """Return the weight decay: as asked for, or such that `lr * wd` is what it is for Adam.

    That is 0.01 for adam, adamw, radam, muon and sgd, 0.05 for lion and rmsprop, 0.0033 for ranger
    and 0.001 for lamb. The lion paper advises the same.
    """
    return ADAM_DECAY / usual_rate(settings.opt) if settings.wd is None else settings.wd


def optimizer_for(settings: Settings) -> Any:
    """Return the `opt_func` of fastai's `Learner` for `settings.opt`.

    Usual rates for fine-tuning, at the head: 0.001 to 0.01 for adam, adamw, radam, muon and sgd,
    0.003 to 0.03 for ranger, 0.01 to 0.1 for lamb, 0.0002 to 0.002 for rmsprop and lion; from
    random weights 0.03 to 0.3 for sgd and 0.01 to 0.03 for muon. The one-cycle policy moves the
    momentum (for adamw and lion the first of their betas) of all but rmsprop, which has none, and
    muon, whose momentum stays.
    """
    return partial(MAKERS[settings.opt], wd=decay_of(settings))


def cycle_of_momentum(opt: str) -> tuple[float, float, float] | None:
    """Return the momentum at the beginning, the peak and the end of one cycle; None is fastai's."""
    return (MUON_MOMENTUM,) * 3 if opt == "muon" else None


fused_adam = partial(AdamW, betas=(0.9, 0.99), eps=1e-5, fused=True)
"""fastai's Adam, up to rounding, in a fifth of its time: two passes over the weights, not ten."""
muon = partial(
    Muon,
    momentum=MUON_MOMENTUM,
    nesterov=True,
    ns_steps=3,
    ns_coefficients="original",
    betas=(0.85, 0.95),
)
"""timm's Muon: the momentum of a matrix or a kernel is made orthogonal before it is a step.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024,
https://kellerjordan.github.io/posts/muon); momentum and three iterations towards the orthogonal
matrix are those of his CIFAR-10 record (airbench94_muon, 2024). A step is as long as AdamW's (Liu
et al., "Muon is Scalable for LLM Training", arXiv 2502.16982). What has nothing to be made
orthogonal gets NAdamW's steps at the same rate: biases, norms, depthwise kernels, and matrices with
a side below 4 or a hundred times longer than wide, such as the head of two or three classes.
"""
MAKERS: dict[str, Callable[..., Any]] = {
    "adam": partial(TorchOptimizer, opt=fused_adam),
    "adamw": partial(TorchOptimizer, opt=AdamW),
    "radam": RAdam,
    "lamb": lamb,
    "ranger": ranger,
    "rmsprop": RMSProp,
    "sgd": partial(SGD, mom=MOMENTUM),
    "lion": partial(TorchOptimizer, opt=Lion),
    "muon": partial(TorchOptimizer, opt=muon, momentum="momentum"),
}
"""By the name that the command line knows them by."""
