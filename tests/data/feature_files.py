"""Vectors to put into a store of features."""

import numpy as np

from fastcnn.data.feature_entries import Vector


def vector(value: float, length: int = 2500) -> Vector:
    return np.full(length, value, np.float32)
