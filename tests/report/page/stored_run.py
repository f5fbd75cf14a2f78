"""Runs as a training would have left them, made of drawn pictures and invented answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import prediction_table, write_table
from fastcnn.inference.trust import sha256_of, trust
from fastcnn.run_folder import Run

EXPORTED = b"an exported model"
"""Its hash stands in the record; the file is gone."""


def vouch() -> None:
    """Make stored runs the user's own."""
    trust(EXPORTED, "a test")


def store_run(
    folder: Path,
    classes: Sequence[str],
    *,
    n: int = 60,
    strategies: Sequence[str] = ("full", "head"),
    asked: str | None = None,
    status: str = "done",
    n_test: int = 0,
    **more: Any,
) -> Run:
    """Write a run with a table of `n` held-out images a strategy; `more` goes into the record."""
    images = folder / "images"
    paths = draw_pictures(images, classes, n + n_test)
    run = folder / "run"
    tables = {}
    entries: dict[str, Any] = {}
    for place, name in enumerate(strategies):
        table = answers(paths, classes, seed=place, skill=1.5 + place)
        tables[name] = table.iloc[:n].reset_index(drop=True)
        write_table(tables[name], run / name / "predictions.parquet")
        write_history(run / name, solved=name == "head")
        entries[name] = entry(tables[name], place)
        if n_test:
            test = table.iloc[n:].reset_index(drop=True)
            write_table(test, run / name / "test-predictions.parquet")
            entries[name]["test"] = {"n": n_test, "metrics": metrics_of(test)}
    seconds = {name: one["seconds"]["total"] for name, one in entries.items()}
    record = {
        "schema_version": 1,
        "status": status,
        "created": "2026-11-23T02:54:09+00:00",
        "command": f"fastcnn train {images} --strategy {'-vs-'.join(strategies)}",
        "recipe": "folder",
        "settings": {"strategy": asked or "-vs-".join(strategies), "epochs": 3, "size": 64},
        "data": {
            "source": "given",
            "path": str(images),
            "n_images": 5 * n,
            "n_train": 4 * n,
            "n_valid": n,
            "n_test": n_test,
            "classes": list(classes),
            "split_sha256": "ab" * 32,
            "skipped": [{"path": "broken.jpg", "reason": "corrupt: empty file"}],
        },
        "weights": {"arch": "test_resnet", "source": "file", "sha256": "cd" * 32},
        "environment": {"fastcnn": "0.1.0", "torch": "2.15.0", "device": "cpu"},
        "events": [],
        "strategies": entries,
        "comparison": compare(tables, seconds),
        **more,
    }
    write_images(run, paths, classes, n)
    (run / "run.json").write_text(json.dumps(record))
    return Run(run)


def write_images(run: Path, paths: Sequence[str], classes: Sequence[str], n: int) -> None:
    """Write `images.csv`: the held-out images, the test part, and four times as many to learn."""
    held_out = [(path, "valid" if place < n else "test") for place, path in enumerate(paths)]
    learned = [(f"learned/{place}.jpg", "train") for place in range(4 * n)]
    rows = [
        {"path": path, "label": classes[place % len(classes)], "part": part, "bytes": 1}
        for place, (path, part) in enumerate([*held_out, *learned])
    ]
    pd.DataFrame(rows).to_csv(run / "images.csv", index=False)


def answers(paths: Sequence[str], classes: Sequence[str], seed: int, skill: float) -> pd.DataFrame:
    """Invent a table of predictions: the better, the greater the skill."""
    random = np.random.default_rng(seed)
    targets = [classes[number % len(classes)] for number in range(len(paths))]
    logits = random.normal(size=(len(paths), len(classes)))
    logits[np.arange(len(paths)), [number % len(classes) for number in range(len(paths))]] += skill
    powers = np.exp(2 * logits)
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return prediction_table(paths, targets, probabilities, classes)


def draw_pictures(folder: Path, classes: Sequence[str], n: int) -> list[str]:
    """Write `n` small pictures of one colour each; return their paths."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    paths = []
    for number in range(n):
        path = f"{number:05d} of {number % len(classes)}.jpg"
        colour = tuple(int(level) for level in random.integers(0, 256, 3))
        Image.new("RGB", (48 + number % 30, 40), colour).save(folder / path)
        paths.append(path)
    return paths


def entry(table: pd.DataFrame, place: int) -> dict[str, Any]:
    """What the record keeps of a strategy."""
    return {
        "metrics": metrics_of(table),
        "test": None,
        "repeats": [],
        "seconds": {"features": 1.0, "train": 10.0 + place, "total": 11.0 + place},
        "features": {"computed": 10, "found": 0},
        "images_per_second": {"loader": 100.0, "model": 10.0, "together": 9.0},
        "epochs": 3,
        "lr": {"asked": "0.004", "base": 0.004, "suggestions": None, "phases": []},
        "trainable_parameters": 4000,
        "total_parameters": 400_000,
        "selected_on_validation": False,
        "checkpoint_sha256": sha256_of(EXPORTED),
    }


def write_history(folder: Path, *, solved: bool) -> None:
    """Write a history of three epochs, or of a solver's one stage."""
    phases = ["solve"] if solved else ["head", "all", "all"]
    rows = range(len(phases))
    history = pd.DataFrame(
        {
            "phase": phases,
            "epoch": [row + 1 for row in rows],
            "train_loss": [1 / (row + 1) for row in rows],
            "valid_loss": [1.2 / (row + 1) for row in rows],
            "accuracy": [1 - 0.5 / (row + 1) for row in rows],
            "lr_head": [np.nan if solved else 0.004 for _ in rows],
            "lr_body": [np.nan if phase != "all" else 0.0001 for phase in phases],
            "seconds": [3.0 for _ in rows],
        }
    )
    history.to_csv(folder / "history.csv", index=False)
