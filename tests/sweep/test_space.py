"""What is searched, from the words of a user and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.sweep.space import (
    Choices,
    Range,
    Values,
    ends,
    holds,
    parse_search,
    parse_values,
    write_search,
)

NAMES = st.sampled_from(["lr", "wd", "bs", "size", "mixup", "arch", "net.kernel", "freeze_until"])
WORDS = st.text(
    st.characters(codec="ascii", exclude_characters="|", exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=12,
)
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: float(f"{number:.6g}")) | st.integers(-999, 999)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
    if low == high:
        high = low + 1
    how = draw(st.sampled_from(["linear", "log", "step"]))
    if how == "log" and low > 0:
        return Range(low, high, is_log=True)
    return Range(low, high, step=(high - low) / 2 if how == "step" else None)


VALUES = ranges() | st.lists(WORDS, min_size=2, max_size=5, unique=True).map(
    lambda words: Choices(tuple(words))
)


@given(NAMES, VALUES)
def test_what_is_written_reads_as_it_was(name: str, values: Values) -> None:
    assert parse_search(write_search(name, values)) == (name, values)


@given(st.text("alr=.0159e-+:|, ns", max_size=16))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        name, values = parse_search(text)
    except ValueError as error:
        assert str(error)
    else:
        assert parse_search(write_search(name, values)) == (name, values)


@given(VALUES)
def test_the_ends_are_among_the_values(values: Values) -> None:
    assert all(holds(values, value) for value in ends(values))


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("bs=16,32,64", "bs", Choices(("16", "32", "64"))),
        ("--freeze-epochs=0, 1", "freeze_epochs", Choices(("0", "1"))),
        ("lr=1e-4..0.1", "lr", Range(1e-4, 0.1, is_log=True)),
        ("lr=1e-4..0.1:linear", "lr", Range(1e-4, 0.1)),
        ("wd=0..0.1", "wd", Range(0, 0.1)),
        ("size=128..256:32", "size", Range(128, 256, step=32)),
        ("mixup = 0 .. 0.4", "mixup", Range(0, 0.4)),
        ("lr=1e-5:1e-3,auto", "lr", Choices(("1e-5:1e-3", "auto"))),
        ("arch=five-block:kernel=5,dense=8|sprint", "arch",
         Choices(("five-block:kernel=5,dense=8", "sprint"))),
    ],
)  # fmt: skip
def test_how_it_is_written(text: str, name: str, values: Values) -> None:
    assert parse_search(text) == (name, values)


@pytest.mark.parametrize(
    "text",
    ["lr", "=1,2", "bs=", "bs=16", "bs=16,", "bs=16,16", "lr=0.1..0.01", "lr=0..0.1:log",
     "lr=0.1..1:often", "size=128..256:0", "size=128..256:200", "size=1..2..3", "lr=1..1e999"],
)  # fmt: skip
def test_what_is_no_search(text: str) -> None:
    with pytest.raises(ValueError):
        parse_search(text)


@pytest.mark.parametrize(
    ("text", "value", "is_held"),
    [("1..9", 1, True), ("1..9", 9.5, False), ("128..256:32", 160, True),
     ("128..256:32", 150, False), ("a,b", "a", True), ("a,b", "c", False)],
)  # fmt: skip
def test_which_values_are_held(text: str, value: Any, is_held: bool) -> None:
    assert holds(parse_values("size", text), value) is is_held
