"""What a model scored on labelled images, as a table on the terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.evaluation import Evaluation
from fastcnn.narrator import Narrator


def show_evaluation(found: Evaluation, narrator: Narrator) -> None:
    """Print the accuracy with its interval, a row a class, and what was not scored."""
    metrics = found.metrics
    low, high = metrics["accuracy_ci"]
    narrator.show(class_table(found))
    if found.skipped:
        path, reason = next(iter(found.skipped.items()))
        narrator.warn(f"{len(found.skipped):,} images are not scored, as {path} ({reason})")
    narrator.always_say(
        f"accuracy {metrics['accuracy']:.3f} (95 % interval {low:.3f} to {high:.3f}) on "
        f"{len(found.table):,} images, macro F1 {metrics['f1_macro']:.3f}"
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
