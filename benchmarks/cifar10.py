"""CIFAR-10 on a processor: how long to which accuracy, from nothing and from ImageNet.

    python benchmarks/cifar10.py --shared FOLDER [--keep FOLDER] SECTION...

`--help` lists the sections. FOLDER holds `cifar10.zip`, JPEG copies of the set (`train/`, `test/`),
on which scores lie a little below those on the lossless pictures. What is found is kept beside what
`engine.py` finds, and on the same page. With `--keep FOLDER` the runs stay there, and one that is
there already is not repeated.

Accuracies are those of the test part, scored once, at the end of each training; the curve of a
training is that of the 1,000 images held out of `train/`, where its last point is the test part's.
"""

import csv
import json
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import fastai.callback.progress  # noqa: F401  gives a Learner `no_bar`
import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from plain import LITE
from plain_loop import PlainSteps, network, train_plainly
from results import Section, keep, measure
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from fastcnn.models.networks import is_own, parse_network
from fastcnn.settings import Settings
from fastcnn.training.callbacks import WhereTimeGoes
from fastcnn.training.kept_memory import memory_kept
from fastcnn.training.mixed_precision import InPrecision
from fastcnn.training.optimizers import optimizer_for
from fastcnn.training.precision import PRECISIONS

SEEDS = (42, 43, 44)
HELD_OUT = "0.02"
FROM_NOTHING = {"strategy": "scratch", "size": "32", "loss": "label-smoothing"}
SPRINT = {**FROM_NOTHING, "bs": "512", "opt": "muon", "lr": "0.025", "wd": "0.1"}
TRAININGS: dict[str, dict[str, str]] = {
    "three-conv": {
        **FROM_NOTHING,
        **{"arch": "three-conv", "bs": "128", "epochs": "6", "lr": "0.004", "wd": "0.01"},
    },
    "five-block": {
        **FROM_NOTHING,
        **{"arch": "five-block", "bs": "256", "epochs": "8", "lr": "0.008", "wd": "0.03"},
    },
    "sprint": {**SPRINT, "arch": "sprint", "epochs": "14"},
    "sprint-wide": {**SPRINT, "arch": "sprint:filters=64-384-512", "epochs": "13"},
    "sprint-long": {
        **SPRINT,
        **{"arch": "sprint:filters=128-384-512,depth=3", "epochs": "45", "cutmix": "0.2"},
    },
    "frozen": {"strategy": "head", "arch": LITE, "size": "160", "views": "1"},
    "full": {
        **{"strategy": "full", "arch": LITE, "size": "128", "epochs": "5"},
        **{"freeze-epochs": "0", "bs": "64", "lr": "2e-4:1e-3"},
    },
    "lp-ft": {"strategy": "lp-ft", "arch": LITE, "size": "96", "epochs": "2", "bs": "64"},
}
"""What is measured, with the settings that are not the recipe's."""
REPEATED = ("three-conv", "five-block", "sprint", "sprint-wide", "frozen")
"""What is short enough to be trained once a seed."""
REPEATS, STEPS, STEP_IMAGES = 5, 3, 256
PRECISION = "bf16 channels_last"
"""What fastcnn chooses for these networks on a processor with AMX."""


def training(name: str, shared: Path, work: Path, *, seeds: tuple[int, ...]) -> dict[str, Any]:
    """Train by one row of `TRAININGS`, once a seed."""
    folder = unpacked(shared, work)
    rows = []
    for seed in seeds:
        run = work / f"{name}-{seed}"
        settings = {**TRAININGS[name], "valid-pct": HELD_OUT, "seed": str(seed)}
        if not is_done(run, settings):
            train(folder, run, settings)
        rows.append(read_run(run))
        keep(f"cifar10-train-{name}", {"settings": TRAININGS[name], "runs": rows})
    return {"settings": TRAININGS[name], "runs": rows}


def train(folder: Path, run: Path, settings: Mapping[str, str]) -> None:
    """Train in a process of its own, as a user would."""
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    command = [sys.executable, "-m", "fastcnn", "recipe", "cifar10", "--data", str(folder)]
    subprocess.run([*command, *options, "--out", str(run), "--force", "--quiet"], check=True)


def is_done(run: Path, settings: Mapping[str, str]) -> bool:
    """Whether a run by these settings was finished, of a network that is still built so."""
    if not (run / "run.json").exists():
        return False
    record = json.loads((run / "run.json").read_text("utf-8"))
    made = {name: str(record["settings"][name.replace("-", "_")]) for name in settings}
    arch, trained = settings["arch"], record["weights"].get("network")
    if is_own(arch) and (trained is None or parse_network(trained) != parse_network(arch)):
        return False
    return bool(record["status"] == "done" and made == settings)


