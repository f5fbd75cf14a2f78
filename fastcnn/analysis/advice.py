"""What to try next: rules that tie one thing to do to one thing that was found, with its numbers.

Each rule looks at one kind of finding and answers None where there is nothing to say. What to
change is given as options of `fastcnn recipe` and `fastcnn train`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from fastcnn.analysis.calibration import Calibration
    from fastcnn.analysis.confusion import Confusion

UNEQUAL = 3.0
"""Images of the largest class for each of the smallest, from which classes are out of balance."""
LARGER = 1.3
"""Sides of the pictures for each side of what the network sees, from which detail is lost."""
MISCALIBRATED = 0.05
"""Expected calibration error from which probabilities mislead."""
WIDE = 0.06
"""Width of an interval from which a score is vague."""
WRONG = 0.05
"""Part of the images that is wrong, from which it is worth while to look for more detail."""
LP_FT = "lp-ft"
"""The strategy that lets the body learn from a solved head."""
DOCTOR, MODELS = ("doctor",), ("models", "--suggest")
"""Commands that are asked about a folder of images."""


@dataclass(frozen=True)
class Advice:
    """One thing to try."""

    finding: str
    """What was found, with its numbers, in a sentence."""
    action: str
    """What to do about it, in a sentence or two."""
    options: tuple[str, ...] = ()
    """To be added to the command of the run."""
    asks: tuple[str, ...] = ()
    """Another command of fastcnn that is asked about the images instead, with `options`."""
    code: str | None = None
    """What does it in Python, where no command does."""
    about: str = ""
    """labels, images, training, repeats, classes, confusions or confidence."""


def learn_something(sentence: str | None) -> Advice | None:
    """Look at the data first, where a model learned nothing: `sentence` says so, with numbers."""
    if sentence is None:
        return None
    return Advice(
        sentence,
        "No setting mends that: look at whether the labels belong to the pictures.",
        ("--sheet", "worst.png"),
        asks=DOCTOR,
        about="images",
    )


def part_the_copies(
    n_across: int, n_held_out: int, n_conflicting: int, *, by_folder: bool = True
) -> Advice | None:
    """Take away copies that lie on both sides of the split, or have two labels.

    Args:
        n_across: held-out images with a copy among those learned from.
        n_held_out: all held-out images.
        n_conflicting: images that are there twice, under two labels.
        by_folder: whether the folders are the labels, as the doctor takes them to be when it
            moves files aside.
    """
    found = []
    if n_across:
        found.append(
            f"{n_across:,} of the {n_held_out:,} held-out images have a copy, or nearly one, "
            "among those learned from: the scores are too good"
        )
    if n_conflicting:
        found.append(f"{n_conflicting:,} images stand in the data under two labels")
    if not found:
        return None
    action, options = (
        ("Move them aside, look at what is left, and train again.", ("--quarantine", "aside"))
        if by_folder
        else ("Find out which to keep, keep one of each, and train again.", ("--csv", "copies.csv"))
    )
    return Advice(f"{'; '.join(found)}.", action, options, asks=DOCTOR, about="images")


def mend_labels(n_doubtful: int, n_judged: int) -> Advice | None:
    """Look at doubtful labels: one image in fifty or more is worth an hour."""
    if not n_doubtful:
        return None
    part = 100 * n_doubtful / n_judged
    return Advice(
        f"{n_doubtful:,} of {n_judged:,} labels look doubtful ({part:.1f} %).",
        "Look at them, correct those that are wrong, and train again.",
        about="labels",
    )


def tell_apart(
    confused: Sequence["Confusion"],
    n_wrong: int,
    n_classes: int,
    sides: tuple[int, int] | None,
    strategies: Collection[str] = (),
) -> Advice | None:
    """Look at the two classes that are confused most, in either direction.

    Args:
        confused: pairs, the most confused first.
        n_wrong: wrong answers in all.
        n_classes: that there are; of two, every wrong answer takes one for the other.
        sides: of the pictures and of what the network sees of them, in pixels; None where the
            pictures are gone.
        strategies: that were tried already.
    """
    both: dict[frozenset[str], int] = {}
    for pair in confused:
        key = frozenset((pair.target, pair.predicted))
        both[key] = both.get(key, 0) + pair.count
    if n_classes < 3 or not both or max(both.values()) < 2:
        return None
    names, count = max(both.items(), key=lambda item: item[1])
    one, other = sorted(names)
    larger = larger_size(*sides) if sides and sides[0] >= LARGER * sides[1] else None
    how, options = "collect more of both", tuple[str, ...]()
    if larger:
        how, options = "let the network see finer detail", ("--size", str(larger))
    elif LP_FT not in strategies:
        how, options = "let the body learn what tells them apart", ("--strategy", LP_FT)
    return Advice(
        f"{count} of {n_wrong} wrong answers take {one} for {other} or the other way round.",
        f"Look at them: can you tell them apart? If so, {how}.",
        options,
        about="confusions",
    )


def balance(
    counts: Mapping[str, int], scores: pd.DataFrame, *, is_balanced: bool = False
) -> Advice | None:
    """Give rare classes more weight, where they are recognised less often than the others.

    Args:
        counts: training images of each class.
        scores: of `fastcnn.analysis.scores.class_scores`.
        is_balanced: whether rare classes had more weight, or more draws, already.
    """
    if is_balanced or len(counts) < 2 or max(counts.values()) < UNEQUAL * min(counts.values()):
        return None
    rare = sorted(counts, key=counts.__getitem__)[: max(1, len(counts) // 4)]
    recall = scores.set_index("class")["recall"].dropna()
    of_rare, of_others = recall[recall.index.isin(rare)], recall[~recall.index.isin(rare)]
    if of_rare.empty or of_others.empty or of_rare.mean() >= of_others.mean():
        return None
    most = max(counts, key=counts.__getitem__)
    return Advice(
        f"{most} has {counts[most]:,} training images, {rare[0]} {counts[rare[0]]:,}; the rarest "
        f"classes are recognised less often ({of_rare.mean():.2f} against {of_others.mean():.2f}).",
        "Give them more weight, or collect more of them.",
        ("--balance", "weights"),
        about="classes",
    )


def show_more_detail(median_side: int, size: int, accuracy: float) -> Advice | None:
    """Show the network larger pictures, where the files hold more detail than it sees."""
    if median_side < LARGER * size or 1 - accuracy < WRONG:
        return None
    larger = larger_size(median_side, size)
    if larger is None:
        return None
    return Advice(
        f"The pictures are {median_side} pixels high or wide (the shorter side of most), the "
        f"network sees {size}, and {100 * (1 - accuracy):.0f} % of its answers are wrong.",
        f"Let it see more detail; that costs about {(larger / size) ** 2:.2g} times as much.",
        ("--size", str(larger)),
        about="images",
    )


def larger_size(median_side: int, size: int) -> int | None:
    """Return a multiple of 32 above `size`; None where the pictures have no pixels for it.

    It is twice the size at most.

    Args:
        median_side: shorter side of half the pictures, at least, in pixels.
        size: what the network sees, in pixels.
    """
    larger = min(median_side, 2 * size) // 32 * 32
    return larger if larger > size else None


def cool_down(calibration: "Calibration") -> Advice | None:
    """Mistrust probabilities that are too high, or too low, by more than chance makes them."""
    is_less = calibration.ece_after < calibration.ece_before
    if calibration.ece_before < MISCALIBRATED or not is_less or not calibration.is_more_than_chance:
        return None
    temperature = calibration.temperature
    how = "surer than it is right" if temperature > 1 else "less sure than it is right"
    return Advice(
        f"It is {how}: its confidence is off by {calibration.ece_before:.3f} on average.",
        f"Scale the probabilities p that it gives for a picture by the temperature "
        f"{temperature:.2f}: that leaves {calibration.ece_after:.3f}.",
        code=f"p = p ** (1 / {temperature:.2f}); p = p / p.sum()",
        about="confidence",
    )


def score_more(interval: Sequence[float], n: int, n_images: int) -> Advice | None:
    """Score every image once, where too few are held out to say much."""
    low, high = interval
    if high - low < WIDE:
        return None
    return Advice(
        f"{n:,} held-out images leave the accuracy between {low:.3f} and {high:.3f}.",
        f"Let every one of the {n_images:,} images be held out once, in five trainings.",
        ("--folds", "5", "--split", "stratified"),  # else refused where parts are given
    )
