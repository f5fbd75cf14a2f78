"""From what the user calls a MODEL to its file: a run, `RUN/<strategy>`, or a `.pkl`."""

from pathlib import Path

from fastcnn.errors import UsageError
from fastcnn.places import user_path
from fastcnn.run_folder import EXPORT_FILE, RUN_FILE, Run


def find_model(model: Path) -> Path:
    """Return the file of the model that `model` names; of a run, that of its winner.

    Raises:
        UsageError: there is no model, or the run did not finish one.
    """
    model = user_path(model)
    if model.is_file():
        return model
    if (model / EXPORT_FILE).is_file():
        return model / EXPORT_FILE
    if (model / RUN_FILE).is_file():
        return _winner_of(Run(model))
    state = "holds no model" if model.exists() else "does not exist"
    raise UsageError(
        f"{model} {state}, expected a run, RUN/<strategy> or a .pkl file",
        hint="ls runs shows the runs; a finished one holds <strategy>/export.pkl",
    )


def _winner_of(run: Run) -> Path:
    winner = run.winner
    if winner is None:
        raise UsageError(
            f"the run {run.path} is {run.record['status']} and has no model yet",
            hint="wait for it to finish, or run it again",
        )
    return run.path / winner / EXPORT_FILE
