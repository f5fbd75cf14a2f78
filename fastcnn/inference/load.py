"""Opening what the user calls a MODEL: a run, `RUN/<strategy>`, or a `.pkl`."""

from pathlib import Path

from fastcnn.errors import UsageError
from fastcnn.inference.predictor import Predictor, open_trusted
from fastcnn.places import user_path
from fastcnn.run_folder import EXPORT_FILE, INTERPRETATION_FILE, REPORT_FILE, RUN_FILE, Run


def load(model: str | Path, *, trust_file: bool = False) -> Predictor:
    """Open the model of a run (its winner's), of `RUN/<strategy>`, or a `.pkl` file.

    Args:
        model: what to open.
        trust_file: vouch for a `.pkl` that no run of this user wrote; it is remembered.

    Raises:
        UsageError: there is no model there.
        UnsafeFileError: no run of this user wrote the file.
    """
    return open_trusted(find_model(user_path(model)), trust_file=trust_file)


def find_model(model: Path) -> Path:
    """Return the file of the model that `model` names; of a run, that of its winner.

    Raises:
        UsageError: there is no model, or the run did not finish one.
    """
    if model.is_file():
        return model
    if (model / EXPORT_FILE).is_file():
        return model / EXPORT_FILE
    if (model / RUN_FILE).is_file():
        return Run(model).model_file()
    if (model / INTERPRETATION_FILE).is_file():
        raise UsageError(
            f"{model} is an error analysis and holds no model, expected a run, RUN/<strategy> or a "
            ".pkl file",
            hint=f"fastcnn evaluate RUN FOLDER asks a run's model; the analysis is to be read: "
            f"{model}/{REPORT_FILE}",
        )
    state = "holds no model" if model.exists() else "does not exist"
    raise UsageError(
        f"{model} {state}, expected a run, RUN/<strategy> or a .pkl file",
        hint="ls runs shows the runs; a finished one holds <strategy>/export.pkl",
    )
