"""Which reading of a range test is taken where nobody chooses."""

import pytest

from fastcnn.training.rate_search import reading_for

READINGS = {"valley": 0.0005, "minimum": 0.04, "steep": 0.002, "slide": 0.008}


@pytest.mark.parametrize(
    ("strategy", "head", "changes", "expected"),
    [
        ("full", "linear", {}, "slide"),
        ("full", "linear", {"slide": 0.3}, "minimum"),
        ("full", "fastai", {}, "valley"),
        ("scratch", "linear", {}, "valley"),
    ],
)
def test_a_head_from_zero_takes_more_than_the_valley(
    strategy: str, head: str, changes: dict[str, float], expected: str
) -> None:
    assert reading_for({**READINGS, **changes}, strategy, head) == expected
