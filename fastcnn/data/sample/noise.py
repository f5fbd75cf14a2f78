"""Periodic noise for textures and patterns: made once in a process, then looked up."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""Colours, points, amounts: any array of real numbers; the shape is said where it is used."""

TILE = 512
"""Side of a noise tile, pixels; a power of two, for cheap wrapping."""

FREE = TILE - 320
"""How far a window of a picture's size may be moved in a tile, pixels."""


@cache
def noise_tile(across: float, down: float, seed: int) -> Array:
    """Periodic noise (512, 512), mean 0, deviation 1, smooth over `across` x `down` pixels."""
    rows, columns = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    keep = np.exp(-19.7 * ((columns * across) ** 2 + (rows * down) ** 2))
    tile = np.fft.irfft2(_white_spectrum(seed) * keep, (TILE, TILE))
    return np.asarray((tile - tile.mean()) / tile.std(), dtype=np.float32)


@cache
def _white_spectrum(seed: int) -> NDArray[np.complexfloating[Any]]:
    """Fourier transform (512, 257) of noise without any smoothness."""
    return np.fft.rfft2(np.random.default_rng(seed).standard_normal((TILE, TILE)))


@cache
def spot_tile() -> Array:
    """Distance (512, 512) to the nearest of many scattered points, pixels; periodic."""
    random, cells, step = np.random.default_rng(5), 16, 32.0
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1).reshape(-1, 2)
    centres = (grid + random.uniform(0.1, 0.9, grid.shape)) * step
    nearest = np.full((TILE, TILE), np.inf)
    for x, y in centres:
        apart_x, apart_y = _apart(x), _apart(y)
        # every cell has a centre of its own, so one further off than this is never the nearest
        columns, rows = np.flatnonzero(apart_x < 42.0), np.flatnonzero(apart_y < 42.0)
        area = np.ix_(rows, columns)
        away = np.hypot(apart_x[None, columns], apart_y[rows, None])
        nearest[area] = np.minimum(nearest[area], away)
    return np.asarray(nearest, dtype=np.float32)


def _apart(position: float) -> Array:
    """Distance (512,) along one axis, round the edge of the tile if that is nearer, pixels."""
    apart = np.abs(np.arange(TILE) - position)
    return np.asarray(np.minimum(apart, TILE - apart))


def look_up(tile: Array, x: Array, y: Array) -> Array:
    """The tile's values (rows, columns) at pixel positions of that shape (the tile repeats)."""
    return np.asarray(tile[y.astype(np.int32) & (TILE - 1), x.astype(np.int32) & (TILE - 1)])


def window(tile: Array, x: Array, y: Array, shift: NDArray[Any]) -> Array:
    """The tile's values (rows, columns) at the positions a paint gets, moved by `shift` (2,).

    Much quicker than `look_up`; the picture must fit into the tile with the shift, which is
    0 to `FREE` pixels.
    """
    left, top = int(x[0, 0] + shift[0]), int(y[0, 0] + shift[1])
    return tile[top : top + y.shape[0], left : left + x.shape[1]]
