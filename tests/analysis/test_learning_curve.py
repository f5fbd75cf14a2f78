"""What a learning curve says, and how sure it is."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fastcnn.analysis.learning_curve import CurvePoint, describe_curve, doubling_gain, half_of

quick = settings(max_examples=60)


def right(n_right: int, n: int, n_draws: int = 5) -> npt.NDArray[np.bool_]:
    """Heads that are all right on the first images."""
    return np.tile(np.arange(n) < n_right, (n_draws, 1))


def curve(
    half: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_], learned: float = 1.0
) -> dict[str, Any]:
    """Describe a curve of two points, of 50 and 100 training images of two classes."""
    points = [
        CurvePoint(50, 0.5, half, (1.0,) * len(half)),
        CurvePoint(100, 1.0, whole, (learned,)),
    ]
    return describe_curve(points, majority_baseline=0.3)


both = st.integers(2, 6).flatmap(
    lambda n_draws: st.integers(1, 40).flatmap(
        lambda n: st.tuples(arrays.arrays(bool, (n_draws, n)), arrays.arrays(bool, (1, n)))
    )
)


@given(both)
@quick
def test_the_interval_is_possible_and_never_a_point(
    both: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
) -> None:
    half, whole = both
    gain, (low, high) = doubling_gain(half, whole)
    assert gain == pytest.approx(whole.mean() - half.mean())
    assert -1 <= low < high <= 1
    mirrored = doubling_gain(~half, ~whole)
    assert mirrored == (pytest.approx(-gain), pytest.approx((-high, -low)))


def test_more_images_and_more_draws_make_it_surer() -> None:
    random = np.random.default_rng(0)
    half, whole = random.random((5, 400)) < 0.7, random.random((1, 400)) < 0.8
    widths = []
    for n_draws, n in ((2, 100), (5, 100), (5, 400)):
        low, high = doubling_gain(half[:n_draws, :n], whole[:, :n])[1]
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    """Images differ in how hard they are, subsets in how well they serve: both are drawn anew."""
    random = np.random.default_rng(7)
    n, covered = 150, []
    for _ in range(400):
        hardness = random.normal(0, 1, n)
        luck = random.normal(0, 0.1, (5, 1))
        half = random.random((5, n)) < 1 / (1 + np.exp(-(1 + hardness + luck)))
        whole = random.random((1, n)) < 1 / (1 + np.exp(-(1.3 + hardness)))
        low, high = doubling_gain(half, whole)[1]
        covered.append(low <= TRUE_GAIN <= high)
    assert 0.93 <= np.mean(covered) <= 1


def _true_gain() -> float:
    random = np.random.default_rng(1)
    hardness, luck = random.normal(0, 1, 400_000), random.normal(0, 0.1, 400_000)
    half = 1 / (1 + np.exp(-(1 + hardness + luck)))
    whole = 1 / (1 + np.exp(-(1.3 + hardness)))
    return float(whole.mean() - half.mean())


TRUE_GAIN = _true_gain()


def test_a_clear_rise_asks_for_more_images() -> None:
    found = curve(right(140, 200), right(170, 200, 1))
    assert found["doubling_gain"] == pytest.approx(0.15)
    assert found["doubling_gain_ci"][0] > 0
    assert found["verdict"].startswith(
        "More images would help: the second half of the 100 training images brought +15.0 points"
    )


def test_a_level_curve_asks_for_none() -> None:
    found = curve(right(1700, 2000), right(1705, 2000, 1))
    assert found["doubling_gain_ci"][1] < 0.02
    assert found["verdict"].startswith("It has levelled off: ")


@pytest.mark.parametrize(
    ("n_right", "words"), [(10, "More images may help"), (8, "More images may bring little")]
)
def test_few_held_out_images_cannot_tell(n_right: int, words: str) -> None:
    """Though all draws agree to the image."""
    verdict = curve(right(9, 12), right(n_right, 12, 1))["verdict"]
    assert verdict.startswith(f"{words}, but 12 held-out ones are too few to tell: ")


def test_a_head_that_cannot_fit_what_it_sees_asks_for_a_better_body() -> None:
    limited = curve(right(150, 200), right(160, 200, 1), learned=0.82)["verdict"]
    assert "only 0.820" in limited and "--strategy full" in limited
    roomy = curve(right(150, 200), right(160, 200, 1), learned=0.99)["verdict"]
    assert "capacity enough" in roomy and "--strategy full" not in roomy


def test_where_nothing_was_learned_the_curve_is_silent() -> None:
    verdict = curve(right(50, 200), right(60, 200, 1))["verdict"]
    assert verdict.startswith("Nothing was learned")
    assert "would help" not in verdict and "levelled" not in verdict


def test_too_few_images_to_halve() -> None:
    points = [
        CurvePoint(8, 0.8, right(3, 4), (1.0,) * 5),
        CurvePoint(10, 1.0, right(4, 4, 1), (1.0,)),
    ]
    assert half_of(points) is None
    found = describe_curve(points, majority_baseline=0.25)
    assert found["doubling_gain"] is None and found["doubling_gain_ci"] is None
    assert found["verdict"].startswith("The 10 images to learn from are too few")


def test_a_point_is_the_mean_of_its_draws() -> None:
    half = np.array([[True, True, False, True], [True, False, False, False]])
    point = CurvePoint(5, 0.5, half, (1.0, 0.8)).to_json()
    assert point["accuracies"] == [0.75, 0.25]
    assert (point["n"], point["share"], point["accuracy"]) == (5, 0.5, 0.5)
    assert point["training_accuracy"] == pytest.approx(0.9)
    assert point["accuracy_ci"] == (0, 1)
    assert CurvePoint(5, 0.5, half[:1], (1.0,)).to_json()["accuracy_ci"] is None
