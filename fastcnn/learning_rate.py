"""The learning rate as a user writes it: a number, `auto`, or fastai's slice as `1e-5:1e-3`."""

import math
from dataclasses import dataclass

PATTERN = "a positive number, 'auto', or a slice such as 1e-5:1e-3"


@dataclass(frozen=True)
class LearningRate:
    """What `--lr` asks for; nothing here has been measured yet."""

    lowest: float | None
    """Rate of the first body group where a slice was given, else None."""
    highest: float | None
    """Rate of the head, None for `auto`."""

    @property
    def is_auto(self) -> bool:
        """Whether a learning-rate range test shall choose."""
        return self.highest is None

    @property
    def is_slice(self) -> bool:
        """Whether the user spread the rates over the groups by hand."""
        return self.lowest is not None


def parse_learning_rate(text: str) -> LearningRate:
    """Read `0.002`, `auto` or `1e-5:1e-3`.

    Raises:
        ValueError: for anything else, and for a slice whose first rate is above its second.
    """
    if text == "auto":
        return LearningRate(lowest=None, highest=None)
    low, colon, high = text.partition(":")
    rates = [_positive(low)] + ([_positive(high)] if colon else [])
    if len(rates) == 1:
        return LearningRate(lowest=None, highest=rates[0])
    if rates[0] > rates[1]:
        raise ValueError(f"{text!r} falls from the body to the head")
    return LearningRate(lowest=rates[0], highest=rates[1])


def scaled(text: str, factor: float) -> str:
    """Return the learning rate `text` with its numbers multiplied, to four digits."""
    if text == "auto" or factor == 1:
        return text
    return ":".join(f"{float(part) * factor:.4g}" for part in text.split(":"))


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{text!r} is not a positive number")
    return value
