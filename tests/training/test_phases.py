"""Strategies as phases, and the history they leave."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from fastcore.basics import even_mults
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcnn.errors import UsageError
from fastcnn.setting_checks import STRATEGY_NAMES
from fastcnn.settings import Settings
from fastcnn.training.history import EpochRow, History
from fastcnn.training.phases import Method, Phase, discriminative, total_epochs
from fastcnn.training.strategies import STRATEGIES, phases_of

COLUMNS = "phase,epoch,train_loss,valid_loss,accuracy,lr_head,lr_body,seconds".split(",")
rates = st.floats(1e-8, 10)
quick = settings(max_examples=100)


GROUPS = ("stem", "layer1", "layer2", "layer3", "head")


def phases(name: str, rate: float = 0.008, **given_settings: object) -> tuple[Phase, ...]:
    """Return the phases of a strategy on a body of four groups."""
    given_settings.setdefault("freeze_until", "layer1")
    return phases_of(name, Settings().changed(**given_settings), GROUPS, rate)


def test_every_strategy_that_can_be_asked_for_has_phases() -> None:
    """Its rates are those of the groups that learn, and the epochs asked for are all there."""
    assert tuple(STRATEGIES) == STRATEGY_NAMES
    for name in STRATEGY_NAMES:
        found = phases(name, epochs=7, freeze_epochs=0, head="fastai")
        for phase in found:
            assert len(phase.rates) == len(GROUPS) - phase.n_frozen
            assert list(phase.rates_by_group(GROUPS)) == list(GROUPS)
        assert total_epochs(found) == (14 if name == "lp-ft" else 7)


def test_head_moves_nothing_but_the_head() -> None:
    """A linear head is solved, which takes no epochs; fastai's learns from the same features."""
    (solved,) = phases("head")
    assert (solved.method, solved.epochs, solved.n_frozen) == (Method.SOLVE, 0, 4)
    assert set(solved.rates_by_group(GROUPS).values()) == {None}
    (trained,) = phases("head", 0.01, head="fastai", epochs=7)
    assert (trained.method, trained.epochs, trained.n_frozen) == (Method.FIT_FEATURES, 7, 4)
    assert trained.rates_by_group(GROUPS) == dict.fromkeys(GROUPS, None) | {"head": 0.01}


def test_full_trains_the_head_first_and_then_everything() -> None:
    """The numbers of fastai's `fine_tune`: half the rate, and a hundredth of it at the stem."""
    first, second = phases("full", 0.008, epochs=7, freeze_epochs=3)
    assert (first.name, first.epochs, first.n_frozen, first.pct_start) == ("head", 3, 4, 0.99)
    assert first.rates == (0.008,)
    assert (second.name, second.epochs, second.n_frozen) == ("all", 7, 0)
    assert (second.pct_start, second.div) == (0.3, 5.0)
    assert second.rates == pytest.approx(even_mults(0.00004, 0.004, 5))
    assert not first.is_main and second.is_main


def test_no_freeze_epochs_leaves_the_first_phase_out() -> None:
    (phase,) = phases("full", freeze_epochs=0)
    assert (phase.name, phase.n_frozen) == ("all", 0)


def test_partial_keeps_the_named_block_and_all_below_it() -> None:
    """Above it the rates are those that `full` gives the same groups."""
    _, above = phases("partial", freeze_until="layer2")
    _, everything = phases("full")
    assert above.n_frozen == 3
    assert above.rates == everything.rates[3:]


def test_a_block_that_is_not_there_is_answered_with_those_that_are() -> None:
    for name in ("layer9", "head"):
        with pytest.raises(UsageError, match="stem, layer1, layer2, layer3$"):
            phases("partial", freeze_until=name)


def test_gradual_adds_a_group_a_phase_from_the_head_down() -> None:
    found = phases("gradual", epochs=9)
    assert [phase.n_frozen for phase in found] == [4, 3, 2, 1, 0]
    assert [phase.epochs for phase in found] == [1, 1, 1, 1, 5]
    assert [phase.is_main for phase in found] == [False] * 4 + [True]
    assert {phase.rates[-1] for phase in found} == {0.008}


def test_gradual_with_few_epochs_leaves_the_groups_next_to_the_stem_frozen() -> None:
    assert [phase.n_frozen for phase in phases("gradual", epochs=2)] == [4, 3]


def test_lp_ft_starts_where_head_ends_and_goes_gently() -> None:
    solved, everything = phases("lp-ft")
    (head,) = phases("head")
    assert (solved.method, solved.n_frozen) == (head.method, head.n_frozen)
    assert not solved.is_main and everything.is_main
    assert everything.n_frozen == 0
    assert everything.rates[-1] < phases("full")[-1].rates[-1]


def test_scratch_spares_no_group() -> None:
    (phase,) = phases("scratch", 0.01)
    assert phase.rates == (0.01,) * len(GROUPS)


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
    groups = [f"block{number}" for number in range(n_groups - 1)] + ["head"]
    *before, last = phases_of("full", asked, groups, highest)
    assert (last.rates[0], last.rates[-1]) == (lowest, highest)
    assert [phase.rates[-1] for phase in before] == [highest] * (freeze_epochs > 0)


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
