"""After a head has been solved: which labels its features speak against."""

from pathlib import Path

import pandas as pd

from fastcnn.analysis.doubtful import DOUBTFUL, can_judge_labels, doubtful_images
from fastcnn.data.views import views
from fastcnn.files import write_text
from fastcnn.run_folder import DOUBTFUL_FILE
from fastcnn.training.held_out import held_out_probabilities
from fastcnn.training.job import Job
from fastcnn.training.solver import SolvedHead
from fastcnn.training.threads import one_thread


def list_doubtful(job: Job, solved: SolvedHead, folder: Path) -> None:
    """Write `doubtful.csv` to a run's folder: doubtful labels, and the strangest of each class.

    The body must not have learned from the labels: of `head` it has not. Nothing is written where
    cleanlab is not installed.
    """
    if not can_judge_labels():
        return
    try:
        table = _judged(job, solved)
        write_text(folder / DOUBTFUL_FILE, table.to_csv(index=False, float_format="%.4f"))
    except Exception as error:  # the model is there: this is no reason to lose it
        job.narrator.warn(f"doubtful labels could not be listed: {type(error).__name__}: {error}")
        return
    _tell(job, table)


def _judged(job: Job, solved: SolvedHead) -> pd.DataFrame:
    indices = (*job.images.train, *job.images.valid)
    features = job.head_features(indices, views(1))[:, 0]
    targets, classes = job.targets(indices), [str(name) for name in job.learner.dls.vocab]
    with one_thread():
        probabilities = held_out_probabilities(
            features, targets, len(classes), strength=solved.strength, seed=job.settings.seed
        )
    paths = [job.images.relative(index) for index in indices]
    return doubtful_images(paths, targets.numpy(), classes, probabilities.numpy(), features.numpy())


def _tell(job: Job, table: pd.DataFrame) -> None:
    doubtful = table[table["finding"] == DOUBTFUL]
    n_judged = len(job.images.train) + len(job.images.valid)
    if len(doubtful):
        first = doubtful.iloc[0]
        job.narrator.say(
            f"labels: {len(doubtful):,} of {n_judged:,} look doubtful, most of all "
            f"{first['path']} ({first['label']}, rather {first['suggested']}); "
            f"{DOUBTFUL_FILE} lists them"
        )
