"""Turning the hue: grey and brightness stay, colours follow the circle."""

import torch

from fastcnn.data.hue import TurnHue


def test_turning_the_hue_keeps_grey_and_brightness() -> None:
    torch.manual_seed(0)
    grey = torch.linspace(0, 1, 16).repeat(4, 3, 4, 1)
    coloured = 0.25 + torch.rand(4, 3, 4, 16) / 2
    turn = TurnHue(0.05)
    turn.before_call(grey)
    assert torch.allclose(turn(grey), grey, atol=1e-6)
    turned = turn(coloured)
    assert torch.allclose(turned.mean(1), coloured.mean(1), atol=1e-6)
    assert (turned - coloured).abs().amax(dim=(1, 2, 3)).min() > 0.001


def test_turning_the_hue_by_a_third_exchanges_the_channels() -> None:
    """The sense and the length of a turn: red becomes green, green blue, blue red."""
    turn = TurnHue(0.0)
    turn.before_call(torch.zeros(1, 3, 1, 1))
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert torch.allclose(turn(red), red)
    torch.manual_seed(1)
    turn = TurnHue(1 / 3)
    turn.before_call(torch.zeros(500, 3, 1, 1))
    most = turn(red.expand(500, 3, 1, 1).clone())[:, :, 0, 0]
    assert most[:, 1].max() > 0.99 and most[:, 2].max() > 0.99
