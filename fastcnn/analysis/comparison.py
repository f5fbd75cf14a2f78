"""Which strategy is better, whether that can be told from these images, and what each cost."""

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from fastcnn.analysis.bootstrap import paired_bootstrap_interval
from fastcnn.analysis.intervals import (
    SIGNIFICANT,
    holm,
    mcnemar_p_value,
    newcombe_paired_interval,
)
from fastcnn.analysis.learned import nothing_learned_sentences
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.pairs import paired_counts
from fastcnn.analysis.repeated import Repeated, add_seeds, mean_accuracies, shown_by_first_alone
from fastcnn.quantities import exact_duration

TEST = "McNemar's exact test, two-sided, 0.05; Holm's correction for more than two strategies"


def compare(
    tables: Mapping[str, pd.DataFrame],
    seconds: Mapping[str, float],
    found_features: Collection[str] = (),
    repeated: Repeated | None = None,
) -> dict[str, Any] | None:
    """Return the record's `comparison`, or None where there is nothing to compare.

    Args:
        tables: the table of predictions of each strategy, on the same images.
        seconds: what each strategy took, in all.
        found_features: strategies whose features were all in the cache, so that their seconds
            are not those of a first run.
        repeated: what is known of several trainings; None where there was one. Over several seeds
            the mean accuracy decides who wins, and no better one is named that only one seed shows.
    """
    if len(tables) < 2:
        return None
    pairs = [_pair(a, b, tables) for a, b in combinations(tables, 2)]
    for pair, corrected in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_holm"] = corrected
    metrics = {name: metrics_of(table) for name, table in tables.items()}
    accuracy = {name: float(one["accuracy"]) for name, one in metrics.items()}
    mean = mean_accuracies(repeated) if repeated and repeated.seed_accuracies else accuracy
    winner = min(tables, key=lambda name: (-mean[name], seconds[name]))
    n_images = len(tables[winner])
    over_seeds = add_seeds(pairs, winner, repeated) if repeated else None
    said = verdict(winner, pairs, accuracy, seconds, n_images, repeated)
    warning = nothing_learned_sentences(metrics, n_images)
    cost = cost_sentence({name: seconds[name] for name in tables}, found_features, repeated)
    return {
        "winner": winner,
        "pairs": pairs,
        "test": TEST,
        "verdict": " ".join(filter(None, [warning, said, over_seeds, cost])),
    }


def verdict(
    winner: str,
    pairs: list[dict[str, Any]],
    accuracy: Mapping[str, float],
    seconds: Mapping[str, float],
    n_images: int,
    repeated: Repeated | None = None,
) -> str:
    """Say in a sentence or two which strategy is better."""
    against = [pair for pair in pairs if winner in (pair["a"], pair["b"])]
    equal = [_other(pair, winner) for pair in against if pair["p_holm"] >= SIGNIFICANT]
    beaten = [pair for pair in against if pair["p_holm"] < SIGNIFICANT]
    sentences = [
        _of_one_seed(pair, accuracy, repeated)
        if repeated and shown_by_first_alone(pair, repeated)
        else _better(pair, winner, accuracy)
        for pair in beaten
    ]
    if equal:
        p = min(pair["p_holm"] for pair in against if _other(pair, winner) in equal)
        cheapest = min([winner, *equal], key=seconds.__getitem__)
        which = "cheapest of them" if len(equal) > 1 else "cheaper one"
        between = ", nor between ".join(_and(winner, name, list(accuracy)) for name in equal)
        sentences.append(
            f"No detectable difference between {between} on {n_images} images (p = {p:.2g}); "
            f"{cheapest} is the {which}."
        )
    return " ".join(sentences)


def cost_sentence(
    seconds: Mapping[str, float],
    found_features: Collection[str],
    repeated: Repeated | None = None,
) -> str:
    """Say what each strategy took, and where that was less than it takes the first time."""
    costs = [
        f"{name} took {exact_duration(taken)}"
        + (" (features from the cache)" if name in found_features else "")
        for name, taken in seconds.items()
    ]
    return f"Cost{f' of {repeated.first}' if repeated else ''}: {', '.join(costs)}."


def _better(pair: Mapping[str, Any], winner: str, accuracy: Mapping[str, float]) -> str:
    loser = _other(pair, winner)
    return f"{winner} is better than {loser}: {_in_numbers(pair, winner, accuracy)}."


def _of_one_seed(pair: Mapping[str, Any], accuracy: Mapping[str, float], repeated: Repeated) -> str:
    """Say what one seed shows and the others do not."""
    ahead = max((pair["a"], pair["b"]), key=accuracy.__getitem__)
    return (
        f"On {repeated.first} {ahead} is more accurate than {_other(pair, ahead)}: "
        f"{_in_numbers(pair, ahead, accuracy)}; over the {repeated.n_seeds} seeds it cannot be "
        "told which is better."
    )


def _in_numbers(pair: Mapping[str, Any], ahead: str, accuracy: Mapping[str, float]) -> str:
    behind = _other(pair, ahead)
    sign = 1 if pair["a"] == ahead else -1
    low, high = sorted(sign * bound for bound in pair["difference_ci"])
    return (
        f"{accuracy[ahead]:.3f} against {accuracy[behind]:.3f}, "
        f"{100 * sign * pair['difference']:+.1f} points "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f}, p = {pair['p_holm']:.2g})"
    )


def _and(one: str, other: str, order: list[str]) -> str:
    """Name two strategies in the order in which they ran."""
    return " and ".join(sorted((one, other), key=order.index))


def _pair(a: str, b: str, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    counts = paired_counts(tables[a], tables[b])
    return {
        "a": a,
        "b": b,
        "difference": counts.difference,
        "difference_ci": list(newcombe_paired_interval(counts)),
        "bootstrap_ci": list(paired_bootstrap_interval(tables[a], tables[b])),
        "p_value": mcnemar_p_value(counts),
    }


def _other(pair: Mapping[str, Any], name: str) -> str:
    return str(pair["b"] if pair["a"] == name else pair["a"])
