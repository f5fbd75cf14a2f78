"""Convolution and max pooling by hand, forward and backward: a page to read, not to train with.

Every line works on single numbers, so that nothing hides in a library call. The letters are the
field's own:

    x   pictures        (N, C, H, W)     N pictures of C channels, H rows and W columns
    w   filters         (F, C, KH, KW)   F filters, each with one KH x KW kernel a channel
    b   biases          (F,)             one number a filter
    y   what comes out  (N, F, OH, OW)   one feature map a filter

A kernel fits on OH = floor((H + 2 * padding - KH) / stride) + 1 places from top to bottom, and
likewise OW from left to right. All arrays are NumPy's of float64, with values of any size, and so
is what is returned; what is given is not changed. What does not fit together raises a ValueError
that says what was given and what was expected (`naive_shapes`).

A layer's backward pass takes `dout`, the slope of the loss L in every number that came out,
dL/dy, and returns the slope in every number that went in. There is one rule: where y was made
with a product a * b, a receives dL/dy * b and b receives dL/dy * a; and a number that was used
several times adds up what it receives.

After Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (arXiv 1603.07285),
whose convolution, as every deep-learning library's, does not flip the kernel; it was made a layer
that learns by LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition" (Neural
Computation 1, 1989).
"""

import numpy as np

from fastcnn.models.naive_shapes import (
    Array,
    conv_output_shape,
    pool_output_shape,
    require_output,
)


def conv_forward(x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0) -> Array:
    """Lay every filter on every place of every picture, and add up the products.

        y[n, f, i, j] = b[f] + sum over c, u, v of
                        x[n, c, i * stride + u - padding, j * stride + v - padding] * w[f, c, u, v]

    Args:
        x: pictures (N, C, H, W).
        w: filters (F, C, KH, KW).
        b: biases (F,).
        stride: pixels from one place of the kernel to the next, at least 1.
        padding: rows and columns of zeros around the picture, at least 0.

    Returns:
        Feature maps (N, F, OH, OW).

    Raises:
        ValueError: the shapes do not go together, or the kernel is larger than the padded picture.

    >>> x = np.array([[[[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]]])
    >>> difference = np.array([[[[-1.0, 1.0]]]])
    >>> conv_forward(x, difference, np.zeros(1))
    array([[[[1., 2.],
             [1., 2.]]]])
    """
    pictures, filters, rows, columns = conv_output_shape(x, w, stride, padding, b)
    _, channels, kernel_height, kernel_width = w.shape
    y = np.zeros((pictures, filters, rows, columns))
    for n in range(pictures):
        for f in range(filters):
            for i in range(rows):  # where the kernel lies, from top to bottom
                for j in range(columns):  # and from left to right
                    total = float(b[f])
                    for c in range(channels):
                        for u in range(kernel_height):  # where in the kernel
                            for v in range(kernel_width):
                                row = i * stride + u - padding
                                column = j * stride + v - padding
                                total += _pixel(x, n, c, row, column) * float(w[f, c, u, v])
                    y[n, f, i, j] = total
    return y


def conv_backward(
    dout: Array, x: Array, w: Array, stride: int = 1, padding: int = 0
) -> tuple[Array, Array, Array]:
    """Hand the slope of every output number back to the pixels, weights and bias it was made of.

    With `row` and `column` as in the sum of `conv_forward`, every y[n, f, i, j] gives

        dx[n, c, row, column]  its  dout[n, f, i, j] * w[f, c, u, v]
        dw[f, c, u, v]         its  dout[n, f, i, j] * x[n, c, row, column]
        db[f]                  its  dout[n, f, i, j]

    and each of them adds up what it is given. What the zeros around the picture would get is
    dropped: nobody learns from it.

    Args:
        dout: dL/dy (N, F, OH, OW).
        x, w, stride, padding: as the forward pass had them.

    Returns:
        dL/dx (N, C, H, W), dL/dw (F, C, KH, KW) and dL/db (F,).

    Raises:
        ValueError: the shapes do not go together.

    >>> x = np.array([[[[1.0, 2.0, 4.0]]]])
    >>> difference = np.array([[[[-1.0, 1.0]]]])
    >>> conv_backward(np.ones((1, 1, 1, 2)), x, difference)
    (array([[[[-1.,  0.,  1.]]]]), array([[[[3., 6.]]]]), array([2.]))
    """
    pictures, filters, rows, columns = conv_output_shape(x, w, stride, padding)
    require_output(dout, (pictures, filters, rows, columns))
    _, channels, height, width = x.shape
    _, _, kernel_height, kernel_width = w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(filters)
    for n in range(pictures):
        for f in range(filters):
            for i in range(rows):
                for j in range(columns):
                    slope = float(dout[n, f, i, j])
                    db[f] += slope
                    for c in range(channels):
                        for u in range(kernel_height):
                            for v in range(kernel_width):
                                row = i * stride + u - padding
                                column = j * stride + v - padding
                                dw[f, c, u, v] += slope * _pixel(x, n, c, row, column)
                                if 0 <= row < height and 0 <= column < width:
                                    dx[n, c, row, column] += slope * float(w[f, c, u, v])
    return dx, dw, db


