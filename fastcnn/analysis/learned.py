"""Whether a model answers better than one that looks at no picture."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from fastcnn.analysis.intervals import SIGNIFICANT
from fastcnn.analysis.metrics import metrics_of

Metrics = Mapping[str, Any]


def learned_nothing(table: pd.DataFrame) -> bool:
    """Return whether the accuracy is no better than that of always answering the commonest class.

    One-sided exact binomial test at 0.05 against `majority_baseline`. Images of one class can show
    nothing of the kind: the answer is False.
    """
    return nothing_learned_sentence(metrics_of(table), len(table)) is not None


def worth_sentence(name: str, metrics: Metrics, n: int, images: str = "held-out images") -> str:
    """Say what one model is worth beside always answering the commonest class.

    Args:
        name: of the model.
        metrics: of the record (`accuracy`, `accuracy_ci` and `majority_baseline`).
        n: the images that they are of.
        images: what these are called.
    """
    low, high = metrics["accuracy_ci"]
    return (
        f"{name} is right on {metrics['accuracy']:.3f} of {n:,} {images} (95 % interval "
        f"{low:.3f} to {high:.3f}); always answering the commonest class would be right on "
        f"{metrics['majority_baseline']:.3f} of them."
    )


def nothing_learned_sentence(metrics: Metrics, n: int, name: str = "") -> str | None:
    """Say that nothing was learned, or perhaps nothing; None where something was.

    Args:
        metrics: of the record (`accuracy` and `majority_baseline`).
        n: the images that they are of.
        name: of the model, where there are others.
    """
    return nothing_learned_sentences({name: metrics}, n)


def nothing_learned_sentences(metrics: Mapping[str, Metrics], n: int) -> str | None:
    """Say it of several models, by their names, that were scored on the same images."""
    poor = {name: one for name, one in metrics.items() if _p_value(one, n) >= SIGNIFICANT}
    above = {name: one for name, one in poor.items() if one["accuracy"] > one["majority_baseline"]}
    below = {name: one for name, one in poor.items() if name not in above}
    sentences = []
    if below:
        sentences.append(
            f"Nothing was learned that accuracy shows: {_scores(below)} on {n:,} images, "
            f"where {_baseline(below)}."
        )
    if above:
        chances = " and ".join(f"{_p_value(one, n):.2g}" for one in above.values())
        sentences.append(
            f"Perhaps nothing was learned: accuracy {_scores(above)} on {n:,} images may be "
            f"chance (p = {chances}), where {_baseline(above)}."
        )
    return " ".join(sentences) or None


def _p_value(metrics: Metrics, n: int) -> float:
    """Return the chance of as many right answers where each is right as often as the baseline."""
    baseline = metrics["majority_baseline"]
    if baseline == 1:  # all images are of one class: nothing can be better than answering it
        return 0.0
    return float(binomtest(round(metrics["accuracy"] * n), n, baseline, "greater").pvalue)


def _scores(metrics: Mapping[str, Metrics]) -> str:
    return " and ".join(f"{name} {one['accuracy']:.3f}".strip() for name, one in metrics.items())


def _baseline(metrics: Mapping[str, Metrics]) -> str:
    (share, *_) = (one["majority_baseline"] for one in metrics.values())
    return f"always answering the commonest class scores {share:.3f} (the majority baseline)"
