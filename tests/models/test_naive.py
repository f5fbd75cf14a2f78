"""The layers by hand compute what torch computes, and do it in single numbers throughout."""

import doctest
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scalar_code import array_operations
from torch.nn import functional

from fastcnn.models import naive, naive_shapes
from fastcnn.models.naive import conv_backward, conv_forward, maxpool_backward, maxpool_forward

CASES = settings(max_examples=500)
TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}
small = st.integers(1, 3)


def numbers(seed: int, *shape: int, levels: int = 0) -> Any:
    """Normal numbers, or whole ones from 0 to below `levels`, so that many are equal."""
    random = np.random.default_rng(seed)
    whole = random.integers(0, max(levels, 1), shape).astype(np.float64)
    return whole if levels else random.normal(size=shape)


def learning(array: Any) -> torch.Tensor:
    return torch.from_numpy(array.copy()).requires_grad_()


def assert_same(ours: Any, theirs: torch.Tensor | None) -> None:
    assert theirs is not None
    assert ours.dtype == np.float64
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), **TOLERANCE)


@CASES
@given(
    sizes=st.tuples(st.integers(0, 2), small, small, st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=small,
    padding=st.integers(0, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_convolution_and_its_gradients_are_torch_s(
    sizes: tuple[int, int, int, int, int],
    kernel: tuple[int, int],
    stride: int,
    padding: int,
    seed: int,
) -> None:
    pictures, channels, filters, height, width = sizes
    height, width = max(height, kernel[0] - 2 * padding), max(width, kernel[1] - 2 * padding)
    x = numbers(seed, pictures, channels, height, width)
    w = numbers(seed + 1, filters, channels, *kernel)
    b = numbers(seed + 2, filters)
    at = {"stride": stride, "padding": padding}
    tensors = [learning(array) for array in (x, w, b)]
    y = functional.conv2d(*tensors, **at)  # type: ignore[arg-type]
    assert_same(conv_forward(x, w, b, **at), y)
    dout = numbers(seed + 3, *y.shape)
    y.backward(torch.from_numpy(dout))  # type: ignore[no-untyped-call]
    for ours, tensor in zip(conv_backward(dout, x, w, **at), tensors, strict=True):
        assert_same(ours, tensor.grad)


@CASES
@given(
    sizes=st.tuples(st.integers(0, 2), small, st.integers(1, 8), st.integers(1, 8)),
    size=st.integers(1, 4),
    stride=st.none() | st.integers(1, 5),
    levels=st.sampled_from([0, 2, 4]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_max_pool_and_its_gradient_are_torch_s_with_ties_too(
    sizes: tuple[int, int, int, int], size: int, stride: int | None, levels: int, seed: int
) -> None:
    pictures, channels, height, width = sizes
    x = numbers(seed, pictures, channels, max(height, size), max(width, size), levels=levels)
    tensor = learning(x)
    y = functional.max_pool2d(tensor, size, stride)
    assert_same(maxpool_forward(x, size, stride), y)
    dout = numbers(seed + 1, *y.shape)
    y.backward(torch.from_numpy(dout))  # type: ignore[no-untyped-call]
    assert_same(maxpool_backward(dout, x, size, stride), tensor.grad)


@settings(max_examples=50)
@given(places=st.sets(st.integers(0, 23), max_size=6), endless=st.booleans())
def test_nan_and_infinity_go_through_as_in_torch(places: set[int], endless: bool) -> None:
    x = numbers(0, 1, 1, 4, 6, levels=3)
    for place in places:
        x[0, 0, place // 6, place % 6] = -np.inf if endless else np.nan
    tensor, w, b = learning(x), numbers(1, 2, 1, 3, 3), numbers(2, 2)
    y = functional.max_pool2d(tensor, 2)
    y.backward(torch.ones_like(y))  # type: ignore[no-untyped-call]
    assert_same(maxpool_forward(x, 2), y)
    assert_same(maxpool_backward(np.ones((1, 1, 2, 3)), x, 2), tensor.grad)
    theirs = functional.conv2d(tensor, torch.from_numpy(w), torch.from_numpy(b), padding=1)
    assert_same(conv_forward(x, w, b, padding=1), theirs)


def measured_slopes(loss: Callable[[], float], array: Any, step: float = 1e-5) -> Any:
    """Central differences: move each number a little up and down, and see what the loss does."""
    slopes = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + step
        above = loss()
        array[place] = kept - step
        slopes[place] = (above - loss()) / (2 * step)
        array[place] = kept
    return slopes


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_the_gradients_of_a_convolution_are_what_moving_each_number_shows(
    stride: int, padding: int
) -> None:
    x, w, b = numbers(0, 2, 2, 5, 4), numbers(1, 3, 2, 3, 2), numbers(2, 3)
    dout = numbers(3, *conv_forward(x, w, b, stride, padding).shape)

    def loss() -> float:
        return float((dout * conv_forward(x, w, b, stride, padding)).sum())

    gradients = conv_backward(dout, x, w, stride, padding)
    for array, gradient in zip((x, w, b), gradients, strict=True):
        np.testing.assert_allclose(gradient, measured_slopes(loss, array), **TOLERANCE)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 1), (2, 3)])
def test_the_gradient_of_a_max_pool_is_what_moving_each_number_shows(
    size: int, stride: int | None
) -> None:
    x = np.random.default_rng(0).permutation(2.0 * np.arange(60)).reshape(2, 1, 5, 6)
    dout = numbers(1, *maxpool_forward(x, size, stride).shape)

    def loss() -> float:
        return float((dout * maxpool_forward(x, size, stride)).sum())

    gradient = maxpool_backward(dout, x, size, stride)
    np.testing.assert_allclose(gradient, measured_slopes(loss, x), **TOLERANCE)


def test_what_is_given_stays_as_it_is() -> None:
    x, w, b = numbers(0, 1, 1, 4, 4), numbers(1, 1, 1, 2, 2), numbers(2, 1)
    before = [array.copy() for array in (x, w, b)]
    y = conv_forward(x, w, b)
    conv_backward(y, x, w)
    maxpool_backward(maxpool_forward(x, 2), x, 2)
    for array, copy in zip((x, w, b), before, strict=True):
        np.testing.assert_array_equal(array, copy)


X, W, B = np.ones((1, 2, 5, 4)), np.ones((3, 2, 3, 3)), np.ones(3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conv_forward(X[0], W, B), ["x has the shape (2, 5, 4)", "(N, C, H, W)"]),
        (lambda: conv_forward(X, W[:, :1], B), ["w has 1 channels", "expected 2"]),
        (lambda: conv_forward(X, W, B[:2]), ["b has the shape (2,)", "expected (3,)"]),
        (lambda: conv_forward(X, W, B, 0, -1), ["stride is 0", "padding is -1", "at least"]),
        (lambda: conv_forward(X, W, B, 1.5), ["stride is 1.5", "whole number"]),
        (lambda: conv_forward(X.astype(np.uint8), W, B), ["x holds uint8", "float64"]),
        (lambda: conv_forward(X.tolist(), W, B), ["x is a list", "NumPy array"]),
        (lambda: conv_forward(X, np.ones((3, 2, 5, 5)), B), ["5x5", "at most 5x4"]),
        (lambda: conv_backward(X, X, W), ["dout has the shape", "expected (1, 3, 3, 2)"]),
        (lambda: maxpool_forward(X, 0), ["size is 0", "stride is 0"]),
        (lambda: maxpool_forward(X, 5), ["the window is 5x5", "at most 5x4"]),
        (lambda: maxpool_backward(X, X, 2), ["dout has the shape", "expected (1, 2, 2, 2)"]),
    ],
)
def test_what_does_not_fit_is_named_with_what_would(call: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as raised:
        call()
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("module", [naive, naive_shapes])
def test_the_examples_in_its_page_are_right(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_it_needs_nothing_but_numpy() -> None:
    program = (
        "import sys; from fastcnn.models import naive; "
        "print([name for name in ('torch', 'scipy', 'pandas', 'PIL') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


def test_no_operation_works_on_more_than_single_numbers() -> None:
    assert array_operations(inspect.getsource(naive)) == []


def changed(old: str, new: str) -> str:
    source = inspect.getsource(naive)
    assert old in source
    return source.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total = float(b[f])", "total = float((x[n] * w[f]).sum())"),
        ("total = float(b[f])", "total = float(np.sum(w))"),
        ("total = float(b[f])", "total = float(w[f, 0, 0] @ w[f, 0, 0])"),
        ("total = float(b[f])", "total = sum(b)"),
        ("total = float(b[f])", "total = float(b)"),
        ("total = float(b[f])", "total = float(b[f]); y = y + b"),
        ("total = float(b[f])", "total = float(b[f]); y += 1"),
        ("total = float(b[f])", "total = -b"),
        ("total = float(b[f])", "total = [value for value in b]"),
        ("total = float(b[f])", "total = b; total *= 2"),
        ("total = float(b[f])", "pair = (x, w); total = pair[0] * pair[1]"),
        ("total = float(b[f])", "total = float(x[n, c, i, f])[:3]"),
        ("y[n, f, i, j] = total", "y[n, f, i] = total"),
        ("y[n, f, i, j] = total", "y[n, f, i, :] = total"),
        ("y[n, f, i, j] = total", "y[..., j] = total"),
        ("y[n, f, i, j] = total", "y[n, f, i, [j, j]] = total"),
        ("np.zeros(x.shape), np.zeros(w.shape)", "x * 0, w * 0"),
        ("dx = np.zeros(x.shape)", "dx = np.zeros(x.shape); dx = x.max()"),
        ("return y", "return np.pad(y, 1)"),
        ("return y", "return y + 1"),
        ("import numpy as np", "import numpy as np\nimport torch"),
    ],
)
def test_the_look_at_its_syntax_finds_vector_operations(old: str, new: str) -> None:
    assert array_operations(changed(old, new))


def test_the_look_at_its_syntax_finds_a_vectorised_layer() -> None:
    found = array_operations(
        "import numpy as np\n"
        "from fastcnn.models.naive_shapes import Array\n"
        "def conv_forward(x: Array, w: Array, b: Array) -> Array:\n"
        "    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))\n"
        "    return np.einsum('nchwuv,fcuv->nfhw', windows, w) + b[:, None, None]\n"
    )
    assert {"line 4: Slice", "line 5: call of np.einsum"} <= set(found)
