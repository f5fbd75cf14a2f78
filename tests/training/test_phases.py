"""Strategies as phases, and the history they leave."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from fastcore.basics import even_mults
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcnn.settings import STRATEGY_NAMES, Settings
from fastcnn.training.history import EpochRow, History
from fastcnn.training.phases import Phase, discriminative, total_epochs
from fastcnn.training.strategies import STRATEGIES, phases_of

COLUMNS = "phase,epoch,train_loss,valid_loss,accuracy,lr_head,lr_body,seconds".split(",")
rates = st.floats(1e-8, 10)
quick = settings(deadline=None, max_examples=100)


def test_every_strategy_that_can_be_asked_for_has_phases() -> None:
    assert tuple(STRATEGIES) == STRATEGY_NAMES
    for name in STRATEGY_NAMES:
        phases = phases_of(name, Settings(epochs=4), 5, 0.004)
        assert phases[-1].epochs == 4
        assert all(len(phase.rates) == 5 for phase in phases)


def test_head_moves_nothing_but_the_head() -> None:
    """One phase, in which every group but the last is frozen; `--freeze-epochs` plays no part."""
    (phase,) = phases_of("head", Settings(epochs=7, freeze_epochs=3), 5, 0.01)
    assert (phase.name, phase.epochs, phase.n_frozen) == ("head", 7, 4)
    assert phase.rates == (None, None, None, None, 0.01)


def test_full_trains_the_head_first_and_then_everything() -> None:
    """The numbers of fastai's `fine_tune`: half the rate, and a hundredth of it at the stem."""
    first, second = phases_of("full", Settings(epochs=7, freeze_epochs=3), 4, 0.008)
    assert (first.name, first.epochs, first.n_frozen, first.pct_start) == ("head", 3, 3, 0.99)
    assert first.rates == (None, None, None, 0.008)
    assert (second.name, second.epochs, second.n_frozen) == ("all", 7, 0)
    assert (second.pct_start, second.div) == (0.3, 5.0)
    assert second.rates == pytest.approx(even_mults(0.00004, 0.004, 4))
    assert total_epochs((first, second)) == 10


def test_no_freeze_epochs_leaves_the_first_phase_out() -> None:
    (phase,) = phases_of("full", Settings(freeze_epochs=0), 4, 0.008)
    assert (phase.name, phase.n_frozen) == ("all", 0)


@given(rates, rates, st.integers(2, 12))
@quick
def test_rates_grow_by_an_equal_factor(one: float, other: float, n_groups: int) -> None:
    """From stem to head, with the two ends exactly as asked for."""
    lowest, highest = sorted((one, other))
    spread = discriminative(n_groups, lowest, highest)
    assert (len(spread), spread[0], spread[-1]) == (n_groups, lowest, highest)
    factors = [after / before for before, after in zip(spread, spread[1:], strict=False)]
    assert factors == pytest.approx([(highest / lowest) ** (1 / (n_groups - 1))] * len(factors))


@given(rates, st.integers(2, 12), st.integers(0, 3))
@quick
def test_a_slice_says_the_rates_of_the_body_itself(
    highest: float, n_groups: int, freeze_epochs: int
) -> None:
    """`--lr LOW:HIGH`: the first body group gets the one and the head the other, not halved."""
    lowest = highest / 30
    asked = Settings(lr=f"{lowest!r}:{highest!r}", freeze_epochs=freeze_epochs)
    *before, last = phases_of("full", asked, n_groups, highest)
    assert (last.rates[0], last.rates[-1]) == (lowest, highest)
    assert [phase.rates[-1] for phase in before] == [highest] * (freeze_epochs > 0)


@given(st.lists(st.one_of(st.none(), rates), min_size=1, max_size=9))
@quick
def test_groups_without_a_rate_are_the_frozen_ones(given_rates: list[float | None]) -> None:
    phase = Phase("any", 1, tuple(given_rates), pct_start=0.3, div=5.0)
    assert phase.n_frozen == given_rates.count(None)


def row(epoch: int, lr_body: float | None) -> EpochRow:
    """Make a row of the history with values of full precision."""
    return EpochRow(
        phase="head" if lr_body is None else "all",
        epoch=epoch,
        train_loss=1 / 3,
        valid_loss=2 / 7,
        accuracy=0.875,
        lr_head=4e-3,
        lr_body=lr_body,
        seconds=1.25,
    )


def test_the_history_is_whole_after_every_row(tmp_path: Path) -> None:
    """Whoever looks in the middle of a training finds a header and all epochs so far."""
    path = tmp_path / "full" / "history.csv"
    history = History(path)
    assert not path.exists()
    for epoch in range(1, 4):
        history.add(row(epoch, None if epoch == 1 else 2e-5))
        table = pd.read_csv(path)
        assert list(table) == COLUMNS
        assert table["epoch"].tolist() == list(range(1, epoch + 1))
        assert [file.name for file in path.parent.iterdir()] == ["history.csv"]


def test_the_history_keeps_every_digit_and_leaves_frozen_rates_empty(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv")
    history.add(row(1, None))
    history.add(row(2, 2e-5))
    first, second = csv.DictReader((tmp_path / "history.csv").open(newline=""))
    assert float(first["train_loss"]) == 1 / 3 and float(second["valid_loss"]) == 2 / 7
    assert (first["phase"], second["phase"]) == ("head", "all")
    assert first["lr_body"] == "" and float(second["lr_body"]) == 2e-5
    assert history.rows == [row(1, None), row(2, 2e-5)]
