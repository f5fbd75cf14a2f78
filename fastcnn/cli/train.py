"""`fastcnn train PATH`: the folder recipe on anyone's pictures."""

from typing import Annotated, Any

import typer

from fastcnn.cli import options
from fastcnn.cli.recipe import run_or_preview
from fastcnn.recipe_book import FOLDER_RECIPE


@options.takes_settings
def train(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="Folder of classes, CSV, Parquet, zip or tar."),
    ],
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
    """Train on your own pictures, by one or more strategies, and compare them."""
    places = {"data": path, "config": config, "out": out, "force": force}
    run_or_preview(FOLDER_RECIPE, settings, places, dry_run=dry_run, json=json, quiet=quiet)
