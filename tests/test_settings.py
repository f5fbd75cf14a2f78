"""Settings: what is understood, what is refused, and in which words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.errors import Problem, UsageError
from fastcnn.learning_rate import LearningRate, parse_learning_rate
from fastcnn.settings import SETTING_NAMES, Settings, resolve_settings

positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
NO_RATES = ("", "fast", "0", "-0.1", "nan", "inf", "1e999", "Auto", ":", "1e-5:", ":1e-3")
NO_SLICES = ("1e-3:1e-5", "0:1e-3", "-1:1", "nan:1", "1:inf", "auto:1", "1:2:3", "1e-5,1e-3")


@given(positive)
def test_any_positive_number_is_a_rate(rate: float) -> None:
    """Written as Python writes it, a rate is read back to the last bit."""
    parsed = parse_learning_rate(repr(rate))
    assert parsed == LearningRate(lowest=None, highest=rate)
    assert not parsed.is_auto and not parsed.is_slice


@given(positive, positive)
def test_a_slice_rises_from_body_to_head(one: float, other: float) -> None:
    """Any two rates make a slice in rising order; falling ones are refused."""
    low, high = sorted((one, other))
    parsed = parse_learning_rate(f"{low!r}:{high!r}")
    assert (parsed.lowest, parsed.highest, parsed.is_slice) == (low, high, True)
    if low < high:
        with pytest.raises(ValueError, match="falls"):
            parse_learning_rate(f"{high!r}:{low!r}")


def test_auto_is_left_to_be_measured() -> None:
    parsed = parse_learning_rate("auto")
    assert parsed.is_auto and not parsed.is_slice


@pytest.mark.parametrize("text", NO_RATES + NO_SLICES)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_learning_rate(text)


@given(st.text(alphabet="0123456789.e-+:autonif ", max_size=12))
def test_a_rate_is_positive_or_refused(text: str) -> None:
    """Whatever is typed ends as usable rates or as a ValueError, never as another error."""
    try:
        parsed = parse_learning_rate(text)
    except ValueError:
        return
    assert parsed.is_auto or 0 < (parsed.lowest or parsed.highest) <= parsed.highest


def test_later_layers_cover_earlier_ones() -> None:
    """Defaults, recipe, command line: the last that speaks wins, and None does not speak."""
    settings = resolve_settings(
        {"epochs": 3, "bs": 16, "weights": "body.pth"},
        {"epochs": 7, "bs": None, "weights": None, "deterministic": False},
    )
    assert settings == Settings(epochs=7, bs=16, weights="body.pth")


def test_nothing_given_means_the_defaults() -> None:
    assert resolve_settings() == resolve_settings({}, {"epochs": None}) == Settings()


def test_a_stored_record_resolves_to_itself() -> None:
    """What `run.json` holds is what `--config` reads."""
    settings = Settings(lr="1e-5:1e-3", seed=0, freeze_epochs=0, device="cuda:1", strategy="head")
    assert resolve_settings(settings.to_json()) == settings
    assert tuple(settings.to_json()) == SETTING_NAMES


def test_unknown_names_are_listed_in_the_order_given() -> None:
    """The order is the same in every process, whatever the hash of a name is there."""
    wrong = ["epoch", "learning", "sead", "archh", "zebra", "siez", "batch", "divice"]
    with pytest.raises(UsageError) as caught:
        resolve_settings(dict.fromkeys(wrong, 1))
    messages = [problem.message for problem in caught.value.problems]
    assert [message.split("'")[1] for message in messages] == wrong
    assert messages[0] == "no setting is called 'epoch' (did you mean 'epochs'?)"
    assert messages[4] == "no setting is called 'zebra'"
    assert all(problem.hint.endswith(", ".join(SETTING_NAMES)) for problem in caught.value.problems)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Three bad settings are three problems of one error, each with its own way out."""
    with pytest.raises(UsageError) as caught:
        resolve_settings({"epochs": 0, "valid_pct": 1.5, "lr": "1e-3:1e-5"})
    assert caught.value.exit_code == 2
    assert caught.value.problems == (
        Problem(
            "--epochs is 0, expected a whole number of at least 1",
            "for example --epochs 5",
        ),
        Problem(
            "--valid-pct is 1.5, expected a number between 0 and 1",
            "for example --valid-pct 0.2",
        ),
        Problem(
            "--lr is '1e-3:1e-5' ('1e-3:1e-5' falls from the body to the head), "
            "expected a positive number, 'auto', or a slice such as 1e-5:1e-3",
            "for example --lr 0.004",
        ),
    )
    for problem in caught.value.problems:
        assert problem.message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("freeze_epochs", -1, "--freeze-epochs is -1, expected a whole number of at least 0"),
        ("epochs", 2.5, "--epochs is 2.5, expected a whole number"),
        ("bs", True, "--bs is True, expected a whole number"),
        ("size", "big", "--size is 'big', expected a whole number"),
        ("seed", -3, "--seed is -3, expected a whole number of at least 0"),
        ("valid_pct", 0, "--valid-pct is 0, expected a number between 0 and 1"),
        ("valid_pct", "a", "--valid-pct is 'a', expected a number"),
        ("device", "gpu", "--device is 'gpu', expected auto, cpu, cuda, cuda:N or mps"),
        ("device", 0, "--device is 0, expected a word"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(
    name: str, value: object, message: str
) -> None:
    """Values come from Python calls and edited records too, so their type can be wrong."""
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        resolve_settings({name: value})


def test_a_rate_may_be_given_as_a_number() -> None:
    """`fastcnn.run("pets", lr=0.002)` is what anyone would write in Python."""
    assert resolve_settings({"lr": 0.002}).learning_rate.highest == 0.002


def test_strategies_are_split_in_the_order_given() -> None:
    assert resolve_settings({"strategy": "head-vs-full"}).strategies == ("head", "full")
    assert resolve_settings({"strategy": "full"}).strategies == ("full",)


@pytest.mark.parametrize(
    ("strategy", "messages"),
    [
        ("ful", ["--strategy names 'ful' (did you mean 'full'?), not known"]),
        ("zzz-vs-head", ["--strategy names 'zzz', not known"]),
        ("full-vs-", ["--strategy names '', not known"]),
        ("full-vs-full", ["--strategy full-vs-full names one twice"]),
        (
            "qq-vs-qq",
            ["--strategy names 'qq', not known"] * 2 + ["--strategy qq-vs-qq names one twice"],
        ),
    ],
)
def test_strategies_that_cannot_be_run_are_named(strategy: str, messages: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_settings({"strategy": strategy})
    assert [problem.message for problem in caught.value.problems] == messages
    for problem in caught.value.problems:
        assert "head" in problem.hint and "full-vs-head" in problem.hint