def maxpool_forward(x: Array, size: int, stride: int | None = None) -> Array:
    """Keep the largest number of every window.

        y[n, c, i, j] = max over u, v of x[n, c, i * stride + u, j * stride + v]

    Rows and columns at the end that fill no whole window are left out. A window with a NaN in it
    gives NaN, as torch's does.

    Args:
        x: pictures or feature maps (N, C, H, W).
        size: rows and columns of a window, at least 1.
        stride: pixels from one window to the next, at least 1; None for windows side by side,
            which is `size`.

    Returns:
        The maxima (N, C, OH, OW).

    Raises:
        ValueError: x has another shape, or the window is larger than it.

    >>> maxpool_forward(np.array([[[[1.0, 7.0, 3.0, 3.0], [5.0, 2.0, 3.0, 0.0]]]]), 2)
    array([[[[7., 3.]]]])
    """
    step = size if stride is None else stride
    pictures, channels, rows, columns = pool_output_shape(x, size, step)
    y = np.zeros((pictures, channels, rows, columns))
    for n in range(pictures):
        for c in range(channels):
            for i in range(rows):
                for j in range(columns):
                    row, column = _place_of_maximum(x, n, c, i * step, j * step, size)
                    y[n, c, i, j] = x[n, c, row, column]
    return y


def maxpool_backward(dout: Array, x: Array, size: int, stride: int | None = None) -> Array:
    """Hand the slope of every maximum back to the one pixel it came from.

        dx[n, c, row, column]  gets  dout[n, c, i, j]

    where x[n, c, row, column] is the maximum of window i, j: of several equal ones the first, row
    by row. All other pixels get nothing, since moving them a little changes nothing. Where windows
    overlap, a pixel that is the maximum of several adds up what it is given.

    Args:
        dout: dL/dy (N, C, OH, OW).
        x, size, stride: as the forward pass had them.

    Returns:
        dL/dx (N, C, H, W).

    Raises:
        ValueError: the shapes do not go together.

    >>> x = np.array([[[[1.0, 7.0, 3.0, 3.0], [5.0, 2.0, 3.0, 0.0]]]])
    >>> maxpool_backward(np.array([[[[10.0, 20.0]]]]), x, 2)
    array([[[[ 0., 10., 20.,  0.],
             [ 0.,  0.,  0.,  0.]]]])
    """
    step = size if stride is None else stride
    pictures, channels, rows, columns = pool_output_shape(x, size, step)
    require_output(dout, (pictures, channels, rows, columns))
    dx = np.zeros(x.shape)
    for n in range(pictures):
        for c in range(channels):
            for i in range(rows):
                for j in range(columns):
                    row, column = _place_of_maximum(x, n, c, i * step, j * step, size)
                    dx[n, c, row, column] += dout[n, c, i, j]
    return dx


def _pixel(x: Array, n: int, c: int, row: int, column: int) -> float:
    """Return one number of a picture, 0 where the padding around it is meant."""
    _, _, height, width = x.shape
    if 0 <= row < height and 0 <= column < width:
        return float(x[n, c, row, column])
    return 0.0


def _place_of_maximum(x: Array, n: int, c: int, top: int, left: int, size: int) -> tuple[int, int]:
    """Return row and column of the largest number of one window: the first, or else a NaN.

    A NaN differs from itself, and is larger than nothing: once found, only another takes its place.
    """
    place = top, left
    largest = float(x[n, c, top, left])
    for row in range(top, top + size):
        for column in range(left, left + size):
            value = float(x[n, c, row, column])
            if value > largest or value != value:
                place, largest = (row, column), value
    return place
