"""A run: the folder that holds everything a training left."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.places import user_path
from fastcnn.recipe_book import FOLDER_RECIPE

if TYPE_CHECKING:
    import pandas as pd
    from fastai.learner import Learner

    from fastcnn.analysis.interpretation import StoredInterpretation
    from fastcnn.report.run_figures import FigureOf

RUN_FILE = "run.json"
EXPORT_FILE = "export.pkl"
HISTORY_FILE = "history.csv"
LR_CURVE_FILE = "lr_curve.csv"
PREDICTIONS_FILE = "predictions.parquet"
TEST_PREDICTIONS_FILE = "test-predictions.parquet"
DOUBTFUL_FILE = "doubtful.csv"
SUSPECTED_FILE = "suspected.csv"
DOCTOR_FILE = "doctor.csv"
COMPARISON_FILE = "comparison.csv"
IMAGES_FILE = "images.csv"
CURVES_FILE = "curves.png"
CONTACT_SHEET_FILE = "contact_sheet.png"
REPORT_FILE = "report.html"
INTERPRETATION_FILE = "interpretation.json"
ABLATION_FILE = "ablation.csv"
ABLATION_FIGURE_FILE = "ablation.png"
ABLATION_HISTORY_FILE = "ablation_history.csv"
LEARNING_CURVE_FILE = "learning_curve.csv"
LEARNING_CURVE_FIGURE_FILE = "learning_curve.png"
OWN_FILES = (
    *(RUN_FILE, DOUBTFUL_FILE, SUSPECTED_FILE, DOCTOR_FILE, COMPARISON_FILE, CURVES_FILE),
    *(IMAGES_FILE, CONTACT_SHEET_FILE, REPORT_FILE, ABLATION_FILE, ABLATION_FIGURE_FILE),
    *(ABLATION_HISTORY_FILE, LEARNING_CURVE_FILE, LEARNING_CURVE_FIGURE_FILE),
)
"""What a run writes beside the folders of its strategies."""
SECTIONS = ("data", "strategies", "settings")
"""Parts of a record that have names with values."""


class Run:
    """What a training left, read from its folder; nothing is held open."""

    def __init__(self, path: str | Path) -> None:
        """Read the run in the folder `path`.

        Raises:
            UsageError: the folder holds no run.
        """
        self.path = user_path(path).absolute()
        if not (self.path / RUN_FILE).is_file():
            is_analysis = (self.path / INTERPRETATION_FILE).is_file()
            what = "is an error analysis and" if is_analysis else "is no run: it"
            raise UsageError(
                f"{path} {what} holds no {RUN_FILE}, expected the folder of a run",
                hint=f"fastcnn interpret left it; its page is {path}/{REPORT_FILE}"
                if is_analysis
                else "ls runs shows the runs",
            )
        self.record = _read_record(self.path / RUN_FILE)

    @property
    def strategies(self) -> list[str]:
        """The strategies that were trained to the end, in the order they ran."""
        return list(self.record["strategies"])

    @property
    def winner(self) -> str | None:
        """The most accurate strategy, None where none is finished."""
        if self.record["comparison"]:
            return str(self.record["comparison"]["winner"])
        entries = self.record["strategies"]  # of a run that broke off
        return max(
            entries, key=lambda name: float(entries[name]["metrics"]["accuracy"]), default=None
        )

    @property
    def is_own(self) -> bool:
        """Whether runs of this user exported its models, or the user vouched for them.

        What a stranger's run says is not to decide which files are read.
        """
        from fastcnn.inference.trust import is_trusted

        hashes = [self._model_hash(name) for name in self.strategies]
        return bool(hashes) and all(map(is_trusted, hashes))

    @property
    def repeats(self) -> list[dict[str, Any]]:
        """What the winner's repeats brought; empty where every strategy was trained once."""
        winner = self.winner
        return list(self.record["strategies"][winner].get("repeats", [])) if winner else []

    @property
    def n_scored(self) -> int:
        """How many images each table of predictions holds: of folds, those of all of them."""
        if self.repeats and self.record["settings"]["folds"]:
            return sum(repeat["n_valid"] for repeat in self.repeats)
        return int(self.record["data"]["n_valid"])

    @property
    def verdict(self) -> str | None:
        """What can be said of the strategies; None where none of them is finished."""
        if self.record["comparison"]:
            return str(self.record["comparison"]["verdict"])
        if len(self.strategies) != 1:
            return None
        from fastcnn.analysis.learned import nothing_learned_sentence, worth_sentence

        ((name, entry),) = self.record["strategies"].items()
        metrics, n = entry["metrics"], self.n_scored
        said = nothing_learned_sentence(metrics, n) or worth_sentence(name, metrics, n)
        is_of_one = self.repeats and not self.record["settings"]["folds"]
        return f"{said} That is of {_in_words(self.repeats[0])}." if is_of_one else said

    @property
    def title(self) -> str:
        """What the run is about: the recipe, the name of a drawn sample, or a user's folder."""
        source, recipe = str(self.record["data"]["source"]), str(self.record["recipe"])
        if recipe != FOLDER_RECIPE:
            return source if "sample" in source else recipe
        given = (self.record.get("settings") or {}).get("data")
        return Path(given or self.record["data"].get("path", "")).absolute().name

    def learner(self, strategy: str | None = None) -> "Learner":
        """Open the exported model of a strategy (the winner's by default) as fastai's `Learner`."""
        from fastcnn.inference.predictor import open_trusted

        return open_trusted(self.model_file(strategy)).learner

    def model_file(self, strategy: str | None = None) -> Path:
        """Return the exported model of a strategy, the winner's by default.

        Raises:
            UsageError: there is no such strategy, or none is finished.
        """
        file = self.path / self.require(strategy) / EXPORT_FILE
        if not file.is_file():
            raise UsageError(f"{file} is gone", hint="run it again, or give another model")
        return file

    def predictions(self, strategy: str | None = None) -> "pd.DataFrame":
        """Return the table of predictions: one row a validation image."""
        import pandas as pd

        return pd.read_parquet(self.path / self.require(strategy) / PREDICTIONS_FILE)

    def interpretation(self, strategy: str | None = None) -> "StoredInterpretation":
        """Return fastai's interpretation of a strategy (the winner's by default).

        It answers from the table of predictions; only what draws pictures opens files.
        """
        from fastcnn.analysis.interpretation import open_interpretation

        images = Path(self.record["data"]["path"])
        return open_interpretation(self.model_file(strategy), self.predictions(strategy), images)

    def history(self, strategy: str | None = None) -> "pd.DataFrame":
        """Return the history: one row an epoch."""
        import pandas as pd

        return pd.read_csv(self.path / self.require(strategy) / HISTORY_FILE)

    @property
    def figures(self) -> "dict[str, FigureOf]":
        """The figures that the run has by name, functions that return a matplotlib `Figure`.

        >>> run.figures["confusion"]("head").savefig("confusion.png")  # doctest: +SKIP
        """
        from fastcnn.report.run_figures import figures_of

        return figures_of(self)

    def __repr__(self) -> str:
        """Say where the run lies and how it ended."""
        scores = ", ".join(
            f"{name} {entry['metrics']['accuracy']:.3f}"
            for name, entry in self.record["strategies"].items()
        )
        return f"Run({str(self.path)!r}, {self.record['status']}, {scores or 'no model yet'})"

    def _repr_html_(self) -> str:
        """Show outcome, table and figures, in a notebook."""
        from fastcnn.report.notebook import run_html

        return run_html(self)

    def _model_hash(self, strategy: str) -> str:
        """Return the hash of an exported model, as the record has it where the file is gone."""
        from fastcnn.inference.trust import sha256_of

        file = self.path / strategy / EXPORT_FILE
        if file.is_file():
            return sha256_of(file.read_bytes())
        return str(self.record["strategies"][strategy].get("checkpoint_sha256", ""))

    def require(self, strategy: str | None) -> str:
        """Return the name of a strategy that has a model, the winner's by default.

        Raises:
            UsageError: there is no such strategy, or no model at all.
        """
        name = strategy or self.winner
        if "ablation" in self.record:
            raise UsageError(
                f"the run {self.path} compares rows of an ablation, and keeps no model",
                hint="train the row you want: fastcnn recipe with its settings",
            )
        if name is None:
            raise UsageError(
                f"the run {self.path} is {self.record['status']} and has no model",
                hint="wait for it" if self.record["status"] == "running" else "run it again",
            )
        if name not in self.strategies:
            raise UsageError(
                f"the run has no strategy {name!r}{did_you_mean(name, self.strategies)}",
                hint=f"it has {', '.join(self.strategies)}",
            )
        return name


def _in_words(repeat: dict[str, Any]) -> str:
    return str(repeat["name"]).replace("-", " ")


def _read_record(path: Path) -> dict[str, Any]:
    """Read a record, or say that the file is none."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        record, reason = None, str(error)
    else:
        reason = _why_no_record(record)
    if reason:
        raise UsageError(
            f"{path} is not the record of a run: {reason}", hint="give the folder of another run"
        )
    return {"comparison": None, "recipe": "", **record}


def _why_no_record(record: Any) -> str:
    """Return why a document is not the record of a run; nothing where it is one."""
    if not isinstance(record, dict) or not {"status", "data", "strategies"} <= record.keys():
        return "it lacks what a record holds"
    for name in SECTIONS:
        if not isinstance(record.get(name, {}), dict):
            return f"its {name!r} is {record[name]!r}, expected names with values"
    if not isinstance(record.get("comparison"), dict | None):
        return f"its 'comparison' is {record['comparison']!r}, expected names with values"
    for name, entry in record["strategies"].items():
        if Path(name).name != name or not isinstance(entry, dict):
            return f"its strategy {name!r} is none"
    return ""
