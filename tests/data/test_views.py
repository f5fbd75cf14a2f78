"""The fixed pictures of an image: what each shows, and that it always shows the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from fastcnn.data.views import VIEWS, View, views

NAMED = {view.name: view for view in VIEWS}


def photographs(folder: Path, count: int = 3, side: int = 64) -> torch.Tensor:
    """Some real pictures, (count, 3, side, side), uint8."""
    files = sorted(folder.glob("*.jpg"))[:count]
    pixels = [np.array(Image.open(file).convert("RGB").resize((side, side))) for file in files]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)


def ramp(height: int, width: int) -> torch.Tensor:
    """A picture that grows from left to right in red and from top to bottom in green."""
    across = torch.linspace(0, 255, width).expand(height, width)
    down = torch.linspace(0, 255, height)[:, None].expand(height, width)
    return torch.stack([across, down, torch.zeros(height, width)]).round().to(torch.uint8)[None]


def test_the_views_are_those_of_the_contract_in_their_order() -> None:
    assert [view.name for view in views(2)] == ["plain", "flipped"]
    assert [view.is_flipped for view in VIEWS] == [False, True] * 4
    assert [view.tenths for view in VIEWS] == [10, 10, 9, 9, 9, 9, 8, 8]
    assert len(NAMED) == len(VIEWS) == 8


@pytest.mark.parametrize("count", [0, 9, -1])
def test_no_other_number_of_views(count: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 8"):
        views(count)


def test_the_plain_view_is_the_tensor_itself(few_pets: Path) -> None:
    pictures = photographs(few_pets)
    assert NAMED["plain"].apply(pictures) is pictures


def test_all_views_of_a_photograph_differ(few_pets: Path) -> None:
    pictures = photographs(few_pets)
    seen = [view.apply(pictures) for view in VIEWS]
    for place, one in enumerate(seen):
        assert not any(torch.equal(one, other) for other in seen[:place])


def test_a_picture_alone_is_seen_as_in_a_batch(few_pets: Path) -> None:
    """A stored feature must not depend on which pictures it was computed with, nor on layout."""
    pictures = photographs(few_pets)
    before = pictures.clone()
    for view in VIEWS:
        together = view.apply(pictures)
        alone = [view.apply(pictures[place : place + 1].contiguous()) for place in range(3)]
        assert torch.equal(together, torch.cat(alone))
        assert torch.equal(together, view.apply(pictures.contiguous()))
    assert torch.equal(pictures, before)


@pytest.mark.parametrize(
    ("name", "left_is_left_away", "top_is_left_away"),
    [
        ("9/10 top left", False, False),
        ("9/10 bottom right flipped", True, True),
        ("9/10 top right", True, False),
        ("9/10 bottom left flipped", False, True),
    ],
)
def test_a_corner_is_where_its_name_says(
    name: str, left_is_left_away: bool, top_is_left_away: bool
) -> None:
    red, green, _ = NAMED[name].apply(ramp(100, 100))[0].int()
    assert (red.min() > 15) == left_is_left_away
    assert (red.max() < 240) == (not left_is_left_away)
    assert (green.min() > 15) == top_is_left_away
    assert (green.max() < 240) == (not top_is_left_away)
    assert (red[0, 0] > red[0, -1]) == NAMED[name].is_flipped


def test_the_centre_leaves_a_tenth_away_on_every_side() -> None:
    red, green, _ = NAMED["8/10 centre"].apply(ramp(100, 100))[0].int()
    for channel in (red, green):
        assert 20 <= channel.min() <= 30
        assert 225 <= channel.max() <= 235


def test_what_a_name_stands_for_does_not_change() -> None:
    """Names are keys of stored features: another operation needs another name."""
    pictures = ramp(40, 30)
    brightness = {view.name: view.apply(pictures).long().sum().item() for view in VIEWS}
    expected = {
        "plain": 306_000,
        "flipped": 306_000,
        "9/10 top left": 274_500,
        "9/10 bottom right flipped": 337_530,
        "9/10 top right": 306_180,
        "9/10 bottom left flipped": 305_850,
        "8/10 centre": 305_940,
        "8/10 centre flipped": 305_940,
    }
    assert brightness == pytest.approx(expected, abs=100)


@hypothesis_settings(max_examples=40)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70), st.sampled_from(VIEWS), st.data())
def test_any_size_keeps_shape_and_range(
    count: int, height: int, width: int, view: View, data: st.DataObject
) -> None:
    seed = data.draw(st.integers(0, 99))
    random = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 256, (count, 3, height, width), generator=random).to(torch.uint8)
    seen = view.apply(pictures)
    assert seen.shape == pictures.shape
    assert seen.dtype == torch.uint8
    assert torch.equal(seen, view.apply(pictures))
    assert seen.min() >= pictures.min()  # bilinear weights are never negative
    assert seen.max() <= pictures.max()
    flipped = NAMED["flipped"]
    assert torch.equal(flipped.apply(flipped.apply(seen)), seen)
