"""`fastcnn recipe NAME`: the main job."""

import json as json_module
import shlex
import sys
from typing import Annotated, Any

import typer

from fastcnn.cli import options
from fastcnn.errors import UsageError
from fastcnn.places import user_path
from fastcnn.run_folder import RUN_FILE


def recipe(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A recipe (fastcnn recipes lists them) or FILE.py."),
    ],
    data: options.Data = None,
    arch: options.Arch = None,
    weights: options.WeightsFile = None,
    strategy: options.Strategy = None,
    epochs: options.Epochs = None,
    freeze_epochs: options.FreezeEpochs = None,
    lr: options.Rate = None,
    bs: options.BatchSize = None,
    size: options.Size = None,
    seed: options.Seed = None,
    valid_pct: options.ValidPct = None,
    device: options.Device = None,
    deterministic: options.Deterministic = None,
    config: options.Config = None,
    out: options.Out = None,
    force: options.Force = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Train by one or more strategies and compare them."""
    settings = {
        "arch": arch,
        "weights": weights,
        "strategy": strategy,
        "epochs": epochs,
        "freeze_epochs": freeze_epochs,
        "lr": lr,
        "bs": bs,
        "size": size,
        "seed": seed,
        "valid_pct": valid_pct,
        "device": device,
        "deterministic": deterministic,
    }
    _require_settings(settings)
    places = {"data": data, "out": out, "force": force, "config": _read_config(config)}
    _train_and_show(name, settings, places, json=json, quiet=quiet)


def _train_and_show(
    name: str, settings: dict[str, Any], places: dict[str, Any], *, json: bool, quiet: bool
) -> None:
    from fastcnn.narrator import narrator_for
    from fastcnn.report.tables import show_run
    from fastcnn.workflow import run

    narrator = narrator_for(json=json, quiet=quiet)
    command = shlex.join(["fastcnn", *sys.argv[1:]])
    finished = run(name, narrator=narrator, command=command, **places, **settings)
    if json:
        print(json_module.dumps(finished.record, indent=2, ensure_ascii=False))
    else:
        show_run(finished, narrator)


def _require_settings(settings: dict[str, Any]) -> None:
    """Find mistakes in a moment, before torch and fastai are imported."""
    from fastcnn.settings import resolve_settings

    resolve_settings(settings)


def _read_config(path: str | None) -> dict[str, Any]:
    """Return the settings of an earlier run's `run.json`."""
    if path is None:
        return {}
    file = user_path(path)
    file = file / RUN_FILE if file.is_dir() else file
    try:
        settings = json_module.loads(file.read_text("utf-8"))["settings"]
        return dict(settings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"--config {path} cannot be read as the run.json of an earlier run: {error}",
            hint="give the folder of a run, or the run.json in it",
        ) from error
