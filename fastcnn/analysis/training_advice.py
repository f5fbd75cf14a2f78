"""What to try next with the training: more epochs, fewer, another start, more images, more seeds.

Rules as in `fastcnn.analysis.advice`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fastcnn.analysis.advice import MODELS, Advice
from fastcnn.analysis.intervals import SIGNIFICANT
from fastcnn.analysis.learning_curve import LEVEL
from fastcnn.training.history import SOLVED

STILL_FALLING = 0.03
"""Part of its loss that a training must win in its last epoch to count as not finished."""
RISEN = 0.05
"""Part by which the loss must lie above its lowest to count as rising."""


def train_longer(name: str, history: pd.DataFrame, epochs: int) -> Advice | None:
    """Give a training more epochs, where its held-out loss still fell in the last one.

    Args:
        name: of the strategy.
        history: its rows (`phase`, `epoch`, `valid_loss`).
        epochs: that it was given.
    """
    losses = list(history.loc[history["phase"] != SOLVED, "valid_loss"])
    if len(losses) < 2 or not losses[-1] < (1 - STILL_FALLING) * losses[-2]:
        return None
    return Advice(
        f"The held-out loss of {name} still fell in its last epoch, "
        f"from {losses[-2]:.2f} to {losses[-1]:.2f}.",
        "It was not finished: give it more epochs.",
        ("--strategy", name, "--epochs", str(max(2 * epochs, epochs + 2))),
        about="training",
    )


def hold_back(
    name: str, history: pd.DataFrame, noise: float, *, is_mixed: bool = False
) -> Advice | None:
    """Make learning by heart harder, where held-out loss rises while training loss falls.

    That needs a training loss that lies below the held-out one: else little is known by heart.

    Args:
        name: of the strategy.
        history: its rows (`phase`, `epoch`, `train_loss`, `valid_loss`).
        noise: standard error of a held-out loss, in nats.
        is_mixed: whether pictures were mixed already.
    """
    rows = _last_phase(history)
    if is_mixed or len(rows) < 2:
        return None
    lowest, last = rows.iloc[int(rows["valid_loss"].argmin())], rows.iloc[-1]
    is_by_heart = last["train_loss"] < min(lowest["train_loss"], last["valid_loss"])
    if not is_by_heart or not _rises(lowest["valid_loss"], last["valid_loss"], noise):
        return None
    return Advice(
        f"The held-out loss of {name} rose from {lowest['valid_loss']:.2f} (epoch "
        f"{lowest['epoch']:.0f}) to {last['valid_loss']:.2f}, while its training loss fell to "
        f"{last['train_loss']:.2f}: it began to learn the images by heart.",
        "Make that harder by mixing pictures; or use fewer epochs, or more images.",
        ("--strategy", name, "--mixup", "0.4"),
        about="training",
    )


def recover(name: str, history: pd.DataFrame, noise: float, epochs: int) -> Advice | None:
    """Give a body that was set free the time to mend what that spoilt.

    Args:
        name: of the strategy.
        history: its rows (`phase`, `valid_loss`, `lr_body`); nothing is said unless the body was
            frozen, without a rate of its own, until the last phase.
        noise: standard error of a held-out loss, in nats.
        epochs: that it was given.
    """
    rows = _last_phase(history)
    before = history.iloc[: len(history) - len(rows)]
    if rows.empty or before.empty or before["lr_body"].notna().any():
        return None
    frozen, free = before["valid_loss"].iloc[-1], rows["valid_loss"].iloc[-1]
    if not _rises(frozen, free, noise):
        return None
    return Advice(
        f"{name} lost when its body was set free: in {_epochs(len(rows))} the held-out loss rose "
        f"from {frozen:.2f} to {free:.2f}.",
        "Give it more epochs to mend that.",
        ("--strategy", name, "--epochs", str(max(2 * epochs, 5))),
        about="training",
    )


def _last_phase(history: pd.DataFrame) -> pd.DataFrame:
    """Return the epochs of the last phase; none where the head was solved and no more."""
    phase = history["phase"]
    rows: pd.DataFrame = history[(phase == phase.iloc[-1]) & (phase != SOLVED)]
    return rows.reset_index(drop=True)


def _rises(before: float, after: float, noise: float) -> bool:
    """Return whether a loss rose by more than chance makes it rise."""
    return after - before > max(RISEN * before, 2 * noise)


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def collect_more(curve: Mapping[str, Any] | None) -> Advice | None:
    """Say whether more images would help, where a learning curve was measured.

    Args:
        curve: `learning_curve` of a record.
    """
    if not curve or curve.get("doubling_gain_ci") is None:
        return None
    gain, (low, high) = curve["doubling_gain"], curve["doubling_gain_ci"]
    found = (
        f"The second half of the training images brought {100 * gain:+.1f} points of accuracy "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f})."
    )
    if low > 0:
        action = "More images help: collect some, and measure again."
        return Advice(found, action, ("--learning-curve",), about="repeats")
    if high < LEVEL:
        action = "More of the same images would bring little: try a body that sees more in them."
        return Advice(found, action, ("--budget", "10m"), asks=MODELS, about="repeats")
    return None


def settle(pairs: Sequence[Mapping[str, Any]], winner: str) -> Advice | None:
    """Repeat a comparison that these images could not decide."""
    open_pairs = [
        pair for pair in pairs
        if winner in (pair["a"], pair["b"]) and pair["p_holm"] >= SIGNIFICANT
    ]  # fmt: skip
    if not open_pairs:
        return None
    pair = min(open_pairs, key=lambda one: float(one["p_holm"]))
    low, high = sorted(pair["difference_ci"])
    return Advice(
        f"Which of {pair['a']} and {pair['b']} is better cannot be told: their difference lies "
        f"between {100 * low:+.1f} and {100 * high:+.1f} points.",
        "Take the cheaper one, or let several seeds decide.",
        ("--seeds", "3"),
    )


def start_from_the_head(pairs: Sequence[Mapping[str, Any]]) -> Advice | None:
    """Fine-tune from the solved head, where `head` beat `full`."""
    for pair in pairs:
        if {pair["a"], pair["b"]} != {"head", "full"} or pair["p_holm"] >= SIGNIFICANT:
            continue
        lead = pair["difference"] if pair["a"] == "head" else -pair["difference"]
        if lead > 0:
            return Advice(
                f"Training everything scored {100 * lead:.1f} points less than the head alone.",
                "A body that starts to move under a good head loses less: let it start from there.",
                ("--strategy", "head-vs-lp-ft"),
            )
    return None
