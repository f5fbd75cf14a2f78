"""Error analysis of an exported model on new images, as `fastcnn interpret` does.

answers of the model → table of predictions → what is wrong with them → folder with a page
"""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.analysis.confusion import most_confused
from fastcnn.analysis.learned import learned_nothing
from fastcnn.analysis.predictions import probabilities_of, write_table
from fastcnn.analysis.scores import all_scores, class_scores, top_losses
from fastcnn.analysis.unlabelled import least_sure, predicted_counts
from fastcnn.analysis_page import leave_page
from fastcnn.answers import Answers, answers_of
from fastcnn.errors import UsageError
from fastcnn.files import friendly_disk_errors, write_json
from fastcnn.inference.output import prediction_records
from fastcnn.narrator import Narrator
from fastcnn.new_images import any_images
from fastcnn.places import user_path
from fastcnn.record import new_folder, safe_name
from fastcnn.run_folder import INTERPRETATION_FILE, PREDICTIONS_FILE, REPORT_FILE, RUN_FILE
from fastcnn.setting_checks import option

if TYPE_CHECKING:
    import pandas as pd

OWN_FILES = (INTERPRETATION_FILE, PREDICTIONS_FILE, REPORT_FILE)
"""What an error analysis writes."""
N_LISTED = 50
"""Top losses, confusions and unsure images that the document lists; the table has all."""


@dataclass(frozen=True)
class ErrorAnalysis:
    """What a model gets wrong on new images, or what it is unsure of."""

    model: str
    """The model as it was given."""
    data: str
    """The images as they were given."""
    answers: Answers
    """What the model said."""
    folder: Path
    """Where it is kept."""
    command: str
    """What to type to have it again."""
    report: Path | None = None
    """The page; None where it could not be made."""

    @property
    def table(self) -> "pd.DataFrame":
        """The table of predictions."""
        return self.answers.table

    @property
    def is_labelled(self) -> bool:
        """Whether the classes of the images are known."""
        return bool(self.answers.images.labels)

    def to_json(self) -> dict[str, Any]:
        """Return the document of `fastcnn interpret --json`."""
        return {
            "model": self.model,
            "data": self.data,
            "command": self.command,
            "n": len(self.table),
            "labelled": self.is_labelled,
            **(_of_labelled(self.answers) if self.is_labelled else _of_unlabelled(self.table)),
            "skipped": [
                {"path": path, "reason": why} for path, why in self.answers.images.skipped.items()
            ],
            "folder": str(self.folder),
            "report": str(self.report) if self.report else None,
        }


def interpret(
    model: str | Path,
    data: str | Path,
    *,
    out: str | Path | None = None,
    force: bool = False,
    part: str | None = None,
    saliency: bool = True,
    trust_file: bool = False,
    narrator: Narrator | None = None,
    **settings: Any,
) -> ErrorAnalysis:
    """Ask a model of new images, and keep what it said with an analysis of its errors.

    Without labels, that is how many images of each class it sees, and of which it is least sure.

    Args:
        model: see `fastcnn.load`.
        data: folder of images, in a folder a class or not; table or archive.
        out: folder to write to; None makes one below `interpretations/`.
        force: replace an analysis that `out` holds.
        part: train, valid or test, where only that part is meant; None takes everything.
        saliency: ask the model where it looked.
        trust_file: vouch for a `.pkl` that no run of this user wrote.
        narrator: where notes and progress go.
        **settings: those that say how to understand the data (`label_regex`, `image_col` …).

    Raises:
        FastcnnError: there is no such model or data, or no image that can be used.
    """
    narrator = narrator or Narrator()
    require_free(out, force=force)
    answers = answers_of(
        model,
        data,
        any_images,
        part=part,
        trust_file=trust_file,
        narrator=narrator,
        settings=settings,
    )
    folder = _folder(out, data)
    command = _command(model, data, {"part": part, **settings}, saliency)
    write_table(answers.table, folder / PREDICTIONS_FILE)
    title = "/".join(user_path(data).absolute().parts[-2:])
    page = folder / REPORT_FILE
    report = leave_page(answers, page, title, command, saliency=saliency, narrator=narrator)
    found = ErrorAnalysis(str(model), str(data), answers, folder, command, report)
    write_json(folder / INTERPRETATION_FILE, found.to_json())
    return found


def require_free(out: str | Path | None, *, force: bool) -> None:
    """Raise where `out` holds an analysis that is not to be replaced, or files of something else.

    Raises:
        UsageError: it does.
    """
    if out is None:
        return
    folder = user_path(out).absolute()
    is_analysis = (folder / INTERPRETATION_FILE).exists()
    others = [name for name in (RUN_FILE, *OWN_FILES) if (folder / name).exists()]
    if (folder / RUN_FILE).exists() or (others and not is_analysis):
        raise UsageError(
            f"--out {out} holds a {others[0]} that is not of an error analysis, expected a folder "
            "of its own",
            hint=f"give another: --out {out}-interpreted",
        )
    if not force and is_analysis:
        raise UsageError(
            f"--out {out} holds an error analysis already, expected a new folder",
            hint=f"add --force to replace it, or give another: --out {out}-2",
        )


def _command(model: str | Path, data: str | Path, given: Mapping[str, Any], saliency: bool) -> str:
    """Return the command of an analysis, from any folder; where it goes changes nothing in it."""
    options = {name: value for name, value in given.items() if value is not None}
    words = [word for name, value in options.items() for word in (option(name), str(value))]
    places = (str(user_path(path).absolute()) for path in (model, data))
    hushed = [] if saliency else ["--no-saliency"]
    return shlex.join(["fastcnn", "interpret", *places, *words, *hushed])


def _folder(out: str | Path | None, data: str | Path) -> Path:
    """Make and return the folder of an analysis; what an earlier one left is written over."""
    if out is None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        name = safe_name(user_path(data).absolute().name)
        return new_folder(Path("interpretations").absolute(), f"{stamp}-{name}")
    folder = user_path(out).absolute()
    with friendly_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _of_labelled(answers: Answers) -> dict[str, Any]:
    table, against = answers.table, answers.against_run
    losses = top_losses(table, N_LISTED)
    losses = losses.assign(probability=probabilities_of(losses).max(axis=1))
    columns = ["path", "target", "predicted", "probability", "loss"]
    return {
        "metrics": all_scores(table),
        "beats_majority": not learned_nothing(table),
        "per_class": prediction_records(class_scores(table)),
        "most_confused": [asdict(pair) for pair in most_confused(table)[:N_LISTED]],
        "top_losses": prediction_records(losses[columns]),
        "training_run": against.to_json() if against else None,
    }


def _of_unlabelled(table: "pd.DataFrame") -> dict[str, Any]:
    return {
        "predicted": predicted_counts(table),
        "least_sure": prediction_records(least_sure(table, N_LISTED)),
        "training_run": None,
    }
