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
OF_WHOLE_RUNS = ("seeds", "folds", "learning_curve")
"""Settings about what a run does beside one training; a sweep, say, trains once a trial."""


def refuse_unused(given: Mapping[str, Any], settings: Settings) -> list[Problem]:
    """Return one problem a reason, naming all the settings that the user gave in vain."""
    done = set().union(*(does(name, settings) for name in settings.strategies))
    done |= {VIEWS} if settings.learning_curve else set()
    unused: dict[str, list[tuple[str, str]]] = {}
    for name in given:
        if given[name] is not None and (reason := _why_unused(name, settings, done)):
            why, otherwise = reason
            shown = "--balance sampling" if name == "balance" else option(name)
            unused.setdefault(why, []).append((shown, otherwise))
    problems = [_problem(why, pairs, settings) for why, pairs in unused.items()]
    return problems + _beside_folds(given, settings)


def does(strategy: str, settings: Settings) -> set[str]:
    """Return what a strategy does of the above."""
    solved = settings.head == "linear"
    if strategy == "head":
        return {VIEWS} if solved else {VIEWS, EPOCHS}
    if strategy == "lp-ft":
        return {VIEWS, EPOCHS, PICTURES}
    return {EPOCHS, PICTURES}


def _beside_folds(given: Mapping[str, Any], settings: Settings) -> list[Problem]:
    """Return the part to hold out as a problem where folds say it already."""
    if given.get("valid_pct") is None or not settings.folds:
        return []
    return [
        Problem(
            f"--valid-pct would do nothing with --folds {settings.folds}: each fold is held out "
            "once",
            f"leave it away, or give --folds {max(2, round(1 / settings.valid_pct))}",
        )
    ]


def _problem(why: str, pairs: list[tuple[str, str]], settings: Settings) -> Problem:
    """Make one problem of all options that do nothing for the same reason, and of the ways out."""
    options = ", ".join(option for option, _ in pairs)
    leave = f"leave {'them' if len(pairs) > 1 else 'it'} away"
    return Problem(
        f"{options} would do nothing with --strategy {settings.strategy}: {why}",
        ", or ".join(dict.fromkeys([leave, *(otherwise for _, otherwise in pairs)])),
    )


def _why_unused(name: str, settings: Settings, done: set[str]) -> tuple[str, str] | None:
    """Return why a setting does nothing and what would make it do something, None if it does."""
    from_nothing = settings.strategies == ("scratch",)
    if name == "learning_curve" and settings.learning_curve and from_nothing:
        return "it is computed from the features of a pretrained body", "give --strategy head"
    if name == "balance":
        use = EPOCHS if settings.balance == "sampling" else ""
    else:
        use = USED_BY.get(name, "")
    if use and use not in done:
        return _without(use, done)
    if name in BY_STRATEGY and not set(BY_STRATEGY[name]) & set(settings.strategies):
        names = BY_STRATEGY[name]
        have = "has" if len(names) == 1 else "have"
        return f"only {' and '.join(names)} {have} a use for it", f"give --strategy {names[0]}"
    small = settings.progressive
    if name == "progressive" and not (small and small < settings.size and settings.epochs > 1):
        smaller, epochs = max(settings.size // 2, 8), max(settings.epochs, 2)
        return (
            f"it needs smaller pictures than {settings.size} px and more than one epoch",
            f"give for example --progressive {smaller} --epochs {epochs}",
        )
    return None


def _without(use: str, done: set[str]) -> tuple[str, str]:
    """Return why a setting with this use does nothing, and what would make it do something."""
    if use == VIEWS:
        return "only head and lp-ft compute features once", "give --strategy head"
    if EPOCHS not in done:
        in_epochs = "train the head in epochs with --head fastai"
        otherwise = in_epochs if use == EPOCHS else "give --strategy full, which trains on pictures"
        return "its head is solved to the optimum, not trained in epochs", otherwise
    return "its head learns from stored features, not from pictures", "give --strategy full"
