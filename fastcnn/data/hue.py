"""A change of hue that costs next to nothing on a processor."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

TURN = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
"""Cross product with the grey axis, (1, 1, 1) scaled to length 1."""
GREY = torch.full((3, 3), 1 / 3)
"""Projection onto the grey axis."""


class TurnHue:
    """Turns the colours of each picture about the grey axis of RGB by a random angle.

    Red becomes warmer or cooler while grey and brightness stay. fastai's own `Hue` goes through
    HSV, which takes three times as long as all else that `--augment strong` does.
    """

    def __init__(self, max_turn: float) -> None:
        """Turn by up to `max_turn` to either side, in turns of the colour circle."""
        self.max_turn = max_turn

    def before_call(self, images: Tensor) -> None:
        """Draw an angle for each picture of a batch (N, 3, H, W)."""
        angle = torch.empty(len(images)).uniform_(-self.max_turn, self.max_turn) * 2 * math.pi
        cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
        # Rodrigues' rotation formula.
        self.matrices = cosine * (torch.eye(3) - GREY) + sine * TURN + GREY

    def __call__(self, images: Tensor) -> Tensor:
        """Return the pictures, (N, 3, H, W), float in 0..1, with their colours turned."""
        plain = images.as_subclass(Tensor)
        turned = torch.bmm(self.matrices.to(plain), plain.flatten(2)).view_as(plain)
        return turned.clamp_(0, 1).as_subclass(type(images))


def in_rgb(images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Change pictures as they are: fastai's `SpaceTfm` asks for a way into a colour space."""
    return change(images)
