"""Intervals and tests for pairs, against statsmodels, the literature, and a simulation."""

import gc
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from fastcnn.analysis.intervals import (
    PairedCounts,
    Score,
    fisher_p_value,
    holm,
    mcnemar_p_value,
    mean_interval,
    newcombe_interval,
    newcombe_paired_interval,
    wilson_interval,
)

counts = st.one_of(st.integers(0, 3), st.integers(0, 400))
tables = st.builds(PairedCounts, counts, counts, counts, counts).filter(lambda t: t.total > 0)
scores = st.integers(1, 300).flatmap(
    lambda total: st.builds(
        Score, st.one_of(st.sampled_from([0, total]), st.integers(0, total)), st.just(total)
    )
)
quick = settings(max_examples=60)

PUBLISHED = [
    # Altman et al., "Statistics with Confidence", 2nd ed. (2000), p. 52, as in R's biostatUZH
    (PairedCounts(14, 5, 0, 22), 3, 0.011, 0.226),
    # R package contingencytables, its tests of chapter 8: Cavo et al. 2012
    (PairedCounts(59, 6, 16, 80), 4, -0.1186, -0.0046),
]


def method_10(table: PairedCounts) -> tuple[float, float]:
    """Newcombe's method 10 as the paper words it, without the library's help."""
    a, b, c, d = table.both_right, table.only_a, table.only_b, table.both_wrong
    n, z = a + b + c + d, NormalDist().inv_cdf(0.975)

    def wilson(p: float) -> tuple[float, float]:
        centre, half = 2 * n * p + z**2, z * sqrt(z**2 + 4 * n * p * (1 - p))
        return (centre - half) / (2 * (n + z**2)), (centre + half) / (2 * (n + z**2))

    (l2, u2), (l3, u3) = wilson((a + b) / n), wilson((a + c) / n)
    dl2, du2 = (a + b) / n - l2, u2 - (a + b) / n
    dl3, du3 = (a + c) / n - l3, u3 - (a + c) / n
    excess = a * d - b * c
    corrected = excess - n / 2 if excess > n / 2 else min(excess, 0)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    phi = corrected / sqrt(product) if product else 0.0
    delta = sqrt(max(0, dl2**2 - 2 * phi * dl2 * du3 + du3**2))
    epsilon = sqrt(max(0, du2**2 - 2 * phi * du2 * dl3 + dl3**2))
    return (b - c) / n - delta, (b - c) / n + epsilon


