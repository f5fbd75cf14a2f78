"""A strategy as data: which groups learn in each phase, how long, and at which rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Phase:
    """One call of fastai's `fit_one_cycle` with a fixed set of frozen groups."""

    name: str
    """head, or all: what the history calls it."""
    epochs: int
    """Passes over the training images."""
    rates: tuple[float | None, ...]
    """Highest learning rate of each parameter group from stem to head; None freezes the group."""
    pct_start: float
    """Part of the phase in which the rate rises."""
    div: float
    """The rate begins at the highest divided by this."""

    @property
    def n_frozen(self) -> int:
        """How many groups, from the stem on, do not move."""
        return sum(rate is None for rate in self.rates)


def frozen_body(n_groups: int, rate: float) -> tuple[float | None, ...]:
    """Only the last group, the head, learns."""
    return (*[None] * (n_groups - 1), rate)


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
