"""Keeps what the benchmarks found, and writes it as tables with the machine and the versions."""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import cifar10_tables
from plain import BODIES

from fastcnn.environment import environment
from fastcnn.files import write_json, write_text

KEPT = Path(__file__).with_name("engine.json")
PAGE = Path(__file__).with_name("README.md")
Section = Callable[[Path, Path], dict[str, Any]]
"""Measures on the data in a folder, with another to work in."""
Rows = Sequence[Mapping[str, float]]


def measure(
    description: str | None, sections: Mapping[str, Section], option: str, meaning: str
) -> None:
    """Measure the sections that the command line asks for, on the folder that `option` names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("sections", nargs="+", choices=sections)
    parser.add_argument(option, dest="folder", type=Path, required=True, help=meaning)
    parser.add_argument("--keep", type=Path, help="where runs stay; else they are thrown away")
    options = parser.parse_args()
    for name in options.sections:
        with tempfile.TemporaryDirectory() as work:
            place = options.keep.absolute() if options.keep else Path(work)
            keep(name, sections[name](options.folder.absolute(), place))
        write_tables()


def keep(section: str, found: Mapping[str, Any]) -> None:
    """Put a section's figures beside the others."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    machine = environment("cpu")
    kept[section] = {"date": str(date.today()), "machine": machine, "found": dict(found)}
    write_json(KEPT, kept)


def write_tables() -> None:
    """Write the page of tables anew from all that is kept."""
    kept = json.loads(KEPT.read_text("utf-8"))
    parts = [INTRODUCTION]
    for section, write in TABLES.items():
        if section in kept:
            parts += [write(kept[section]["found"]), _measured_on({section: kept[section]})]
    if recipes := _all_of(RECIPE, kept):
        parts += [_recipes(recipes), _measured_on(recipes)]
    if trainings := _all_of(TRAINING, kept):
        cifar10_tables.draw_curves(trainings)
        parts += [CIFAR10, _table(cifar10_tables.HEADS, cifar10_tables.rows_of(trainings))]
        parts.append(_measured_on(trainings))
    write_text(PAGE, "\n\n".join(parts) + "\n")


def _all_of(prefix: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): entry for name, entry in kept.items() if name.startswith(prefix)
    }


RECIPE, TRAINING = "recipe-", "cifar10-train-"
"""What the names of sections of one table begin with."""
INTRODUCTION = """# Benchmarks

`engine.py` runs plain fastai, as its documentation writes it, and fastcnn side by side in one
process: the same images, split, body and number of epochs, repeats interleaved. This page is
written by it. Seconds run from the model built to the validation predictions in hand; for fastcnn
they include hashing, decoding, choosing the precision, features and the solver. `data.py` adds the
recipes and the doctor, `cifar10.py` small networks from nothing, `report.py` the page of a run."""


CIFAR10 = """## CIFAR-10 (JPEG copies), the test part

Small networks from nothing at 32 px, and EfficientNet-Lite0 from ImageNet. The dot is the test
part's score at the end; before it, that of 1,000 images held out. Beside frozen and sprint-long the
machine had other work, so that their minutes are upper bounds. sprint and full drew lots whether to
mirror a picture; the others mirror in turns.

![Accuracy against minutes](cifar10.svg)"""


def _steps(found: Mapping[str, Any]) -> str:
    title = "## A step of the small networks, images a second (256 of 32 px, one thread a core)"
    return f"{title}\n\n" + _table(cifar10_tables.STEP_HEADS, cifar10_tables.step_rows(found))


def _head(found: Mapping[str, Rows]) -> str:
    plain = _median(found["plain"], "seconds")
    names = {
        "plain": "plain fastai, frozen, 5 epochs",
        "cold": "fastcnn `head`, empty cache",
        "warm": "fastcnn `head`, features in the cache",
    }
    rows = [
        [
            names[name],
            f"{_median(values, 'seconds'):.2f}",
            f"{plain / _median(values, 'seconds'):.1f}",
            f"{statistics.mean(row['accuracy'] for row in values):.3f}",
        ]
        for name, values in found.items()
    ]
    title = "## A head on ten images a breed (370 images, tf_efficientnet_lite0, 224 px)"
    return f"{title}\n\n" + _table(["", "seconds", "times faster", "mean accuracy"], rows)


def _full(arch: str, found: Mapping[str, Rows]) -> str:
    plain = _median(found["plain"], "epoch")
    rows = [
        [
            name,
            f"{_median(values, 'epoch'):.1f}",
            f"{plain / _median(values, 'epoch'):.2f}",
            str(values[-1].get("precision", "fp32")),
            _mean_accuracy(values),
        ]
        for name, values in found.items()
    ]
    weights = "ImageNet's weights" if "lite" in arch else "random weights"
    title = f"## Everything trained: {arch} from {weights} (370 images, 224 px, 2 epochs of 32s)"
    heads = ["", "seconds an epoch", "times faster", "precision", "mean accuracy"]
    return f"{title}\n\n" + _table(heads, rows)


def _accuracy(found: Mapping[str, Rows]) -> str:
    rows = [
        [
            name,
            f"{statistics.mean(row['accuracy'] for row in values):.3f}",
            ", ".join(f"{row['accuracy']:.3f}" for row in values),
        ]
        for name, values in found.items()
    ]
    title = "## Accuracy on all 1,106 images (tf_efficientnet_lite0, 224 px, another split a seed)"
    return f"{title}\n\n" + _table(["", "mean", "each seed"], rows)


