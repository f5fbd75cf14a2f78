"""Heat on pictures: brighter where the network looked, and the picture still to be seen."""

import numpy as np

from fastcnn.report.saliency_pictures import overlaid


def test_the_hotter_the_brighter_and_what_is_cold_stays_as_it_was() -> None:
    picture = np.full((8, 64, 3), 60, np.uint8)
    heat = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (8, 1))
    drawn = overlaid(picture, heat)
    assert drawn.shape == picture.shape and drawn.dtype == np.uint8
    assert (drawn[:, 0] == 60).all()
    # Luminance, by which eyes of any colour vision tell places apart.
    luminance = drawn[0].astype(float) @ [0.2126, 0.7152, 0.0722]
    warm = luminance[24:]
    assert (np.diff(warm) > 0).all() and warm[-1] > 150


def test_the_picture_shows_through_the_heat() -> None:
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2] = 255
    drawn = overlaid(stripes, np.ones((16, 16), np.float32)).astype(int)
    assert (drawn[:, ::2] - drawn[:, 1::2]).min() > 50
