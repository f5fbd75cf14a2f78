"""A strategy as data: what is frozen in each phase, how long it takes, and at which rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Method(StrEnum):
    """How a phase is carried out."""

    FIT = "fit"
    """fastai's loop on pictures, augmented anew in every epoch."""
    FIT_FEATURES = "fit on features"
    """fastai's loop on features that the frozen body computed once."""
    SOLVE = "solve"
    """The best linear head on these features, as a convex problem."""


@dataclass(frozen=True)
class Phase:
    """A stretch of training with a fixed set of frozen groups."""

    name: str
    """solve, head, all …: what the history calls it."""
    method: Method
    """How it is carried out."""
    n_frozen: int
    """How many parameter groups, from the stem on, do not move."""
    rates: tuple[float, ...] = ()
    """Highest learning rate of each group that learns, from stem to head; none where solved."""
    epochs: int = 0
    """Passes over the training images; none where solved."""
    pct_start: float = 0.25
    """Part of the phase in which the rate rises (one-cycle)."""
    div: float = 25.0
    """The rate begins at the highest divided by this (one-cycle)."""
    keeps_statistics: bool = False
    """Whether BatchNorm goes on normalising by the statistics that it came with."""
    is_main: bool = True
    """Whether it is the phase that early stopping and progressive resizing are about."""

    def freezes_body(self, n_groups: int) -> bool:
        """Return whether nothing learns but the head, the last of the network's groups."""
        return self.n_frozen == n_groups - 1

    def rates_by_group(self, names: Sequence[str]) -> dict[str, float | None]:
        """Return the rate of every group; None is frozen, or solved."""
        learning = self.rates or (None,) * (len(names) - self.n_frozen)
        return dict(zip(names, (*[None] * self.n_frozen, *learning), strict=True))


def discriminative(n_groups: int, lowest: float, highest: float) -> tuple[float, ...]:
    """Rates that grow by an equal factor from the stem to the head.

    What the early layers know (edges, textures) serves any picture and shall move little; see
    Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification", arXiv
    1801.06146, and fastai's `even_mults`.
    """
    return tuple(float(rate) for rate in np.geomspace(highest, lowest, n_groups))[::-1]


def total_epochs(phases: Sequence[Phase]) -> int:
    """Return the epochs of all phases together."""
    return sum(phase.epochs for phase in phases)