def _agreement(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    rows = []
    for arch, losses in found.items():
        plain = losses["fp32"]
        for name, values in losses.items():
            apart = max(abs(ours / theirs - 1) for ours, theirs in zip(values, plain, strict=True))
            rows.append([arch, name, f"{values[0]:.3f}", f"{values[-1]:.3f}", f"{apart:.2%}"])
    title = "## The loss of the same ten steps on the same batches (random weights)"
    heads = ["body", "precision", "first", "last", "farthest from fp32"]
    return f"{title}\n\n" + _table(heads, rows)


def _process(found: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, f"{took['seconds']:.1f}", f"{took['peak_bytes'] / 1e9:.2f}"]
        for name, took in found.items()
    ]
    title = "## Whole processes, 1,106 images, imports and export included"
    return f"{title}\n\n" + _table(["", "seconds", "peak memory, GB"], rows)


def _roof(found: Mapping[str, Any]) -> str:
    products = [
        f"{name.removeprefix('torch.')} {speed:.2f} TFLOP/s"
        for name, speed in found["product"].items()
    ]
    rows = [
        [arch, work, *(f"{speeds[work][name]:.1f}" for name in PRECISION_NAMES)]
        for arch, speeds in found["models"].items()
        for work in speeds
    ]
    title = "## The roof: models alone, images a second in batches of 8"
    text = f"A dense matrix product: {', '.join(products)}."
    return f"{title}\n\n{text}\n\n" + _table(["body", "", *PRECISION_NAMES], rows)


def _recipes(kept: Mapping[str, Any]) -> str:
    rows = [
        [
            *(name, " / ".join(f"{part:,}" for part in recipe["parts"]), str(recipe["size"])),
            *(strategy, f"{entry['accuracy']:.3f}"),
            f"{entry['test']:.3f}" if entry["test"] is not None else "",
            f"{entry['seconds']:.0f}",
        ]
        for name, recipe in ((name, entry["found"]) for name, entry in kept.items())
        for strategy, entry in recipe["strategies"].items()
    ]
    title = "## Recipes, one epoch of full, and the head (tf_efficientnet_lite0)"
    heads = ["recipe", "train / held out / test", "px", "strategy", "accuracy", "test", "seconds"]
    said = "One run each; the machine had other work besides, so that seconds are upper bounds."
    return f"{title}\n\n{said}\n\n" + _table(heads, rows)


def _doctor(found: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in found["findings"].items())
    return (
        f"## The doctor on CIFAR-10, unpacked\n\n{found['n_files']:,} images, "
        f"{found['images_per_second']:,.0f} a second decoded and looked at; "
        f"{found['seconds']:.0f} s in all, imports and comparisons included; at most "
        f"{found['peak_bytes'] / 1e9:.2f} GB of memory. Found: {counts or 'nothing'}."
    )


def _report(found: Mapping[str, Any]) -> str:
    return (
        f"## The report of a stored run: {found['n']:,} predictions, 37 classes, two strategies\n\n"
        f"{found['seconds']:.1f} s without Grad-CAM, {found['forward_passes']} forward passes, "
        f"{found['bytes'] / 1e6:.1f} MB; {found['seconds_with_doctor']:.0f} s where the doctor "
        f"has to examine the images first; at most {found['peak_bytes'] / 1e9:.2f} GB of memory. "
        "The machine had other work besides, so that seconds are upper bounds."
    )


def _gradients(found: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [arch, *(f"{speeds[way]:.1f}" for way in ("float32", "torch", "fastcnn")),
         f"{speeds['fastcnn'] / max(speeds['torch'], speeds['float32']):.2f}"]
        for arch, speeds in found.items()
    ]  # fmt: skip
    title = "## Gradients of convolutions: whole steps, channels last, images a second"
    heads = ["network", "float32", "bfloat16, torch's", "bfloat16, ours"]
    heads += ["times as fast as the better"]
    return f"{title}\n\n" + _table(heads, rows)


PRECISION_NAMES = ("fp32", "fp32 channels_last", "bf16 channels_last")
TABLES: dict[str, Callable[[Any], str]] = {
    "head": _head,
    "accuracy": _accuracy,
    **{f"full-{arch}": partial(_full, arch) for arch in BODIES},
    "agreement": _agreement,
    "process": _process,
    "roof": _roof,
    "gradients": _gradients,
    "doctor": _doctor,
    "report": _report,
    "cifar10-steps": _steps,
}


def _mean_accuracy(rows: Rows) -> str:
    """Return the mean of those that were scored."""
    scored = [row["accuracy"] for row in rows if "accuracy" in row]
    return f"{statistics.mean(scored):.3f}" if scored else ""


def _median(rows: Rows, name: str) -> float:
    return statistics.median(row[name] for row in rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _measured_on(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Return when and where the rows of a table were measured; which ones, where that differs."""
    places: dict[str, list[str]] = {}
    for name, entry in entries.items():
        places.setdefault(_machine(entry["machine"]), []).append(name)
    lines = []
    for machine, names in places.items():
        dates = sorted({entries[name]["date"] for name in names})
        period = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        which = f"{', '.join(names)}: " if len(places) > 1 else ""
        lines.append(f"{which}{period}, {machine}.")
    return "\n".join(lines)


def _machine(machine: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {machine[name]}" for name in ("fastai", "torch", "timm"))
    return f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}, {versions}"