@given(st.integers(1, 5000), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
@quick
def test_wilson_is_that_of_statsmodels(total: int, data: st.DataObject, confidence: float) -> None:
    right = data.draw(st.one_of(st.sampled_from([0, total]), st.integers(0, total)))
    low, high = wilson_interval(right, total, confidence)
    expected = proportion_confint(right, total, alpha=1 - confidence, method="wilson")
    assert (low, high) == pytest.approx(expected, abs=1e-12)
    assert 0 <= low <= right / total <= high <= 1


@given(tables)
@quick
def test_mcnemar_is_that_of_statsmodels(table: PairedCounts) -> None:
    square = [[table.both_right, table.only_a], [table.only_b, table.both_wrong]]
    assert mcnemar_p_value(table) == pytest.approx(mcnemar(square, exact=True).pvalue, rel=1e-9)


@pytest.mark.parametrize(("only_a", "only_b", "p"), [(0, 0, 1), (5, 5, 1), (0, 6, 2 / 64)])
def test_mcnemar_by_hand(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar_p_value(PairedCounts(50, only_a, only_b, 50)) == pytest.approx(p)


@example([0.04, 0.01, 0.01, 0.5])
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@quick
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    before = list(p_values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)  # statsmodels calls it each time: half a second
        expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected, abs=1e-12)
    assert p_values == before, "the caller's list was changed"


@pytest.mark.parametrize(("table", "digits", "low", "high"), PUBLISHED)
def test_newcombe_agrees_with_published_examples(
    table: PairedCounts, digits: int, low: float, high: float
) -> None:
    found = newcombe_paired_interval(table)
    assert [round(bound, digits) for bound in found] == [low, high]


@given(tables)
@quick
def test_newcombe_is_the_paper_s_method_10(table: PairedCounts) -> None:
    assert newcombe_paired_interval(table) == pytest.approx(method_10(table), abs=1e-9)


@given(tables)
@quick
def test_newcombe_contains_the_difference_and_stays_possible(table: PairedCounts) -> None:
    low, high = newcombe_paired_interval(table)
    assert -1 <= low <= high <= 1
    assert low - 1e-12 <= table.difference <= high + 1e-12


@given(tables)
@quick
def test_newcombe_does_not_care_who_comes_first(table: PairedCounts) -> None:
    """Swapping the two models negates the difference and mirrors its interval."""
    swapped = PairedCounts(table.both_right, table.only_b, table.only_a, table.both_wrong)
    low, high = newcombe_paired_interval(table)
    assert newcombe_paired_interval(swapped) == pytest.approx((-high, -low), abs=1e-12)
    assert swapped.difference == -table.difference


@given(tables)
@quick
def test_more_confidence_is_a_wider_interval(table: PairedCounts) -> None:
    low, high = newcombe_paired_interval(table, 0.95)
    lower, higher = newcombe_paired_interval(table, 0.99)
    assert lower <= low + 1e-12 and high <= higher + 1e-12


@pytest.mark.parametrize(
    "table",
    [
        PairedCounts(100, 0, 0, 0),
        PairedCounts(0, 0, 0, 100),
        PairedCounts(60, 0, 0, 40),
        PairedCounts(1, 0, 0, 0),
        PairedCounts(0, 0, 0, 1),
    ],
)
def test_perfect_agreement_is_no_certainty(table: PairedCounts) -> None:
    """Where both always agree the interval lies around 0, and narrows with more images."""
    low, high = newcombe_paired_interval(table)
    assert low < 0 < high and high == pytest.approx(-low)
    many = PairedCounts(table.both_right * 50, 0, 0, table.both_wrong * 50)
    assert newcombe_paired_interval(many)[1] < high / 2


@pytest.mark.parametrize("table", [PairedCounts(0, 1, 0, 0), PairedCounts(0, 80, 0, 0)])
def test_one_always_right_the_other_never(table: PairedCounts) -> None:
    low, high = newcombe_paired_interval(table)
    assert table.difference == high == 1
    assert low == pytest.approx(method_10(table)[0])
    assert (low > 0.9) == (table.total == 80)


def test_newcombe_covers_the_truth_as_often_as_it_says() -> None:
    """Of 1000 repeats with 100 correlated pairs, at least 93 % of the intervals hold the truth."""
    p_a, p_b, rho = 0.85, 0.80, 0.6
    both = rho * min(p_a, p_b) + (1 - rho) * p_a * p_b
    cells = [both, p_a - both, p_b - both, 1 - p_a - p_b + both]
    repeats = np.random.default_rng(20_240_117).multinomial(100, cells, size=1000).tolist()
    intervals = [newcombe_paired_interval(PairedCounts(*repeat)) for repeat in repeats]
    covered = np.mean([low <= p_a - p_b <= high for low, high in intervals])
    assert 0.93 <= covered <= 0.99


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(0.5, 0.99))
def test_the_interval_of_a_mean_is_that_of_statsmodels(
    values: list[float], confidence: float
) -> None:
    expected = DescrStatsW(values).tconfint_mean(alpha=1 - confidence)
    assert mean_interval(values, confidence) == pytest.approx(expected, abs=1e-9)


def test_one_value_says_nothing_of_the_spread() -> None:
    assert mean_interval([0.7]) is None


def fisher_by_hand(first: Score, second: Score) -> float:
    """Add up the chances of all tables with these margins that are no likelier than this one."""
    right, n = first.right + second.right, first.total
    ways = {
        k: comb(n, k) * comb(second.total, right - k)
        for k in range(max(0, right - second.total), min(n, right) + 1)
    }
    extreme = sum(one for one in ways.values() if one <= ways[first.right])
    return extreme / comb(n + second.total, right)


@given(scores, scores)
@quick
def test_fisher_is_a_count_of_tables(first: Score, second: Score) -> None:
    assert fisher_p_value(first, second) == pytest.approx(fisher_by_hand(first, second), rel=1e-6)


def test_fisher_s_tea() -> None:
    """The lady who tastes whether the milk was poured first: three of four cups right, each way."""
    assert fisher_p_value(Score(3, 4), Score(1, 4)) == pytest.approx(34 / 70)


@given(scores, scores, st.sampled_from([0.8, 0.95, 0.99]))
@quick
def test_newcombe_of_different_images_is_that_of_statsmodels(
    first: Score, second: Score, confidence: float
) -> None:
    low, high = newcombe_interval(first, second, confidence)
    expected = confint_proportions_2indep(
        *(first.right, first.total, second.right, second.total),
        method="newcomb",
        compare="diff",
        alpha=1 - confidence,
    )
    assert (low, high) == pytest.approx(expected, abs=1e-9)
    assert -1 <= low <= first.accuracy - second.accuracy <= high <= 1


@given(scores, scores)
@quick
def test_neither_cares_which_score_comes_first(first: Score, second: Score) -> None:
    low, high = newcombe_interval(first, second)
    assert newcombe_interval(second, first) == pytest.approx((-high, -low), abs=1e-12)
    assert fisher_p_value(second, first) == pytest.approx(fisher_p_value(first, second))
