"""What to try next: the rules of `fastcnn.analysis.advice`, asked about one page's findings."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fastcnn.analysis import advice, training_advice
from fastcnn.analysis.advice import Advice
from fastcnn.analysis.confusion import most_confused
from fastcnn.analysis.intervals import standard_error
from fastcnn.analysis.learned import nothing_learned_sentence
from fastcnn.recipe_book import FOLDER_RECIPE
from fastcnn.report.page.closer import Closer
from fastcnn.report.page.data import DataSummary
from fastcnn.report.page.labels import Suspects
from fastcnn.report.page.subject import ScoredModel, Subject

STRATEGY = "--strategy"
RANDOM = "random"
"""The source of weights that were not learned."""
SECTIONS = {
    "labels": "labels",
    "images": "data",
    "training": "training",
    "repeats": "repeats",
    "classes": "m0-classes",
    "confusions": "m0-confusions",
    "confidence": "m0-sureness",
}
"""Where the page shows what an advice is about."""


@dataclass(frozen=True)
class Step:
    """One thing to try."""

    finding: str
    """What was found, with its numbers."""
    action: str
    """What to do about it."""
    command: str | None
    """The command that does it; None of no run, and where an earlier step has it already."""
    section: str | None
    """The part of the page that shows it."""


def next_steps(
    subject: Subject, closer: Closer, data: DataSummary, suspects: Suspects | None
) -> list[Step]:
    """Return what to try next, what spoils the scores first.

    Nothing where the model has learned from the images: what it remembers advises nobody.
    """
    if subject.is_remembered:
        return []
    found = [*_about_data(subject, closer, data, suspects), *_about_training(subject)]
    found += _about_answers(subject, closer, data)
    steps: list[Step] = []
    for one in filter(None, found):
        command = _command(subject, one)
        is_said = any(command == step.command for step in steps)
        shown = None if is_said else command
        steps.append(Step(one.finding, one.action, shown, SECTIONS.get(one.about)))
    return steps


def _about_data(
    subject: Subject, closer: Closer, data: DataSummary, suspects: Suspects | None
) -> Iterator[Advice | None]:
    table, facts = subject.best.table, data.facts
    yield advice.learn_something(nothing_learned_sentence(closer.scores, len(table)))
    conflicting = [one for one in data.kinds or () if one.name == "conflicting-label"]
    n_conflicting = sum(len(one.findings) for one in conflicting)
    n_held_out = len(table) + facts.get("n_test", 0)
    yield advice.part_the_copies(
        len(data.across), n_held_out, n_conflicting, by_folder=subject.is_by_folder
    )
    if suspects is not None:
        n_judged = suspects.n_ranked or facts.get("n_train", 0) + facts.get("n_valid", 0)
        yield advice.mend_labels(suspects.n_doubtful, n_judged)


def _about_training(subject: Subject) -> Iterator[Advice | None]:
    record = subject.record or {}
    comparison = record.get("comparison") or {}
    for model in subject.models:
        if model.history is not None:
            yield _about_history(subject, model, model.history)
    if advice.LP_FT not in _strategies(subject):
        yield training_advice.start_from_the_head(comparison.get("pairs", []))
    if not _has_repeats(subject):
        yield training_advice.settle(comparison.get("pairs", []), subject.best.name)
    yield training_advice.collect_more(record.get("learning_curve"))


def _about_history(subject: Subject, model: ScoredModel, history: pd.DataFrame) -> Advice | None:
    """Return one advice: what mends a rise speaks against what would go on as before."""
    epochs = int(_setting(subject, "epochs", 1))
    is_mixed = bool(_setting(subject, "mixup", 0) or _setting(subject, "cutmix", 0))
    own, table = model.held_out_paths, model.table
    scored = table if own is None else table[table["path"].isin(own)]  # the history's own fold
    told = model.name, history, standard_error(scored["loss"])
    return (
        training_advice.recover(*told, epochs)
        or training_advice.hold_back(*told, is_mixed=is_mixed)
        or training_advice.train_longer(model.name, history, epochs)
    )


def _about_answers(subject: Subject, closer: Closer, data: DataSummary) -> Iterator[Advice | None]:
    table, accuracy = subject.best.table, closer.scores["accuracy"]
    size = int(_setting(subject, "size", 0))
    sides = (data.sizes.median_side, size) if data.sizes and size else None
    larger = advice.show_more_detail(*sides, accuracy) if sides else None
    is_balanced = _setting(subject, "balance", "none") != "none"
    classes = pd.DataFrame(closer.classes)
    yield advice.balance(subject.learned, classes, is_balanced=is_balanced)
    yield advice.tell_apart(
        most_confused(table), closer.n_wrong, closer.matrix.n_classes, sides, _strategies(subject)
    )
    if subject.record is not None:
        yield larger
    yield advice.cool_down(closer.sureness.calibration)
    n_images = data.facts.get("n_train", 0) + data.facts.get("n_valid", 0)
    if subject.record is not None and not _has_repeats(subject):
        yield advice.score_more(closer.scores["accuracy_ci"], len(table), n_images)


def _command(subject: Subject, one: Advice) -> str | None:
    """Return the command to copy: the run's own, with all its settings and what changes."""
    if subject.record is None or subject.run_path is None:
        return None
    if one.code:
        return one.code
    if one.asks:
        folder = subject.record["data"]["path"]
        return shlex.join(["fastcnn", *one.asks, folder, *one.options])
    options = list(one.options)
    if len(subject.models) > 1 and STRATEGY not in options and "--seeds" not in options:
        options = [STRATEGY, subject.best.name, *options]
    return shlex.join([*_beginning(subject), "--config", str(subject.run_path), *options])


def _beginning(subject: Subject) -> list[str]:
    """Return what begins the command of a run; a user's recipe is named as it was given."""
    record: Any = subject.record
    if record["recipe"] == FOLDER_RECIPE:
        return ["fastcnn", "train", str(record["settings"].get("data") or record["data"]["path"])]
    said = shlex.split(record.get("command", "")) if _is_shell(record) else []
    if len(said) > 2 and said[1] in ("recipe", "train") and not said[2].startswith("-"):
        return said[:3]
    return ["fastcnn", "recipe", str(record["recipe"])]


def _is_shell(record: Any) -> bool:
    return str(record.get("command", "")).startswith("fastcnn ")


def _strategies(subject: Subject) -> list[str]:
    """Return what was tried, and what cannot be: random weights have no features to start from."""
    weights = (subject.record or subject.training_record or {}).get("weights") or {}
    is_pretrained = weights and weights.get("source") != RANDOM
    tried = str(_setting(subject, "strategy", "")).split("-vs-")
    return tried if is_pretrained else [*tried, advice.LP_FT]


def _setting(subject: Subject, name: str, default: object) -> Any:
    settings = (subject.record or subject.training_record or {}).get("settings") or {}
    return settings.get(name) or default


def _has_repeats(subject: Subject) -> bool:
    """Return whether seeds or folds have been asked already."""
    strategies = (subject.record or {}).get("strategies") or {}
    return any(len(entry.get("repeats") or []) > 1 for entry in strategies.values())
