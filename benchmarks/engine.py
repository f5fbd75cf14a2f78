"""fastcnn against plain fastai: same images, split, body, epochs, process; repeats interleaved.

    python benchmarks/engine.py --data FOLDER SECTION...

`--help` lists the sections. What each finds is kept in `benchmarks/engine.json`, and
`benchmarks/README.md` is written anew from all that is kept, so that a section can be measured
again alone. FOLDER holds pictures named `breed_number.jpg`.

Seconds run from the model built to the validation predictions in hand, on both sides. For
fastcnn that includes hashing, decoding, measuring precisions, features and the solver.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from gradients import gradients
from plain import (
    BODIES,
    LITE,
    breed,
    found_weights,
    plain_fine_tune,
    plain_frozen,
    plain_learner,
    random_weights,
)
from processes import whole_processes
from results import Section, keep, measure
from roof import agreement, roof

import fastcnn
from fastcnn.narrator import Narrator

SEEDS = (42, 43, 44)
"""One a repeat: another split, another order."""
PER_BREED = 10
EPOCHS = 3
"""Of everything trained, where accuracy is compared."""
ONLY_ALL = {"epochs": 2, "freeze_epochs": 0}
"""Settings of a `full` in which every epoch trains everything."""


def head(data: Path, work: Path) -> dict[str, Any]:
    """Train heads on ten images a breed: plain fastai, fastcnn with an empty and a full cache."""
    few = first_images(data, work)
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for seed in SEEDS:
        learner = plain_learner(sorted(few.iterdir()), found_weights(LITE, None), seed)
        plain = plain_frozen(learner, 5)
        rows["plain"].append({"seconds": plain.seconds, "accuracy": plain.accuracy})
        with cache(work / f"cache-{seed}"):
            for name in ("cold", "warm"):
                rows[name].append(strategy(few, work, "head", seed))
    return dict(rows)


def full(arch: str, data: Path, work: Path) -> dict[str, Any]:
    """Take the seconds an epoch of training everything, and what two epochs bring."""
    few = first_images(data, work)
    file = None if arch == LITE else random_weights(arch, work)
    weights = found_weights(arch, file)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with cache(work / "cache"):
        for seed in SEEDS:
            learner = plain_learner(sorted(few.iterdir()), weights, seed)
            n_epochs = ONLY_ALL["epochs"]
            plain = plain_fine_tune(learner, n_epochs, 0)
            rows["plain"].append({"epoch": plain.seconds / n_epochs, "accuracy": plain.accuracy})
            entry = run(few, work, "full", seed, arch=arch, weights=file, **ONLY_ALL)
            rows["fastcnn"].append(
                {
                    "epoch": entry["seconds"]["total"] / n_epochs,
                    "accuracy": entry["metrics"]["accuracy"],
                    "precision": entry["precision"],
                    "speeds": entry["images_per_second"],
                }
            )
    return dict(rows)


def accuracy(data: Path, work: Path) -> dict[str, Any]:
    """Score everything that all images can be trained by, over three seeds."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    paths, weights = sorted(data.glob("*.jpg")), found_weights(LITE, None)
    with cache(work / "cache"):
        for seed in SEEDS:
            rows["fastcnn head"].append(strategy(data, work, "head", seed))
            keep("accuracy", dict(rows))
        for seed in SEEDS:
            for name in ("full", "lp-ft"):
                trained = strategy(data, work, name, seed, epochs=EPOCHS)
                rows[f"fastcnn {name}, {EPOCHS} epochs"].append(trained)
                keep("accuracy", dict(rows))
    for seed in SEEDS:
        plain = plain_frozen(plain_learner(paths, weights, seed), 5)
        rows["plain fastai, frozen, 5 epochs"].append({"accuracy": plain.accuracy})
        keep("accuracy", dict(rows))
    return dict(rows)


def strategy(data: Path, work: Path, name: str, seed: int, **settings: Any) -> dict[str, Any]:
    """Return seconds and accuracy of one strategy."""
    entry = run(data, work, name, seed, **settings)
    return {
        "seconds": entry["seconds"]["total"],
        "features": entry["seconds"]["features"],
        "accuracy": entry["metrics"]["accuracy"],
        **{f"images/s {part}": speed for part, speed in entry["images_per_second"].items()},
    }


def run(data: Path, work: Path, name: str, seed: int, **settings: Any) -> dict[str, Any]:
    """Run one strategy of fastcnn and return its entry in the record."""
    run = fastcnn.run(
        "pets",
        data=data,
        out=work / "run",
        force=True,
        strategy=name,
        seed=seed,
        narrator=Narrator(quiet=True),
        **{"arch": LITE, **settings},
    )
    entry: dict[str, Any] = run.record["strategies"][name]
    return entry


def first_images(data: Path, work: Path) -> Path:
    """Copy the first images of each breed, and return their folder."""
    folder = work / "few"
    if not folder.exists():
        folder.mkdir()
        count: dict[str, int] = defaultdict(int)
        for path in sorted(data.glob("*.jpg")):
            count[breed(path)] += 1
            if count[breed(path)] <= PER_BREED:
                shutil.copy(path, folder)
    return folder


@contextmanager
def cache(folder: Path) -> Iterator[None]:
    """Give fastcnn a cache of its own, so that nothing measured or computed before helps."""
    before = os.environ.get("FASTCNN_CACHE")
    os.environ["FASTCNN_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FASTCNN_CACHE"]
        else:
            os.environ["FASTCNN_CACHE"] = before


SECTIONS: dict[str, Section] = {
    "head": head,
    **{f"full-{arch}": partial(full, arch) for arch in BODIES},
    "accuracy": accuracy,
    "agreement": agreement,
    "process": whole_processes,
    "roof": roof,
    "gradients": gradients,
}

if __name__ == "__main__":
    measure(__doc__, SECTIONS, "--data", "breed_number.jpg files")
