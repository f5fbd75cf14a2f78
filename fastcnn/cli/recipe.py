"""`fastcnn recipe NAME`: the main job."""

import json as json_module
import shlex
import sys
from typing import Annotated, Any

import typer

from fastcnn.cli import options


@options.takes_settings
def recipe(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A recipe (fastcnn recipes lists them) or FILE.py."),
    ],
    data: options.Data = None,
    *,
    config: options.Config = None,
    out: options.Out = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    **settings: Any,
) -> None:
    """Train by one or more strategies and compare them."""
    places = {"data": data, "config": config, "out": out, "force": force}
    run_or_preview(name, settings, places, dry_run=dry_run, json=json, quiet=quiet)


def run_or_preview(
    name: str,
    settings: dict[str, Any],
    places: dict[str, Any],
    *,
    dry_run: bool,
    json: bool,
    quiet: bool,
) -> None:
    """Check what was given, then train, or tell what training would do; and print it."""
    from fastcnn.given_settings import read_config, require_settings

    places["config"] = read_config(places["config"])
    require_settings(name, places["config"], settings)
    if dry_run:
        given = {"data": places["data"], "config": places["config"], **settings}
        _show_preview(name, given, json=json, quiet=quiet)
    else:
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


def _show_preview(name: str, arguments: dict[str, Any], *, json: bool, quiet: bool) -> None:
    from fastcnn.narrator import narrator_for
    from fastcnn.report.preview_table import show_preview
    from fastcnn.workflow import preview

    narrator = narrator_for(json=json, quiet=quiet)
    found = preview(name, narrator=narrator, **arguments)
    if json:
        print(json_module.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        show_preview(found, narrator)
