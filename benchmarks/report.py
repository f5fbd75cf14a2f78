"""The report of a stored run of 10,000 predictions and 37 classes, by two strategies.

    python benchmarks/report.py --shared FOLDER report

FOLDER holds `pets/images`: its photographs, each under several names, are the held-out images. The
answers are invented, right on about six of seven. What is found is kept beside what `engine.py`
finds, and on the same page.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from processes import measured
from results import Section, measure

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import prediction_table, write_table
from fastcnn.files import write_json, write_text

N = 10_000
"""Held-out images."""
SKILL = {"full": 1.75, "head": 1.65}
"""How far the logit of the right class lies above the others, by strategy."""
PROGRAM = """
import json, pathlib, sys, time
import torch
from fastcnn.narrator import HushedNarrator
from fastcnn.reporting import report
calls = []
torch.nn.modules.module.register_module_forward_hook(lambda *_: calls.append(1))
seconds = []
for _ in range(2):
    started = time.perf_counter()
    page = report(sys.argv[1], saliency=False, narrator=HushedNarrator(quiet=True))
    seconds.append(time.perf_counter() - started)
found = {"seconds": seconds, "forward_passes": len(calls), "bytes": page.stat().st_size}
pathlib.Path(sys.argv[2]).write_text(json.dumps(found))
"""
"""Makes the report twice: the first time the doctor examines the images."""


def report(shared: Path, work: Path) -> dict[str, Any]:
    """Store a run, and make its report in a process of its own."""
    store(shared / "pets" / "images", work / "run")
    command = [sys.executable, "-c", PROGRAM, str(work / "run"), str(work / "found.json")]
    took = measured(command, dict(os.environ))
    found = json.loads((work / "found.json").read_text("utf-8"))
    first, again = found["seconds"]
    return {
        "n": N,
        "seconds": again,
        "seconds_with_doctor": first,
        "forward_passes": found["forward_passes"],
        "bytes": found["bytes"],
        "process_seconds": took.seconds,
        "peak_bytes": took.peak_bytes,
    }


def store(photographs: Path, run: Path) -> None:
    """Write a run as a training would have left it."""
    images = run.with_name("images")
    images.mkdir()
    files = sorted(photographs.glob("*.jpg"))
    paths = [f"{number:05d}_{files[number % len(files)].name}" for number in range(N)]
    for number, path in enumerate(paths):
        (images / path).symlink_to(files[number % len(files)])
    labels = [path[6:].rsplit("_", 1)[0] for path in paths]
    tables = {name: answers(paths, labels, skill) for name, skill in SKILL.items()}
    for name, table in tables.items():
        write_table(table, run / name / "predictions.parquet")
        write_text(run / name / "history.csv", HISTORY)
    classes = sorted(set(labels))
    strategies = {name: entry(table) for name, table in tables.items()}
    write_json(run / "run.json", record(images, classes, strategies, tables))


def answers(paths: Sequence[str], labels: Sequence[str], skill: float) -> pd.DataFrame:
    """Invent a table of predictions."""
    random = np.random.default_rng(int(100 * skill))
    classes = sorted(set(labels))
    logits = random.normal(0, 0.5, (len(paths), len(classes)))
    own = [classes.index(label) for label in labels]
    logits[np.arange(len(paths)), own] += skill
    powers = np.exp(5 * logits)
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return prediction_table(paths, labels, probabilities, classes)


def entry(table: pd.DataFrame) -> dict[str, Any]:
    """Return what a record says of a strategy."""
    return {
        "metrics": metrics_of(table),
        "test": None,
        "repeats": [],
        "seconds": {"features": 0.0, "train": 100.0, "total": 100.0},
        "features": {"computed": 0, "found": 0},
        "trainable_parameters": 1000,
        "total_parameters": 1000,
        "selected_on_validation": False,
    }


def record(
    images: Path,
    classes: Sequence[str],
    strategies: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> dict[str, Any]:
    """Return the record of the run."""
    return {
        "status": "done",
        "command": f"fastcnn recipe pets --data {images}",
        "recipe": "pets",
        "settings": {"strategy": "full-vs-head", "epochs": 2, "size": 224},
        "data": {
            "source": "given",
            "path": str(images),
            "n_images": N,
            "n_train": 0,
            "n_valid": N,
            "n_test": 0,
            "classes": list(classes),
            "skipped": [],
        },
        "events": [],
        "strategies": strategies,
        "comparison": compare(tables, dict.fromkeys(tables, 100.0)),
    }


HISTORY = """phase,epoch,train_loss,valid_loss,accuracy,lr_head,lr_body,seconds
head,1,1.2,0.9,0.7,0.004,,50
all,2,0.8,0.6,0.8,0.002,0.0001,50
"""
SECTIONS: dict[str, Section] = {"report": report}

if __name__ == "__main__":
    measure(__doc__, SECTIONS, "--shared", "folder of the data sets")
