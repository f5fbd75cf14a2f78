"""Counts and times as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.errors import UsageError
from fastcnn.quantities import (
    exact_duration,
    parse_count,
    parse_duration,
    short_count,
    short_duration,
)

NUMBERS = st.integers(1, 10**6)


@given(NUMBERS, st.sampled_from([("", 1), ("k", 10**3), ("m", 10**6), ("g", 10**9)]), st.booleans())
def test_a_letter_multiplies_a_count(number: int, unit: tuple[str, int], is_upper: bool) -> None:
    letter, size = unit
    text = f"{number}{letter.upper() if is_upper else letter}"
    assert parse_count(text, "--max-parameters") == number * size


@given(NUMBERS, st.sampled_from([("", 1), ("s", 1), ("m", 60), ("h", 3600)]))
def test_a_letter_multiplies_a_time(number: int, unit: tuple[str, int]) -> None:
    letter, seconds = unit
    assert parse_duration(f"{number}{letter}", "--budget") == number * seconds


def test_m_is_a_million_of_parameters_and_a_minute_of_time() -> None:
    assert parse_count("5m", "--max-parameters") == 5_000_000
    assert parse_duration("5m", "--budget") == 300
    assert parse_count("1.5b", "--max-parameters") == parse_count("1.5g", "--max-parameters")
    assert parse_duration("1.5h", "--budget") == 5400


@given(st.integers(1, 10**13))
def test_a_short_count_is_the_count_to_three_digits(number: int) -> None:
    short = short_count(number)
    assert len(short) <= 6
    if not short.endswith("T"):
        assert parse_count(short, "--x") == pytest.approx(number, rel=0.0051)


@given(st.floats(0.01, 1e6))
def test_a_short_duration_is_the_time_about(seconds: float) -> None:
    number, unit = short_duration(seconds).split()
    found = float(number) * {"s": 1, "min": 60, "h": 3600}[unit]
    assert found == pytest.approx(max(1, seconds), rel=0.51 if unit == "s" else 0.06)


@given(st.text(max_size=8))
def test_whatever_is_given_is_a_number_or_a_friendly_error(text: str) -> None:
    for parse in (parse_count, parse_duration):
        try:
            assert parse(text, "--budget") > 0
        except UsageError as error:
            assert "--budget" in str(error)


@pytest.mark.parametrize("text", ["", "m", "-5m", "5q", "0", "0m", "1e3", "five", "5 m m"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        parse_count(text, "--max-parameters")
    with pytest.raises(UsageError, match="expected"):
        parse_duration(text, "--budget")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.44, "8.4 s"), (59.7, "1 min 0 s"), (95, "1 min 35 s"), (6480, "1 h 48 min")],
)
def test_a_time_that_is_compared_keeps_its_seconds(seconds: float, text: str) -> None:
    assert exact_duration(seconds) == text
