"""What a model scored on labelled images, as a table on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.analysis.against_run import AgainstRun
from fastcnn.analysis.learned import nothing_learned_sentence
from fastcnn.evaluation import Evaluation
from fastcnn.narrator import LOUD, Narrator
from fastcnn.places import shown_path


def show_evaluation(found: Evaluation, narrator: Narrator) -> None:
    """Print a row a class, what was not scored, and the accuracy with its interval."""
    narrator.show(class_table(found))
    if found.skipped:
        narrator.warn(skipped_sentence(found.skipped))
    tell_leak(found.training_run, narrator)
    metrics, n = found.metrics, len(found.table)
    narrator.always_say(accuracy_sentence(metrics, n))
    tell_nothing_learned(metrics, n, narrator)
    tell_training_run(found.training_run, narrator)


def accuracy_sentence(metrics: Mapping[str, Any], n: int) -> str:
    """Say what was scored on `n` images."""
    low, high = metrics["accuracy_ci"]
    return (
        f"accuracy {metrics['accuracy']:.3f} (95 % interval {low:.3f} to {high:.3f}) on "
        f"{n:,} images, macro F1 {metrics['f1_macro']:.3f}"
    )


def tell_nothing_learned(metrics: Mapping[str, Any], n: int, narrator: Narrator) -> None:
    """Warn where `n` images would as well have been answered without looking at them."""
    if said := nothing_learned_sentence(metrics, n):
        narrator.warn(f"{said[0].lower()}{said[1:].rstrip('.')}")


def skipped_sentence(skipped: Mapping[str, str]) -> str:
    """Say how many images were left out, and why the first was."""
    path, reason = next(iter(skipped.items()))
    return f"{len(skipped):,} images are not scored, as {path} ({reason})"


def tell_leak(against: AgainstRun | None, narrator: Narrator) -> None:
    """Warn of images that the model learned from: before the score, which is too good."""
    if against is not None and against.n_learned:
        narrator.warn(learned_sentence(against))


def tell_training_run(against: AgainstRun | None, narrator: Narrator) -> None:
    """Say what the model scored in its run, as a warning where chance hardly explains it."""
    if against is None:
        return
    tell = narrator.warn if against.is_more_than_chance else narrator.say
    tell(run_sentence(against))


def training_run_sentences(against: AgainstRun) -> list[str]:
    """Return what there is to say of a model's own run."""
    said = run_sentence(against)
    learned = [f"{learned_sentence(against)}."] if against.n_learned else []
    return [*learned, f"{said[0].upper()}{said[1:]}."]


def learned_sentence(against: AgainstRun) -> str:
    """Say how many of the images the model learned from."""
    n, total = against.n_learned, against.here.total
    which = f"all {total:,}" if n == total else f"{n:,} of the {total:,}"
    return (
        f"{LOUD}: the model learned from {which} images, so this says how well it remembers, not "
        "what it is worth on new ones"
    )


def run_sentence(against: AgainstRun) -> str:
    """Say how the score differs from that of the run, and whether chance may be the reason."""
    training, new = against.training, against.new
    there = (
        f"in its run ({shown_path(against.run)}, {against.strategy}) it scored "
        f"{training.accuracy:.3f} on {training.total:,} held-out images"
        + (", by which its epoch was chosen" if against.was_selected else "")
    )
    if new is None:
        harmless = "" if against.n_learned else ": all were held out from it, so this is no leak"
        return f"{there}; none of these is new to that run{harmless}"
    here = "here" if new == against.here else f"on the {new.total:,} here that are new to it"
    low, high = (100 * bound for bound in against.difference_ci)
    return (
        f"{there}: {100 * against.difference:+.1f} points {here} (95 % interval {low:+.1f} to "
        f"{high:+.1f}, p = {against.p_value:.2g}), "
        + ("more than chance" if against.is_more_than_chance else "which chance may make")
    )


def class_table(found: Evaluation) -> Table:
    """Return a row a class, the worst first."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("class", overflow="fold")
    for heading in ("images", "accuracy", "95 % interval"):
        table.add_column(heading, justify="right")
    for row in sorted(found.per_class(), key=lambda row: (row["accuracy"], row["class"])):
        low, high = row["accuracy_ci"]
        cells = f"{row['n']:,}", f"{row['accuracy']:.3f}", f"{low:.3f} to {high:.3f}"
        table.add_row(Text(str(row["class"])), *cells)
    return table
