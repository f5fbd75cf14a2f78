"""What came of a sweep: a row a trial, and the best of them as a command to copy."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from fastcnn.models.networks import stated_settings
from fastcnn.setting_checks import option
from fastcnn.setting_uses import refuse_unused
from fastcnn.settings import Settings
from fastcnn.sweep.claims import AGAIN_OF, PROCESS_ENDED, REASON
from fastcnn.sweep.nets import NETWORK_SETTINGS, PREFIX, is_of_network
from fastcnn.sweep.order import Order
from fastcnn.sweep.study import (
    DRAWN,
    EPOCHS,
    LOSS,
    PRECISIONS,
    SAME_AS,
    SECONDS,
    STRATEGY,
    best_trial,
)

STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
INTERRUPTED, REPEATED = "interrupted", "repeated"
"""The states of a trial that lost its process, and was run again under another number; and of one
that drew what an earlier one had drawn, and was not trained again."""


@dataclass(frozen=True)
class Result:
    """The trials of a sweep, as they are at one moment."""

    folder: Path
    """Where everything lies."""
    order: Order
    """What was asked for."""
    study: Study
    """Optuna's view."""
    trials: list[FrozenTrial]
    """All of them, by number."""
    settings: Settings
    """Those of a training without any draw."""
    data: str
    """Which images."""
    n_valid: int
    """How many images every trial was scored on."""

    @property
    def best(self) -> FrozenTrial | None:
        """The most accurate trial, None where none is complete."""
        return best_trial(self.trials)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are in each state that there is one in."""
        states = [state_of(trial) for trial in self.trials]
        return {state: states.count(state) for state in (*STATES.values(), REPEATED, INTERRUPTED)}

    @property
    def n_left(self) -> int:
        """How many trials are yet to be run."""
        return self.counts["waiting"] + self.counts["running"]

    def to_json(self) -> dict[str, Any]:
        """Return the document of `fastcnn sweep --json`."""
        best = self.best
        return {
            "sweep": str(self.folder),
            "data": self.data,
            "n_valid": self.n_valid,
            "space": list(self.order.space),
            "counts": self.counts,
            "best": None if best is None else best_document(self, best),
            "trials": [row_of(trial, self.order) for trial in self.trials],
        }

    def ranked(self) -> list[FrozenTrial]:
        """Return the complete trials from the best down."""
        complete = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        return sorted(complete, key=lambda trial: (-(trial.value or 0.0), trial.number))


def state_of(trial: FrozenTrial) -> str:
    """Return the state of a trial as the report calls it."""
    if trial.state == TrialState.FAIL and trial.user_attrs.get(REASON) == PROCESS_ENDED:
        return INTERRUPTED
    is_repeated = trial.state == TrialState.PRUNED and SAME_AS in trial.user_attrs
    return REPEATED if is_repeated else STATES[trial.state]


def accuracy_of(trial: FrozenTrial) -> float | None:
    """Return the score of a trial, or that of the last epoch of one that was given up."""
    return trial.value if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) else None


def row_of(trial: FrozenTrial, order: Order) -> dict[str, Any]:
    """Return a flat row, as `trials.csv` holds them: a column a setting, empty where not drawn."""
    return {
        "number": trial.number,
        "state": state_of(trial),
        "accuracy": accuracy_of(trial),
        "valid_loss": trial.user_attrs.get(LOSS),
        "epochs_trained": trial.user_attrs.get(EPOCHS),
        "seconds": trial.user_attrs.get(SECONDS),
        **values_of(trial, order),
        "again_of": trial.user_attrs.get(AGAIN_OF),
        "same_as": trial.user_attrs.get(SAME_AS),
        "reason": trial.user_attrs.get(REASON),
    }


def values_of(trial: FrozenTrial, order: Order) -> dict[str, Any]:
    """Return what a trial used of each searched setting, None where it had no use for it."""
    drawn: Mapping[str, Any] = trial.user_attrs.get(DRAWN, trial.params)
    of_network = stated_settings(str(drawn.get("arch", "")))
    return {
        name: (
            of_network.get(name.removeprefix(PREFIX)) if is_of_network(name) else drawn.get(name)
        )
        for name in order.parsed_space()
    }


def training_words(result: Result, trial: FrozenTrial) -> list[str]:
    """Return the words of the command that trains with a trial's settings and exports the model."""
    order = result.order
    start = ["train", str(order.data)] if order.is_train else ["recipe", order.recipe]
    words = ["fastcnn", *start]
    if order.data is not None and not order.is_train:
        words += ["--data", order.data]
    if order.config_path is not None:
        words += ["--config", order.config_path]
    for name, value in used_settings(result, trial).items():
        if value is True:
            words.append(option(name))
        elif value is not None and value is not False:
            words += [option(name), str(value)]
    return words


def used_settings(result: Result, trial: FrozenTrial) -> dict[str, Any]:
    """Return what was fixed and drawn of the settings that the trial's strategy has a use for."""
    stated = {**result.order.given, **trial.user_attrs.get(DRAWN, {})}
    stated["strategy"] = trial.user_attrs.get(STRATEGY, result.settings.strategy)
    if result.settings.precision == "auto" and (only := _only_precision(trial)):
        stated["precision"] = only
    everything = Settings(**{**result.settings.to_json(), **stated})
    return {
        name: value
        for name, value in stated.items()
        if value is not None and not refuse_unused({name: value}, everything)  # it would do nothing
    }


def command_of(result: Result, trial: FrozenTrial) -> str:
    """Return that command, to be copied."""
    return shlex.join(training_words(result, trial))


def best_document(result: Result, trial: FrozenTrial) -> dict[str, Any]:
    """Return what `best.json` holds: `--config best.json` trains with just these settings."""
    drawn = {**used_settings(result, trial), "data": result.order.data}
    drawn["measured"] = trial.user_attrs.get(PRECISIONS, {})
    if result.settings.precision == "auto":
        drawn.pop("precision", None)  # what was measured says it for each kind of work
    return {
        "number": trial.number,
        "accuracy": trial.value,
        "n_valid": result.n_valid,
        "selected_on_validation": True,
        "command": command_of(result, trial),
        "settings": {**result.order.earlier(), **drawn},
        "searched": values_of(trial, result.order),
    }


def names_of_columns(order: Order) -> list[str]:
    """Return the searched settings in the order of the report."""
    names = list(order.parsed_space())
    return sorted(names, key=lambda name: name.removeprefix(PREFIX) in NETWORK_SETTINGS)


def _only_precision(trial: FrozenTrial) -> str | None:
    """Return the precision of a trial that computed in one alone, as `--precision` takes it."""
    names = {str(name).split()[0] for name in trial.user_attrs.get(PRECISIONS, {}).values()}
    return names.pop() if len(names) == 1 else None
