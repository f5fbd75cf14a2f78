"""Which settings a strategy uses: one that was given and that nothing uses is a mistake."""

from collections.abc import Mapping
from typing import Any

from fastcnn.errors import Problem
from fastcnn.setting_checks import option
from fastcnn.settings import Settings

EPOCHS, PICTURES, VIEWS = "training in epochs", "training on pictures", "a frozen body's features"
"""What a strategy may do, and what a setting may be about."""

USED_BY = {
    **dict.fromkeys(
        "epochs lr opt schedule loss wd clip accumulate mixup ema early_stop save_best".split(),
        EPOCHS,
    ),
    **dict.fromkeys("cutmix progressive augment".split(), PICTURES),
    "views": VIEWS,
}
"""What the settings with a narrow use are about; all others always matter."""
BY_STRATEGY = {
    "freeze_epochs": ("full", "partial"),
    "freeze_until": ("partial",),
}
"""Settings that only these strategies read."""


def refuse_unused(given: Mapping[str, Any], settings: Settings) -> list[Problem]:
    """Return one problem a reason, naming all the settings that the user gave in vain."""
    done = set().union(*(does(name, settings) for name in settings.strategies))
    unused: dict[str, list[str]] = {}
    for name in given:
        if given[name] is None:
            continue
        if name in USED_BY and USED_BY[name] not in done:
            unused.setdefault(_why(USED_BY[name], done), []).append(option(name))
        elif name in BY_STRATEGY and not set(BY_STRATEGY[name]) & set(settings.strategies):
            why = f"only {', '.join(BY_STRATEGY[name])} have a use for it"
            unused.setdefault(why, []).append(option(name))
    if settings.balance == "sampling" and given.get("balance") and EPOCHS not in done:
        unused.setdefault(_why(EPOCHS, done), []).append("--balance sampling")
    small = settings.progressive
    if given.get("progressive") and not (small and small < settings.size and settings.epochs > 1):
        why = "it needs a smaller side than --size and two epochs"
        unused.setdefault(why, []).append("--progressive")
    return [
        Problem(
            f"{', '.join(options)} would do nothing with --strategy {settings.strategy}: {why}",
            _hint(options, done),
        )
        for why, options in unused.items()
    ]


def does(strategy: str, settings: Settings) -> set[str]:
    """Return what a strategy does of the above."""
    solved = settings.head == "linear"
    if strategy == "head":
        return {VIEWS} if solved else {VIEWS, EPOCHS}
    if strategy == "lp-ft":
        return {VIEWS, EPOCHS, PICTURES}
    return {EPOCHS, PICTURES}


def _why(use: str, done: set[str]) -> str:
    if use == EPOCHS or (use == PICTURES and EPOCHS not in done):
        return "its head is solved to the optimum, not trained in epochs"
    if use == PICTURES:
        return "its head learns from stored features, not from pictures"
    return "only head and lp-ft compute features once"


def _hint(options: list[str], done: set[str]) -> str:
    leave = f"leave {'them' if len(options) > 1 else 'it'} away"
    if EPOCHS not in done:
        return f"{leave}, or train the head in epochs with --head fastai"
    return f"{leave}, or give another --strategy"
