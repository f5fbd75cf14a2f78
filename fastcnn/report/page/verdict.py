"""The top of a page: which model is better, what each scored, and what that cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from fastcnn.analysis.intervals import SIGNIFICANT
from fastcnn.analysis.learned import nothing_learned_sentence, worth_sentence
from fastcnn.analysis.metrics import metrics_of
from fastcnn.report.page.subject import ScoredModel, Subject

STEP = 0.05
"""The scale of the intervals begins and ends at a multiple of this."""


STRATEGIES = {
    "head": "only the head learned, on a frozen body",
    "full": "first the head learned, then everything",
    "partial": "the later blocks and the head learned",
    "gradual": "block after block was set free to learn",
    "lp-ft": "the head was solved, then everything learned",
    "scratch": "everything learned, from random weights",
}
"""What each strategy does, in a few words."""


@dataclass(frozen=True)
class ScoreRow:
    """One model in the table of strategies."""

    name: str
    """Of the strategy."""
    is_best: bool
    """Whether it won a comparison."""
    n: int
    """Images that it was scored on."""
    metrics: Mapping[str, Any]
    """Accuracy and the rest, as in the record."""
    entry: Mapping[str, Any]
    """What the record says of it; empty where there is none."""
    warnings: Sequence[str]
    """What takes away from the score, in sentences."""

    @property
    def what_it_does(self) -> str:
        """The strategy in a few words, where it is one."""
        return STRATEGIES.get(self.name, "")

    @property
    def test(self) -> Mapping[str, Any] | None:
        """What it scored on the test part, where there is one."""
        return self.entry.get("test")

    @property
    def has_repeats(self) -> bool:
        """Whether it was trained several times."""
        return len(self.entry.get("repeats") or []) > 1

    @property
    def is_cached(self) -> bool:
        """Whether its seconds leave out features that an earlier run had computed."""
        features = self.entry.get("features") or {}
        return bool(features.get("found")) and not features.get("computed")


@dataclass(frozen=True)
class Verdict:
    """What the page begins with."""

    sentence: str
    """Which model is better, or what the only one is worth."""
    rows: Sequence[ScoreRow]
    """A row a model."""
    pairs: Sequence[Mapping[str, Any]]
    """The differences, as in the record."""
    scale: tuple[float, float]
    """Between which accuracies the intervals are drawn."""
    broken_off: str | None
    """How the run ended, where it did not end well."""
    images: str
    """What the images are called."""
    has_costs: bool
    """Whether a run stands behind the scores, which cost something."""

    @property
    def of_one(self) -> str | None:
        """The seed whose scores these are, where there were several."""
        names = [row.entry["repeats"][0]["name"] for row in self.rows if row.has_repeats]
        return names[0].replace("-", " ") if names and names[0].startswith("seed") else None

    @property
    def has_mean_intervals(self) -> bool:
        """Whether means of repeats have intervals: not where all repeats score the same."""
        return any(row.has_repeats and row.entry.get("accuracy_mean_ci") for row in self.rows)

    @property
    def tag(self) -> str:
        """What the best row is called: most accurate only where that is more than chance."""
        if self.of_one:
            return "highest mean"
        [best] = [row.name for row in self.rows if row.is_best]
        against = [pair for pair in self.pairs if best in (pair["a"], pair["b"])]
        is_decided = all(pair["p_holm"] < SIGNIFICANT for pair in against)
        return "most accurate" if is_decided else "highest, perhaps by chance"

    def place(self, accuracy: float) -> float:
        """Return where an accuracy lies on the scale, in percent from the left."""
        low, high = self.scale
        return round(100 * (accuracy - low) / (high - low), 1)


def verdict_of(subject: Subject) -> Verdict:
    """Return the top of the page."""
    rows = [_row(model, subject) for model in subject.models]
    images = "held-out images" if subject.record else "images"
    comparison = (subject.record or {}).get("comparison") or {}
    return Verdict(
        sentence=comparison.get("verdict")
        or " ".join(
            nothing_learned_sentence(row.metrics, row.n, row.name)
            or worth_sentence(row.name, row.metrics, row.n, images)
            for row in rows
        ),
        rows=rows,
        pairs=comparison.get("pairs", []),
        scale=_scale([row.metrics["accuracy_ci"] for row in rows]),
        broken_off=_broken_off(subject),
        images=images,
        has_costs=subject.record is not None,
    )


def _row(model: ScoredModel, subject: Subject) -> ScoreRow:
    entry = ((subject.record or {}).get("strategies") or {}).get(model.name, {})
    metrics = entry.get("metrics") or metrics_of(model.table)
    return ScoreRow(
        name=model.name,
        is_best=bool((subject.record or {}).get("comparison")) and model is subject.best,
        n=len(model.table),
        metrics=metrics,
        entry=entry,
        warnings=_warnings(entry),
    )


def _warnings(entry: Mapping[str, Any]) -> list[str]:
    warnings = []
    if entry.get("selected_on_validation"):
        warnings.append(
            "Selected on validation: the images that are scored here had a say in which weights "
            "were kept, so that this score is optimistic."
        )
    return warnings


def _scale(intervals: Sequence[Sequence[float]]) -> tuple[float, float]:
    low = floor(min(low for low, _ in intervals) / STEP) * STEP
    high = ceil(max(high for _, high in intervals) / STEP) * STEP
    return max(low, 0.0), min(max(high, low + STEP), 1.0)


def _broken_off(subject: Subject) -> str | None:
    """Say how a run ended that was not done, and which strategies it never finished."""
    record = subject.record or {}
    status = record.get("status", "done")
    if status == "done":
        return None
    asked = str(record.get("settings", {}).get("strategy", "")).split("-vs-")
    finished = [model.name for model in subject.models]
    missing = [name for name in asked if name and name not in finished]
    how = {"failed": "This run failed", "interrupted": "This run was interrupted"}
    why = record.get("events") or []
    reason = f": {why[-1]}" if status == "failed" and why else ""
    never = f" Not finished: {', '.join(missing)}." if missing else ""
    return f"{how.get(status, 'This run is not over')}{reason}.{never}"