def read_run(run: Path) -> dict[str, Any]:
    """Return seed, test accuracy, seconds, and accuracy by minutes."""
    record = json.loads((run / "run.json").read_text("utf-8"))
    [(name, entry)] = record["strategies"].items()
    with (run / name / "history.csv").open(encoding="utf-8") as file:
        epochs = [row for row in csv.DictReader(file) if row["phase"] != "solve"]
    total = entry["seconds"]["total"]
    curve, seconds = [], total - sum(float(row["seconds"]) for row in epochs)
    for row in epochs:
        seconds += float(row["seconds"])
        curve.append((seconds / 60, float(row["accuracy"])))
    accuracy = entry["test"]["metrics"]["accuracy"]
    return {
        "seed": record["settings"]["seed"],
        "size": record["settings"]["size"],
        "accuracy": accuracy,
        "minutes": total / 60,
        "curve": [*curve[:-1], (total / 60, accuracy)],
        "precision": entry["precision"],
    }


def plain_loop(shared: Path, work: Path) -> dict[str, Any]:
    """Train three-conv by the plain loop, with the settings of fastcnn's row."""
    settings = TRAININGS["three-conv"]
    result = train_plainly(
        unpacked(shared, work),
        settings["arch"],
        epochs=int(settings["epochs"]),
        bs=int(settings["bs"]),
        lr=float(settings["lr"]),
        wd=float(settings["wd"]),
        seed=SEEDS[0],
    )
    minutes = result.seconds / 60
    curve = [*result.curve[:-1], (minutes, result.accuracy)]
    row = {"seed": SEEDS[0], "size": 32, "accuracy": result.accuracy, "precision": "fp32"}
    row |= {"minutes": minutes, "curve": curve}
    return {"settings": settings, "runs": [row]}


def steps(shared: Path, work: Path) -> dict[str, Any]:
    """Time the steps of each network in turns: the plain loop's, and fastai's as fastcnn runs it.

    Both on the same batches in memory, so that no loading counts.
    """
    found = {}
    for arch in ("three-conv", "five-block", "sprint"):
        batch = torch.randn(STEP_IMAGES, 3, 32, 32), torch.arange(STEP_IMAGES) % 10
        plain, ours = PlainSteps(network(arch, 32)), network(arch, 32)
        times: dict[str, list[float]] = {"plain": [], "fastcnn": []}
        for repeat in range(REPEATS + 1):
            theirs = plain.seconds(*batch, STEPS)
            own = fastcnn_step_seconds(ours, batch)
            if repeat:  # the first one sets up
                times["plain"].append(theirs)
                times["fastcnn"].append(own)
        speeds = {name: STEP_IMAGES / statistics.median(each) for name, each in times.items()}
        found[arch] = {**speeds, "precision": PRECISION}
    return found


def fastcnn_step_seconds(model: nn.Module, batch: tuple[Tensor, Tensor]) -> float:
    """Time the steps of fastai's loop with fastcnn's precision, optimizer and memory."""
    times, one_step = WhereTimeGoes(), TensorDataset(*batch)
    loader: DataLoader[Any] = DataLoader(ConcatDataset([one_step] * STEPS), STEP_IMAGES)
    learner = Learner(
        DataLoaders(loader, DataLoader(one_step, STEP_IMAGES)),
        model,
        loss_func=nn.CrossEntropyLoss(),
        opt_func=optimizer_for(Settings()),
        cbs=[InPrecision(PRECISIONS[PRECISION]), times],
        train_bn=False,
    )
    with memory_kept(), learner.no_bar(), learner.no_logging():
        learner.fit(1)
    return times.computing / STEPS


def unpacked(shared: Path, work: Path) -> Path:
    """Unpack the set where it is not yet."""
    folder, half = work / "unpacked", work / "unpacking"
    if not folder.exists():
        with zipfile.ZipFile(shared / "cifar10.zip") as archive:
            archive.extractall(half)
        half.rename(folder)
    return folder / "cifar10"


SECTIONS: dict[str, Section] = {
    **{
        f"cifar10-train-{name}": partial(
            training, name, seeds=SEEDS if name in REPEATED else SEEDS[:1]
        )
        for name in TRAININGS
    },
    "cifar10-train-plain-three-conv": plain_loop,
    "cifar10-steps": steps,
}

if __name__ == "__main__":
    measure(__doc__, SECTIONS, "--shared", "folder of cifar10.zip")
