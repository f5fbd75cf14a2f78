"""What an error analysis found, as tables on the terminal."""

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.analysis.confusion import most_confused
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import probabilities_of
from fastcnn.analysis.scores import class_scores, top_losses
from fastcnn.analysis.unlabelled import least_sure, predicted_counts
from fastcnn.error_analysis import ErrorAnalysis
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.report.evaluation_table import (
    accuracy_sentence,
    skipped_sentence,
    tell_leak,
    tell_nothing_learned,
    tell_training_run,
)

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5
"""Rows of each table; the page and the document have more."""
MANY = 12
"""Classes that are counted in lines of their own."""
LONGEST = 28
"""Characters of a path; of a longer one the beginning is left out, since the end tells more."""


def show_analysis(found: ErrorAnalysis, narrator: Narrator) -> None:
    """Print what was found, the result last, in 80 columns."""
    for table in (_labelled if found.is_labelled else _unlabelled)(found.table):
        if table.rows:
            narrator.show(table)
    if skipped := found.answers.images.skipped:
        narrator.warn(skipped_sentence(skipped))
    if found.is_labelled:
        metrics, n = metrics_of(found.table), len(found.table)
        tell_leak(found.answers.against_run, narrator)
        narrator.always_say(accuracy_sentence(metrics, n))
        tell_nothing_learned(metrics, n, narrator)
        tell_training_run(found.answers.against_run, narrator)
    else:
        narrator.always_say(f"{len(found.table):,} images without labels")
    narrator.always_say(f"folder: {shown_path(found.folder)}")
    if found.report:
        narrator.say(f"page: {shown_path(found.report)}")


def _labelled(table: "pd.DataFrame") -> list[Table]:
    return [worst_classes(table), confused_classes(table), worst_answers(table)]


def _unlabelled(table: "pd.DataFrame") -> list[Table]:
    return [seen_classes(table), unsure_images(table)]


def worst_classes(table: "pd.DataFrame") -> Table:
    """Return a row for each of the classes that are recognised least, if not always."""
    shown = _table("the worst classes", "class", "images", "recall", "95 % interval", "precision")
    scores = class_scores(table)
    missed = scores[scores["recall"] < 1].sort_values("recall", kind="stable")
    columns = ["class", "n", "recall", "recall_low", "recall_high", "precision"]
    for name, n, recall, low, high, precision in _rows(missed[columns]):
        interval = f"{low:.3f} to {high:.3f}"
        shown.add_row(Text(name), f"{n:,}", _score(recall), interval, _score(precision))
    return shown


def confused_classes(table: "pd.DataFrame") -> Table:
    """Return a row for each of the pairs of classes that are confused most."""
    shown = _table("the most confused", "is", "taken for", "images", "part")
    for pair in most_confused(table)[:SHOWN]:
        part = f"{100 * pair.share_of_target:.0f} %"
        shown.add_row(Text(pair.target), Text(pair.predicted), f"{pair.count:,}", part)
    return shown


def worst_answers(table: "pd.DataFrame") -> Table:
    """Return a row for each of the wrong answers with the greatest loss."""
    shown = _table("the worst answers", "image", "is", "taken for", "probability")
    wrong = top_losses(table[~table["correct"]], SHOWN)
    surest = wrong.assign(probability=probabilities_of(wrong).max(axis=1))
    columns = ["path", "target", "predicted", "probability"]
    for path, target, predicted, probability in _rows(surest[columns]):
        shown.add_row(_short(path), Text(target), Text(predicted), _score(probability))
    return shown


def seen_classes(table: "pd.DataFrame") -> Table:
    """Return a row for each class that was predicted, the most frequent first."""
    shown = _table("what it sees", "class", "images", "part")
    counts = [(name, count) for name, count in predicted_counts(table).items() if count]
    for name, count in counts[:MANY]:
        shown.add_row(Text(name), f"{count:,}", f"{100 * count / len(table):.0f} %")
    if len(counts) > MANY:
        rest = sum(count for _, count in counts[MANY:])
        shown.add_row(f"{len(counts) - MANY} others", f"{rest:,}")
    return shown


def unsure_images(table: "pd.DataFrame") -> Table:
    """Return a row for each of the images of which the model is least sure."""
    shown = _table("the least sure", "image", "taken for", "probability", "or for", "probability")
    for path, predicted, sure, second, less in _rows(least_sure(table, SHOWN)):
        names = Text(predicted), _score(sure), Text(second or "")
        shown.add_row(_short(path), *names, _score(less))
    return shown


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="")
    for heading in headings:
        is_name = heading in ("class", "is", "taken for", "or for")
        if is_name:  # gives way where the line is too long
            table.add_column(heading, overflow="ellipsis")
        else:
            table.add_column(heading, justify="left" if heading == "image" else "right",
                             no_wrap=True)  # fmt: skip
    return table


def _rows(table: "pd.DataFrame") -> list[list[Any]]:
    rows: list[list[Any]] = table.head(SHOWN).to_numpy(dtype=object).tolist()
    return rows


def _score(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


def _short(path: str) -> Text:
    return Text(path if len(path) <= LONGEST else f"…{path[1 - LONGEST :]}")
