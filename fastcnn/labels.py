"""After a head has been solved: which labels its features speak against."""

from pathlib import Path

import pandas as pd

from fastcnn.analysis.doubtful import DOUBTFUL, can_judge_labels, doubtful_images
from fastcnn.analysis.suspected import suspected_labels
from fastcnn.data.views import views
from fastcnn.files import write_text
from fastcnn.run_folder import DOUBTFUL_FILE, SUSPECTED_FILE
from fastcnn.training.held_out import held_out_probabilities
from fastcnn.training.job import Job
from fastcnn.training.solver import SolvedHead
from fastcnn.training.threads import one_thread


def judge_labels(job: Job, solved: SolvedHead, folder: Path) -> None:
    """Write to a run's folder what heads that have not seen an image say of its label.

    `suspected.csv` ranks all labels; `doubtful.csv` lists those that cleanlab, where it is
    installed, finds doubtful, and the strangest images of each class. The body must not have
    learned from the labels: of `head` it has not.
    """
    try:
        _judge(job, solved, folder)
    except Exception as error:  # the model is there: this is no reason to lose it
        job.narrator.warn(f"labels could not be judged: {type(error).__name__}: {error}")


def _judge(job: Job, solved: SolvedHead, folder: Path) -> None:
    train, valid = job.images.train, job.images.valid
    indices, splits = (*train, *valid), ["train"] * len(train) + ["valid"] * len(valid)
    features = job.head_features(indices, views(1))[:, 0]
    targets, classes = job.targets(indices), [str(name) for name in job.learner.dls.vocab]
    with one_thread():
        probabilities = held_out_probabilities(
            features, targets, len(classes), strength=solved.strength, seed=job.settings.seed
        )
    paths = [job.images.relative(index) for index in indices]
    judged = paths, targets.numpy(), classes, probabilities.numpy()
    _write(suspected_labels(*judged, splits), folder / SUSPECTED_FILE)
    if can_judge_labels():
        doubtful = doubtful_images(*judged, features.numpy())
        _write(doubtful, folder / DOUBTFUL_FILE)
        _tell(job, doubtful)


def _write(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, float_format="%.4f"))


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
