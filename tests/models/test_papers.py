"""Mish and EvoNorm as torch and timm have them, against their papers' formulas in plain NumPy."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from timm.layers import EvoNorm2dB0, EvoNorm2dS0
from torch import nn

Array = NDArray[np.float64]
STEP = 1e-5
OWN = ("v", "weight", "bias")
NUMBERS = st.floats(-4, 4).map(lambda number: round(number, 3))
# Batch sizes 1 and 2 are among them; a variance needs two numbers of a channel.
MAPS = array_shapes(min_dims=4, max_dims=4, min_side=1, max_side=4).flatmap(
    lambda shape: arrays(
        np.float64, (shape[0], 2 * shape[1], shape[2] + 1, shape[3]), elements=NUMBERS
    )
)
CASES = settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])


def mish(x: Array) -> Array:
    """x * tanh(ln(1 + e^x)): arXiv 1908.08681, section 1."""
    return x * np.tanh(np.log1p(np.exp(x)))


def evonorm_s0(x: Array, v: Array, gamma: Array, beta: Array, groups: int, eps: float) -> Array:
    """x * sigmoid(v x) / sqrt(variance of the group + eps) * gamma + beta: arXiv 2004.02967."""
    n, c, h, w = x.shape
    variance = x.reshape(n, groups, c // groups, h, w).var(axis=(2, 3, 4), keepdims=True)
    deviation = np.sqrt(np.broadcast_to(variance, (n, groups, c // groups, h, w)) + eps)
    gate = 1 / (1 + np.exp(-v * x))
    return x * gate / deviation.reshape(x.shape) * gamma + beta


def evonorm_b0(x: Array, v: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """x / max(sqrt(variance of the batch + eps), v x + sqrt(variance of the picture + eps))."""
    of_batch = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + eps)
    of_picture = np.sqrt(x.var(axis=(2, 3), keepdims=True) + eps)
    return x / np.maximum(of_batch, v * x + of_picture) * gamma + beta


def slopes(function: Callable[[Array], Array], x: Array, weights: Array) -> Array:
    """Central differences of the sum of what comes out, each number weighted."""
    found = np.empty_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += STEP
        down[place] -= STEP
        found[place] = ((function(up) - function(down)) * weights).sum() / (2 * STEP)
    return found


def drawn(n_channels: int, seed: int) -> list[Array]:
    generator = np.random.default_rng(seed)
    return [generator.normal(1, 0.5, (1, n_channels, 1, 1)) for _ in range(3)]


def require_same(layer: nn.Module, formula: Callable[..., Array], x: Array, *own: Array) -> None:
    """Compare what comes out, and the slope of a weighted sum of it in every number put in.

    `own` are the layer's own numbers, in the order of its parameters v, weight, bias.
    """
    given_ = torch.tensor(x, requires_grad=True)
    output = layer(given_)
    weights = np.random.default_rng(0).normal(size=x.shape)
    (output * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(output.detach().numpy(), formula(x, *own), rtol=1e-4, atol=1e-4)
    require_slopes(given_.grad, lambda moved: formula(moved, *own), x, weights)
    for place, name in enumerate(OWN[: len(own)]):
        before, after = own[:place], own[place + 1 :]
        require_slopes(
            getattr(layer, name).grad,
            lambda moved, before=before, after=after: formula(x, *before, moved, *after),
            own[place],
            weights,
        )


def require_slopes(
    found: torch.Tensor | None, formula: Callable[[Array], Array], at: Array, weights: Array
) -> None:
    assert found is not None
    expected = slopes(formula, at, weights)
    scale = np.abs(expected).max() + 1
    np.testing.assert_allclose(
        found.numpy().reshape(at.shape), expected, rtol=1e-3, atol=1e-3 * scale
    )


@CASES
@given(MAPS)
def test_mish(x: Array) -> None:
    require_same(nn.Mish(), mish, x)


@CASES
@given(MAPS, st.integers(0, 100), st.booleans())
def test_evonorm_s0(x: Array, seed: int, in_pairs: bool) -> None:
    n_channels = x.shape[1]
    groups = n_channels // 2 if in_pairs else 1
    layer = EvoNorm2dS0(n_channels, groups=groups).double()
    formula = partial(evonorm_s0, groups=groups, eps=layer.eps)
    require_same(layer, formula, x, *set_weights(layer, seed))


@pytest.mark.parametrize("n_pictures", [1, 2])
def test_few_pictures(n_pictures: int) -> None:
    """One picture and two, whatever hypothesis draws."""
    x = np.random.default_rng(3).normal(size=(n_pictures, 4, 3, 3))
    require_same(nn.Mish(), mish, x)
    in_groups = EvoNorm2dS0(4, groups=2).double()
    formula = partial(evonorm_s0, groups=2, eps=in_groups.eps)
    require_same(in_groups, formula, x, *set_weights(in_groups, 5))
    of_batch = EvoNorm2dB0(4).double().train()
    formula = partial(evonorm_b0, eps=of_batch.eps)
    require_same(of_batch, formula, x, *set_weights(of_batch, 5))


@CASES
@given(MAPS, st.integers(0, 100))
def test_evonorm_b0(x: Array, seed: int) -> None:
    layer = EvoNorm2dB0(x.shape[1]).double().train()
    v, gamma, beta = set_weights(layer, seed)
    of_batch = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + layer.eps)
    other = v * x + np.sqrt(x.var(axis=(2, 3), keepdims=True) + layer.eps)
    # At the kink of the maximum, or next to a pole, there is no slope to measure.
    assume(np.abs(of_batch - other).min() > 1e-3 and np.maximum(of_batch, other).min() > 0.02)
    require_same(layer, partial(evonorm_b0, eps=layer.eps), x, v, gamma, beta)


@pytest.mark.parametrize("n_pictures", [1, 2])
def test_evonorm_b0_scores_by_what_it_saw_in_training(n_pictures: int) -> None:
    """In evaluation the variance of the batch is the running one: one step moves it by a tenth."""
    x = np.random.default_rng(1).normal(size=(n_pictures, 4, 3, 3))
    layer = EvoNorm2dB0(4).double().train()
    layer(torch.tensor(x))
    expected = 0.9 + 0.1 * x.var(axis=(0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_var.numpy(), expected, rtol=1e-5)
    alone = layer.eval()(torch.tensor(x[:1])).detach().numpy()
    of_picture = np.sqrt(x[:1].var(axis=(2, 3), keepdims=True) + layer.eps)
    seen = np.sqrt(expected.reshape(1, 4, 1, 1) + layer.eps)
    np.testing.assert_allclose(alone, x[:1] / np.maximum(seen, x[:1] + of_picture), rtol=1e-4)


def set_weights(layer: nn.Module, seed: int) -> list[Array]:
    values = drawn(len(layer.v), seed)
    with torch.no_grad():
        for parameter, value in zip((layer.v, layer.weight, layer.bias), values, strict=True):
            parameter.copy_(torch.tensor(value.reshape(-1)))
    return values
