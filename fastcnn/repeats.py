"""Several trainings by every strategy, so that one lucky split does not decide: seeds, or folds.

Each repeat has a plan of its own; all draw on the same pictures and features. What they bring is
gathered by strategy, so that after each of them there is a whole record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

import pandas as pd

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import joined
from fastcnn.analysis.repeated import Repeated, mean_accuracy_interval
from fastcnn.data.leaks import copies_across_parts
from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.plan import Plan, draw

OF_EACH = ("metrics", "test", "seconds", "epochs", "selected_on_validation", "checkpoint_sha256")
"""What the record keeps of every repeat, of all that it keeps of a strategy."""


@dataclass(frozen=True)
class Repeat:
    """One training by every strategy."""

    name: str
    """seed-43 or fold-2, as its folders are called; empty where there is no other."""
    plan: Plan
    """Under its own seed, with its own split."""
    is_first: bool = True
    """Whether its models are those of the run."""

    @property
    def words(self) -> str:
        """Its name as a sentence has it."""
        return self.name.replace("-", " ")

    def describe(self) -> dict[str, Any]:
        """Return what the record says of it beside what it brought."""
        images = self.plan.images
        return {
            "name": self.name,
            "seed": self.plan.settings.seed,
            "n_train": len(images.train),
            "n_valid": len(images.valid),
            "split_sha256": images.split_sha256(),
        }


@dataclass
class Gathered:
    """What the repeats of one strategy have brought so far."""

    repeats: list[Repeat] = field(default_factory=list)
    """Those that are over, in their order."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    """What each alone would have in the record."""
    tables: list[pd.DataFrame] = field(default_factory=list)
    """Its table of predictions."""

    def add(self, repeat: Repeat, entry: dict[str, Any], table: pd.DataFrame) -> None:
        """Add what one brought."""
        self.repeats.append(repeat)
        self.entries.append(entry)
        self.tables.append(table)

    @property
    def table(self) -> pd.DataFrame:
        """The table that the strategy is judged by: of the first seed, or of all folds."""
        if self.repeats[0].plan.settings.folds:
            return joined(self.tables)
        return self.tables[0]

    @property
    def accuracies(self) -> list[float]:
        """The accuracy of each repeat."""
        return [entry["metrics"]["accuracy"] for entry in self.entries]

    def entry(self) -> dict[str, Any]:
        """Return the entry of the record: the first repeat's, and what all of them make of it."""
        first = self.entries[0]
        if not self.repeats[0].name:
            return first
        taken = sum(entry["seconds"]["total"] for entry in self.entries)
        return {
            **first,
            "metrics": metrics_of(self.table),
            "repeats": [
                {**repeat.describe(), **{name: entry[name] for name in OF_EACH}}
                for repeat, entry in zip(self.repeats, self.entries, strict=True)
            ],
            "seconds": {**first["seconds"], "all_repeats": round(taken, 3)},
            "selected_on_validation": any(one["selected_on_validation"] for one in self.entries),
            "accuracy_mean": fmean(self.accuracies),
            "accuracy_mean_ci": mean_accuracy_interval(self.accuracies),
        }


def repeats_of(plan: Plan, narrator: Narrator) -> list[Repeat]:
    """Return the trainings that a plan asks for; what is wrong with the split of any is found here.

    Raises:
        DataError: a split leaves nothing to learn from or to score.
    """
    settings = plan.settings
    if settings.folds:
        places = {f"fold-{fold + 1}": (settings.seed, fold) for fold in range(settings.folds)}
    elif settings.seeds > 1:
        seeds = range(settings.seed, settings.seed + settings.seeds)
        places = {f"seed-{seed}": (seed, 0) for seed in seeds}
    else:
        return [Repeat("", plan)]
    (first, _), *later = places.items()
    repeats = [Repeat(first, plan)]
    repeats += [Repeat(name, _planned(plan, *place), is_first=False) for name, place in later]
    _tell(repeats, narrator)
    return repeats


def n_learned_later(repeats: Sequence[Repeat]) -> int:
    """Return how many images later repeats learn from, of those that the first holds out."""
    first, *later = (set(repeat.plan.images.train) for repeat in repeats)
    return len(set().union(*later) - first)


def compare_gathered(gathered: Mapping[str, Gathered]) -> dict[str, Any] | None:
    """Return the record's `comparison` of what has been gathered, None of one strategy."""
    seconds, found = costs({name: one.entries[0] for name, one in gathered.items()})
    tables = {name: one.table for name, one in gathered.items()}
    repeats = next(iter(gathered.values())).repeats
    if not repeats[0].name:
        return compare(tables, seconds, found)
    accuracies = {name: one.accuracies for name, one in gathered.items()}
    repeated = Repeated(
        first=repeats[0].words,
        seed_accuracies={} if repeats[0].plan.settings.folds else accuracies,
    )
    return compare(tables, seconds, found, repeated)


def costs(entries: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, float], list[str]]:
    """Return the seconds of each strategy, and which of them found all features in the cache."""
    seconds = {name: entry["seconds"]["total"] for name, entry in entries.items()}
    features = {name: entry["features"] for name, entry in entries.items()}
    found = [name for name, one in features.items() if one["found"] and not one["computed"]]
    return seconds, found


def _planned(plan: Plan, seed: int, fold: int) -> Plan:
    settings = plan.settings.changed(seed=seed)
    images = plan.split(settings, fold)
    drawn, n_classes = plan.blueprint, len(images.classes)
    if n_classes != len(plan.images.classes):  # of a rare class all may be held out
        drawn = draw(plan.weights, settings, n_classes, HushedNarrator(quiet=True))
    return replace(plan, settings=settings, images=images, blueprint=drawn)


def _tell(repeats: Sequence[Repeat], narrator: Narrator) -> None:
    """Say what is repeated, and what is the matter with later splits."""
    settings = repeats[0].plan.settings
    if settings.folds:
        narrator.say(f"{settings.folds} folds: each image is held out once")
    elif len({repeat.plan.images.split_sha256() for repeat in repeats}) == 1:
        narrator.warn(
            f"all {settings.seeds} seeds are scored on the same images, since the data, or the "
            "recipe, say what is held out: intervals over them say nothing of other images"
        )
        return
    else:
        last = settings.seed + settings.seeds - 1
        narrator.say(f"seeds {settings.seed} to {last}: each holds out images of its own")
    _tell_leaks(repeats[1:], narrator)
    for repeat in repeats[1:]:
        if unscored := repeat.plan.images.unscored:
            narrator.warn(
                f"not scored in {repeat.words}, since no training image shows it: "
                f"{', '.join(unscored)}"
            )


def _tell_leaks(repeats: Sequence[Repeat], narrator: Narrator) -> None:
    known: dict[Any, Any] = {}
    leaks = {one.words: len(copies_across_parts(one.plan.images, known)) for one in repeats}
    found = [f"{count:,} in {words}" for words, count in leaks.items() if count]
    if found:
        narrator.warn(
            f"LEAK: held-out images are copies of images learned from, {', '.join(found)}: the "
            "score is too good; fastcnn doctor lists them"
        )
