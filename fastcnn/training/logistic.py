"""Logistic regression as the solver sees it: features on principal axes, and the objective."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fastcnn.errors import TrainingError
from fastcnn.training.lbfgs import Point

DOUBLE_PRECISION_SIZE = 2**22
"""Up to so many numbers, 32 MB, the last digits of the head are found in float64."""
BLOCK_SIZE = 2**20
"""Logits computed at a time, at most: bounds the memory where rows and classes are many."""


class FeatureSpace:
    """Features as the solver sees them: centred, of unit scale, on their principal axes.

    Rows span at most as many directions as they are, and the best weights lie in that span, so
    fewer rows than features make the problem smaller without changing it.
    """

    def __init__(self, features: Tensor) -> None:
        """Find mean, scale and axes of `features` (rows, features), and transform them."""
        small = features.numel() <= DOUBLE_PRECISION_SIZE
        precision = torch.float64 if small else torch.float32
        self.mean = features.mean(0, dtype=torch.float64)
        centred = features.to(precision) - self.mean.to(precision)
        self.scale = float(torch.linalg.vector_norm(centred)) / math.sqrt(centred.numel()) or 1.0
        if not math.isfinite(self.scale):
            raise TrainingError(
                "the features of some image are not finite numbers, or too large to compute with",
                hint="give other weights, with --weights, or another body, with --arch",
            )
        centred /= self.scale
        self.axes = _principal_axes(centred)
        self.rows = centred.new_ones(len(centred), self.axes.shape[1] + 1)
        """(rows, axes + 1): the last column is 1 and carries the bias."""
        torch.mm(centred, self.axes, out=self.rows[:, :-1])

    def original(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return weight (C, features) and bias (C,) for the features as they were, float64."""
        weight = weights[:, :-1].double() @ self.axes.T.double() / self.scale
        return weight, weights[:, -1].double() - weight @ self.mean


def _principal_axes(centred: Tensor) -> Tensor:
    """Return orthonormal axes (features, axes) that span the rows, by the smaller Gram matrix."""
    few_rows = len(centred) < centred.shape[1]
    gram = centred @ centred.T if few_rows else centred.T @ centred
    axes: Tensor = torch.linalg.eigh(gram.double())[1].to(centred.dtype)
    if few_rows:
        # Where rows repeat, the shortest images are rounding: QR makes axes of them too, last.
        axes = torch.linalg.qr((centred.T @ axes).flip(1))[0]
    return axes


class Problem:
    """The objective, summed over several heads on the same rows.

    The heads are those of the folds: for each, held-out rows have no share in the loss. Solving
    them together makes one wide matrix product of many narrow ones.
    """

    def __init__(self, rows: Tensor, targets: Tensor, shares: Tensor, n_classes: int) -> None:
        """Take rows (N, axes + 1), targets (N,), and shares of the rows (N, heads), sum 1."""
        self.shape = (shares.shape[1], n_classes, rows.shape[1])
        self.targets = targets[:, None, None].expand(-1, shares.shape[1], 1)
        self.penalised = rows.new_ones(rows.shape[1])
        self.penalised[-1] = 0
        self.mean_squares = torch.linalg.vector_norm(rows, dim=0).square() / len(rows)
        n_rows = max(1, BLOCK_SIZE // (shares.shape[1] * n_classes))
        parts = (rows, self.targets, shares.to(rows.dtype))
        self.blocks = list(zip(*(part.split(n_rows) for part in parts), strict=True))

    def _log_probabilities(self, rows: Tensor, weights: Tensor) -> Tensor:
        logits = rows @ weights.flatten(0, 1).T
        return F.log_softmax(logits.view(-1, *self.shape[:2]), dim=2)

    def row_losses(self, weights: Tensor) -> Tensor:
        """Return the cross-entropy of every row under every head, (N, heads)."""
        losses = [
            -self._log_probabilities(rows, weights).gather(2, targets)[..., 0]
            for rows, targets, _ in self.blocks
        ]
        return torch.cat(losses)

    def at(self, weights: Tensor, strength: float) -> Point:
        """Return the objective at `weights`; its gradient is probability less truth, by rows."""
        gradient = weights * (strength * self.penalised)
        value = float((weights * gradient).sum(dtype=torch.float64)) / 2
        for rows, targets, shares in self.blocks:
            errors = self._log_probabilities(rows, weights)
            value -= float((errors.gather(2, targets)[..., 0] * shares).sum(dtype=torch.float64))
            minus_one = errors.new_full((1, 1, 1), -1.0).expand_as(targets)
            errors.exp_().scatter_add_(2, targets, minus_one).mul_(shares[..., None])
            gradient.view(-1, self.shape[2]).addmm_(errors.flatten(1).T, rows)
        return Point(weights, value, gradient)

    def curvature(self, weights: Tensor, strength: float) -> Tensor:
        """Return about the Hessian, (axes + 1,), which on principal axes is nearly diagonal.

        The first block tells how sure the head is well enough.
        """
        probabilities = self._log_probabilities(self.blocks[0][0], weights).exp_()
        doubt = float((probabilities * (1 - probabilities)).mean())
        curvature: Tensor = max(doubt, strength / 1000) * self.mean_squares
        return curvature + strength * self.penalised
