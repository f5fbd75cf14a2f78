"""The run that a model came from: what it scored there, and which images it knows from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fastcnn.analysis.against_run import AgainstRun
from fastcnn.analysis.intervals import Score
from fastcnn.data.leaks import copies_across_parts
from fastcnn.data.loading import ImageSet, relative_to
from fastcnn.errors import UsageError
from fastcnn.image_list import read_image_list
from fastcnn.inference.trust import sha256_of
from fastcnn.run_folder import PREDICTIONS_FILE, RUN_FILE, TEST_PREDICTIONS_FILE, Run


@dataclass(frozen=True)
class TrainingRun:
    """A model's own run."""

    run: Run
    """The run."""
    strategy: str
    """The strategy that trained the model."""
    folder: Path
    """Where the model lies: the strategy's folder, or that of one of its repeats."""

    @property
    def score(self) -> Score:
        """What this very model scored on held-out images: of folds, one fold's."""
        return _score(pd.read_parquet(self._own_folder / PREDICTIONS_FILE)["correct"])

    @property
    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = self.run.record["strategies"][self.strategy]
        return entry

    @property
    def _own_folder(self) -> Path:
        """Where the answers of this very model lie: of a strategy's folder, its first repeat's."""
        repeats = self._entry.get("repeats") or []
        first = self.folder / str(repeats[0]["name"]) if repeats else self.folder
        return first if (first / PREDICTIONS_FILE).is_file() else self.folder

    def compare(self, table: pd.DataFrame, paths: Sequence[Path]) -> AgainstRun:
        """Return a score on other images beside that of the run.

        Args:
            table: of predictions by this model, (N) rows.
            paths: the files of its rows, (N,).
        """
        learned, held_out = self.known(paths)
        known = {*learned, *held_out}
        new = table["correct"][[path not in known for path in paths]]
        return AgainstRun(
            run=self.run.path,
            strategy=self.strategy,
            training=self.score,
            here=_score(table["correct"]),
            new=_score(new) if len(new) else None,
            n_learned=len(learned),
            n_held_out=len(held_out),
            was_selected=bool(self._entry.get("selected_on_validation")),
        )

    def known(self, paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
        """Return those of the images that the model learned from, and those held out from it.

        An image is known by its path or its content, or where the run's own images have moved
        away by its name and size.
        """
        folder = Path(self.run.record["data"]["path"])
        images = read_image_list(self.run.path)
        held_out = self._held_out()
        if images is None:  # gone: what lies in the run's folder is taken for its own
            own = {path: relative_to(folder, path) for path in paths if folder in path.parents}
        else:
            held_out |= set(images["path"][images["part"] == "test"])
            own = _found_again(images, folder, paths)
        return (
            [path for path in paths if path in own and own[path] not in held_out],
            [path for path in paths if path in own and own[path] in held_out],
        )

    def _held_out(self) -> set[str]:
        """Return the paths of the images that this very model was scored on."""
        folder = self._own_folder
        files = (folder / PREDICTIONS_FILE, folder / TEST_PREDICTIONS_FILE)
        tables = [pd.read_parquet(file, columns=["path"]) for file in files if file.is_file()]
        return {path for table in tables for path in table["path"]}


def training_run_of(model_file: Path) -> TrainingRun | None:
    """Return the run that a model file lies in; None where it lies in none that wrote it."""
    folder = model_file.absolute().parent
    for above in (folder.parent, folder.parent.parent):
        if not (above / RUN_FILE).is_file():
            continue
        try:
            run = Run(above)
        except UsageError:  # a run.json of somebody else's
            return None
        strategy = folder.relative_to(above).parts[0]
        is_own = _checkpoint(run.record, strategy, folder) == sha256_of(model_file.read_bytes())
        has_score = (folder / PREDICTIONS_FILE).is_file()
        return TrainingRun(run, strategy, folder) if is_own and has_score else None
    return None


def _checkpoint(record: dict[str, Any], strategy: str, folder: Path) -> str | None:
    """Return the hash that a record knows of the model in a folder."""
    entry = record["strategies"].get(strategy, {})
    repeats = {repeat.get("name"): repeat for repeat in entry.get("repeats") or []}
    found: str | None = repeats.get(folder.name, entry).get("checkpoint_sha256")
    return found


def _found_again(images: pd.DataFrame, folder: Path, paths: Sequence[Path]) -> dict[Path, str]:
    """Return the path in the run's list of those images that stand in it."""
    originals = {folder / path: path for path in images["path"]}
    found = {path: originals[path] for path in paths if path in originals}
    rest = [path for path in paths if path not in found]
    there = [path for path in originals if path.is_file()]
    both = (*there, *rest)
    pairs = copies_across_parts(
        ImageSet(
            *(folder, both, ("",) * len(both)),
            train=tuple(range(len(there))),
            valid=tuple(range(len(there), len(both))),
        )
    )
    found |= {folder / copy: original for copy, original in pairs}
    gone = images[~images["path"].isin({originals[path] for path in there})]
    sizes = zip(gone["path"], gone["bytes"], strict=True)
    by_name = {(Path(path).name, size): path for path, size in sizes}
    likely = (
        {path: by_name.get((path.name, path.stat().st_size)) for path in rest} if by_name else {}
    )
    return found | {path: original for path, original in likely.items() if original is not None}


def _score(correct: "pd.Series[bool]") -> Score:
    return Score(int(correct.sum()), len(correct))
