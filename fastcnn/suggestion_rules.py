"""Rules of thumb: which of several trainings that fit a time is to be expected to score higher.

Of head and body: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", arXiv 2202.10054; of more and less work, Kornblith et al., "Do Better ImageNet
Models Transfer Better?", arXiv 1805.08974.
"""

import shlex
from dataclasses import dataclass

from fastcnn.suggestion_costs import Cost, Trial

SMALL = 48
"""Pixels of the shorter side up to which a picture is small: a network for 224 px sees a blur."""
FEW = 50
"""Images of a class up to which they are few: a whole network learns them by heart."""
ENOUGH = 5000
"""Images from which on a small network learns something from nothing."""


@dataclass(frozen=True)
class Facts:
    """What a look at the data set tells."""

    folder: str
    """As it can be typed here."""
    images: int
    """To learn from and to score."""
    training_images: int
    """To learn from."""
    classes: int
    """How many there are."""
    side: int
    """Shorter side of the median picture, in pixels."""

    @property
    def is_small(self) -> bool:
        """Whether the pictures are too small for a network made for 224 px."""
        return self.side <= SMALL

    @property
    def a_class(self) -> int:
        """Return the training images of a class, in the mean."""
        return self.training_images // max(1, self.classes)


def rank_of(cost: Cost, facts: Facts) -> tuple[int, int]:
    """Return how much is to be expected; the more work a network does, the more it has learned.

    Few images: a frozen body. Many: first the head, then everything. Many small ones: a network
    of their own size learns more than an enlarged frozen one knows, if it has the epochs.
    """
    orders = {
        "few": ("scratch", "lp-ft", "head"),
        "many": ("scratch", "head", "lp-ft"),
        "small": ("head", "scratch", "lp-ft"),
    }
    is_many = facts.training_images >= ENOUGH and facts.a_class > FEW
    case = "few" if facts.a_class <= FEW else "small" if facts.is_small and is_many else "many"
    return orders[case].index(cost.trial.strategy), cost.trial.work


def reason_of(trial: Trial, facts: Facts) -> str:
    """Return why these pictures may be learned in this way."""
    enlarged = f"; pictures of {facts.side} px are enlarged to {trial.size}"
    if trial.strategy == "scratch":
        few = "are enough" if facts.training_images >= ENOUGH else "are not many"
        return (
            f"made for pictures of {trial.size} px; {facts.training_images:,} of them {few} to "
            "learn from nothing"
        )
    if trial.strategy == "head":
        why = (
            f"{facts.a_class} images a class are few: a body that stays as it is does not learn "
            "them by heart"
            if facts.a_class <= FEW
            else "its body sees each image once, so it is the quickest way to a good score"
        )
    else:
        why = (
            "the body learns too, gently, from the solved head; with so few images it gains little"
            if facts.a_class <= FEW
            else f"{facts.a_class:,} images a class let the body learn too, from the solved head"
        )
    return why + enlarged * facts.is_small


def command_of(trial: Trial, facts: Facts) -> str:
    """Return the command that trains so, to copy."""
    epochs = ["--epochs", str(trial.epochs)] if trial.epochs is not None else []
    return shlex.join(
        ["fastcnn", "train", facts.folder, "--arch", trial.arch, "--strategy", trial.strategy]
        + ["--size", str(trial.size), *epochs]
    )
