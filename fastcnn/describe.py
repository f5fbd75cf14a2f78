"""The sections of `run.json`: what was planned, and what each strategy brought."""

from typing import Any

import pandas as pd

from fastcnn.analysis.metrics import metrics_of
from fastcnn.environment import environment
from fastcnn.models.networks import written_out
from fastcnn.models.weights import Weights
from fastcnn.plan import Plan
from fastcnn.training.job import Job
from fastcnn.training.options import selected_on_validation
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
            "n_images": len(images.train) + len(images.valid) + len(images.test),
            "n_train": len(images.train),
            "n_valid": len(images.valid),
            "n_test": len(images.test),
            "classes": images.classes,
            "split_sha256": images.split_sha256(),
            "skipped": [
                *(vars(skipped) for skipped in images.skipped),
                *(
                    {"path": images.relative(index), "reason": "no training image shows its class"}
                    for index in images.unscored_items
                ),
            ],
        },
        "weights": _describe_weights(plan.weights),
        "environment": environment(str(plan.device)),
    }


def _describe_weights(weights: Weights) -> dict[str, Any]:
    """Return where the network comes from; one of our own with all its settings."""
    architecture = weights.architecture
    return {
        "arch": architecture.name,
        "network": written_out(architecture.name) if architecture.is_own else None,
        "source": weights.source,
        "sha256": weights.sha256(),
    }


def describe_strategy(
    trained: Trained, table: pd.DataFrame, job: Job, *, checkpoint_sha256: str
) -> dict[str, Any]:
    """Return the entry of one strategy."""
    features = round(trained.features_seconds, 3)
    total = round(trained.total_seconds, 3)
    return {
        "metrics": metrics_of(table),
        "test": None,
        "repeats": [],
        "seconds": {"features": features, "train": round(total - features, 3), "total": total},
        "features": dict(zip(("computed", "found"), trained.n_features, strict=True)),
        "images_per_second": trained.images_per_second,
        "epochs": trained.n_epochs,
        # Smaller than the settings say where memory ran out.
        "batches": {"bs": job.settings.bs, "accumulate": job.settings.accumulate},
        "precision": trained.precision,
        "lr": trained.rates(job.groups, job.settings.lr),
        "solver": trained.solver(),
        "trainable_parameters": trained.n_learning(job.groups),
        "total_parameters": sum(group.size for group in job.groups),
        "selected_on_validation": selected_on_validation(job.settings, trained.phases),
        "checkpoint_sha256": checkpoint_sha256,
    }
