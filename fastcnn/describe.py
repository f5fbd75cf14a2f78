"""The sections of `run.json`: what was planned, and what each strategy brought."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fastcnn.analysis.metrics import metrics_of
from fastcnn.environment import environment
from fastcnn.models.groups import ParameterGroup
from fastcnn.plan import Plan
from fastcnn.training.train import Trained


def describe_plan(plan: Plan, data: str | None) -> dict[str, Any]:
    """Return the sections that are known before the training."""
    images = plan.images
    return {
        "recipe": plan.recipe.name,
        "settings": {**plan.settings.to_json(), "data": data},
        "data": {
            "source": plan.source.label,
            "path": str(images.folder),
            "n_images": len(images.items),
            "n_train": len(images.train),
            "n_valid": len(images.valid),
            "n_test": 0,
            "classes": images.classes,
            "split_sha256": images.split_sha256(),
            "skipped": [
                {"path": images.relative(index), "reason": "no training image shows its class"}
                for index in images.unscored_items
            ],
        },
        "weights": {
            "arch": plan.weights.architecture.name,
            "source": plan.weights.source,
            "sha256": plan.weights.sha256(),
        },
        "environment": environment(str(plan.device)),
    }


def describe_strategy(
    trained: Trained,
    table: pd.DataFrame,
    groups: Sequence[ParameterGroup],
    *,
    asked_rate: str,
    scoring_seconds: float,
    checkpoint_sha256: str,
) -> dict[str, Any]:
    """Return the entry of one strategy; seconds in `total` are training and scoring together."""
    moved = {
        group.name
        for phase in trained.phases
        for group, rate in zip(groups, phase.rates, strict=True)
        if rate is not None
    }
    return {
        "metrics": metrics_of(table),
        "test": None,
        "repeats": [],
        "seconds": {
            "features": 0.0,
            "train": round(trained.seconds, 3),
            "total": round(trained.seconds + scoring_seconds, 3),
        },
        "images_per_second": round(trained.n_images / trained.fit_seconds, 2),
        "epochs": sum(phase.epochs for phase in trained.phases),
        "precision": "fp32",
        "lr": trained.rates(groups, asked_rate),
        "trainable_parameters": sum(group.size for group in groups if group.name in moved),
        "total_parameters": sum(group.size for group in groups),
        "selected_on_validation": False,
        "checkpoint_sha256": checkpoint_sha256,
    }
