"""Every recipe for an epoch on its data, and the doctor on 60,000 pictures.

    python benchmarks/data.py --shared FOLDER SECTION...

`--help` lists the sections. FOLDER holds the data sets as they are listed in `RECIPES`, and
`cifar10.zip`. What is found is kept beside what `engine.py` finds, and on the same page.
"""

import json
import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from plain import LITE
from processes import measured
from results import Section, measure

RECIPES: dict[str, str | None] = {
    "hymenoptera": "hymenoptera",
    "nature12k": "nature12k",
    "flowers": "flowers",
    "cats_dogs": "cats-dogs",
    "pets": "pets",
    "solar": None,
    "cifar10": "cifar10.zip",
}
"""The folder of each recipe, None where it brings its own data."""


def recipe(name: str, shared: Path, work: Path) -> dict[str, Any]:
    """Train a recipe for one epoch by full and by head, from the packaged weights."""
    folder = RECIPES[name]
    command = [sys.executable, "-m", "fastcnn", "recipe", name, "--arch", LITE, "--json"]
    command += ["--strategy", "full-vs-head", "--epochs", "1", "--out", str(work / name)]
    command += ["--data", str(shared / folder)] if folder else []
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    record = json.loads(output)
    row: dict[str, Any] = {
        "parts": [record["data"][f"n_{part}"] for part in ("train", "valid", "test")],
        "size": record["settings"]["size"],
        "strategies": {},
    }
    for strategy, entry in record["strategies"].items():
        test = entry["test"]
        row["strategies"][strategy] = {
            "accuracy": entry["metrics"]["accuracy"],
            "test": test["metrics"]["accuracy"] if test else None,
            "seconds": entry["seconds"]["total"],
        }
    return row


def doctor(shared: Path, work: Path) -> dict[str, Any]:
    """Let the doctor look at CIFAR-10's 60,000 pictures, unpacked."""
    with zipfile.ZipFile(shared / "cifar10.zip") as archive:
        archive.extractall(work)
    report = work / "report.json"
    command = [sys.executable, "-c", PROGRAM, str(work / "cifar10"), str(report)]
    took = measured(command, dict(os.environ))
    found = json.loads(report.read_text("utf-8"))
    counts: dict[str, int] = {}
    for finding in found["findings"]:
        counts[finding["finding"]] = counts.get(finding["finding"], 0) + 1
    return {
        "n_files": found["n_files"],
        "images_per_second": found["images_per_second"],
        "seconds": took.seconds,
        "peak_bytes": took.peak_bytes,
        "findings": counts,
    }


PROGRAM = """
import pathlib, subprocess, sys
with pathlib.Path(sys.argv[2]).open("w") as file:
    subprocess.run([sys.executable, "-m", "fastcnn", "doctor", sys.argv[1], "--json"], stdout=file)
"""
"""Writes down what the doctor prints; its exit code says only that something was found."""
SECTIONS: dict[str, Section] = {
    **{f"recipe-{name}": partial(recipe, name) for name in RECIPES},
    "doctor": doctor,
}

if __name__ == "__main__":
    measure(__doc__, SECTIONS, "--shared", "folder of the data sets")
