"""Reliability and temperature: what Guo et al. say they are, on any table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of, tables
from sklearn.metrics import log_loss

from fastcnn.analysis.calibration import (
    calibrate,
    expected_calibration_error,
    fit_temperature,
    reliability,
    scaled,
)
from fastcnn.analysis.predictions import classes_of, places_of, probabilities_of

quick = settings(max_examples=30)


def drawn(n_images: int, sharpness: float, seed: int = 0) -> pd.DataFrame:
    """A model whose logits are `sharpness` times those that its images' classes were drawn by."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n_images, 4))
    truth = scaled(np.exp(logits), 1)
    targets = [list("abcd")[random.choice(4, p=row)] for row in truth]
    return table_of(targets, scaled(np.exp(logits), 1 / sharpness).tolist(), list("abcd"))


def loss_of(table: pd.DataFrame, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood by scikit-learn."""
    classes = classes_of(table)
    probabilities = scaled(probabilities_of(table), temperature)
    return float(log_loss(places_of(table["target"], classes), probabilities, labels=range(4)))


@given(tables(), st.sampled_from([1, 10, 15]))
@quick
def test_bins_hold_every_image_once(table: pd.DataFrame, bins: int) -> None:
    found = reliability(table, bins)
    confidence = table.filter(like="prob_").max(axis=1).to_numpy(np.float64)
    assert [one.low for one in found] == [number / bins for number in range(bins)]
    for one in found:
        members = (one.low < confidence) & (confidence <= one.high)
        assert one.n == members.sum()
        if one.n:
            assert one.confidence == pytest.approx(confidence[members].mean())
            assert one.accuracy == pytest.approx(table["correct"][members].mean())
        else:
            assert np.isnan(one.confidence) and np.isnan(one.accuracy)


@given(tables())
@quick
def test_a_temperature_never_makes_worse_what_it_was_fitted_to(table: pd.DataFrame) -> None:
    probabilities = probabilities_of(table)
    targets = places_of(table["target"], classes_of(table))
    temperature = fit_temperature(probabilities, targets)
    before, after = (
        -np.log(np.maximum(scaled(probabilities, t)[range(len(table)), targets], 1e-300)).mean()
        for t in (1.0, temperature)
    )
    assert 0.05 <= temperature <= 20
    assert after <= before + 1e-9


@given(tables(), st.floats(0.05, 20))
@quick
def test_scaling_changes_no_answer(table: pd.DataFrame, temperature: float) -> None:
    """Probabilities stay probabilities, and the likeliest class stays the likeliest."""
    before = probabilities_of(table)
    after = scaled(before, temperature)
    assert np.allclose(after.sum(axis=1), 1)
    likeliest = np.take_along_axis(after, before.argmax(axis=1)[:, None], axis=1)[:, 0]
    assert np.allclose(likeliest, after.max(axis=1))


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_how_much_too_sure_a_model_is(sharpness: float) -> None:
    """Logits three times too large want to be divided by three, and are calibrated then."""
    found = calibrate(drawn(4000, sharpness))
    assert found.temperature == pytest.approx(sharpness, rel=0.1)
    assert found.ece_after < 0.03
    assert found.ece_before == pytest.approx(expected_calibration_error(drawn(4000, sharpness)))
    assert found.loss_before == pytest.approx(loss_of(drawn(4000, sharpness)), abs=1e-4)


def test_the_best_temperature_is_that_of_a_plain_search() -> None:
    table = drawn(300, 2.0)
    found = fit_temperature(probabilities_of(table), places_of(table["target"], list("abcd")))
    by_search = min(np.geomspace(0.5, 8, 140), key=lambda t: loss_of(table, t))
    assert found == pytest.approx(by_search, rel=0.02)


def test_no_image_is_scored_by_a_temperature_that_it_helped_to_fit() -> None:
    """With labels by chance every fitted temperature flatters: held out, the loss is no lower."""
    random = np.random.default_rng(3)
    table = table_of(
        list(random.choice(list("ab"), 6)), random.dirichlet([1, 1], 6).tolist(), ["a", "b"]
    )
    targets = places_of(table["target"], ["a", "b"])
    best = scaled(probabilities_of(table), fit_temperature(probabilities_of(table), targets))
    flattered = -np.log(best[range(6), targets]).mean()
    assert np.mean([calibrate(table, seed=seed).loss_after for seed in range(9)]) > flattered


def test_another_part_gives_the_temperature_alone() -> None:
    """However this part's labels look, they have no say in it."""
    valid, test = drawn(2000, 3.0, seed=1), drawn(500, 3.0, seed=2)
    found = calibrate(test, valid)
    assert found == calibrate(test, valid, seed=5)
    shuffled = test.assign(target=test["target"].to_numpy()[::-1])
    assert calibrate(shuffled, valid).temperature == found.temperature
    assert found.loss_after == pytest.approx(loss_of(test, found.temperature))
    assert found.loss_after < found.loss_before and found.ece_after < found.ece_before


def test_the_same_seed_deals_the_same_halves() -> None:
    table = drawn(101, 2.0)
    assert calibrate(table, seed=4) == calibrate(table, seed=4)
    assert calibrate(table, seed=4) != calibrate(table, seed=5)


def test_one_image_says_nothing_about_itself() -> None:
    """There is no other half to fit a temperature to, so that nothing changes."""
    found = calibrate(table_of(["a"], [[0.3, 0.7]], ["a", "b"]))
    assert (found.ece_after, found.loss_after) == pytest.approx(
        (found.ece_before, found.loss_before)
    )
