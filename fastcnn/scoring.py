"""Scoring what a run exports: on the held-out images, and once, at the end, on the test part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import prediction_table, write_table
from fastcnn.analysis.repeated import mean_accuracy_interval
from fastcnn.data.loading import ImageSet
from fastcnn.files import link_file
from fastcnn.inference.predictor import open_predictor
from fastcnn.narrator import Narrator
from fastcnn.record import RunRecord
from fastcnn.repeats import Repeat
from fastcnn.run_folder import EXPORT_FILE, TEST_PREDICTIONS_FILE


def score_exported(content: bytes, images: ImageSet, indices: Sequence[int]) -> pd.DataFrame:
    """Return the exported model's table of predictions of some images.

    What is scored is what the user takes away: the file's own float32 model, through the same
    path from image file to probability as `fastcnn predict`.
    """
    predictor = open_predictor(content, EXPORT_FILE)
    return prediction_table(
        [images.relative(index) for index in indices],
        [images.labels[index] for index in indices],
        predictor.probabilities(images.paths(indices)),
        predictor.classes,
    )


def score_test(repeats: Sequence[Repeat], record: RunRecord, narrator: Narrator) -> None:
    """Score the test part, where there is one, once: when everything has been trained.

    The rows are kept beside those of the held-out images, in `test-predictions.parquet`.
    """
    tested = [repeat for repeat in repeats if repeat.plan.images.test]
    if not tested:
        return
    for name, entry in record.strategies.items():
        folder = record.folder / name
        scores = {one.name: _score_test_of(one, folder / one.name) for one in tested}
        for one in entry["repeats"]:
            one["test"] = scores.get(one["name"])
        entry["test"] = _summed_up(list(scores.values()))
        if first := tested[0].name:
            link_file(folder / first / TEST_PREDICTIONS_FILE, folder / TEST_PREDICTIONS_FILE)
        narrator.always_say(f"{name}: accuracy on the test part {_in_words(entry['test'])}")
    record.save()


def _score_test_of(repeat: Repeat, folder: Path) -> dict[str, Any]:
    content, images = (folder / EXPORT_FILE).read_bytes(), repeat.plan.images
    table = score_exported(content, images, images.test)
    write_table(table, folder / TEST_PREDICTIONS_FILE)
    return {"n": len(table), "metrics": metrics_of(table)}


def _summed_up(scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the first score, and what all of them make of it where there are several."""
    if len(scores) == 1:
        return dict(scores[0])
    accuracies = [score["metrics"]["accuracy"] for score in scores]
    mean, interval = fmean(accuracies), mean_accuracy_interval(accuracies)
    return {**scores[0], "accuracy_mean": mean, "accuracy_mean_ci": interval}


def _in_words(test: Mapping[str, Any]) -> str:
    if not test.get("accuracy_mean_ci"):
        return f"{test['metrics']['accuracy']:.3f}"
    low, high = test["accuracy_mean_ci"]
    return f"{test['accuracy_mean']:.3f} on average (95 % interval {low:.3f} to {high:.3f})"
