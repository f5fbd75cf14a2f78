"""`fastcnn predict MODEL PATH…`: classify images with an exported model."""

import json as json_module
import sys
from pathlib import Path
from typing import Annotated

import typer

from fastcnn.cli import options
from fastcnn.errors import DataError


def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A run, RUN/<strategy>, or a .pkl file.")
    ],
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Images, or folders of images.")
    ],
    out: Annotated[str | None, typer.Option(help="Write FILE.csv, .jsonl or .parquet.")] = None,
    trust: options.Trust = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Classify images: path, class, probability."""
    from fastcnn.inference.output import (
        image_files,
        prediction_display,
        prediction_records,
        require_writable_format,
        write_predictions,
    )

    files = image_files(paths)
    target = require_writable_format(out) if out else None

    from fastcnn.inference.load import load
    from fastcnn.narrator import narrator_for

    narrator = narrator_for(json=json, quiet=quiet)
    table = load(Path(model), trust_file=trust).predict(files)
    failed = table["error"].notna()
    if target:
        write_predictions(table, target)
        narrator.say(f"{len(table)} rows written to {target}")
    if json:
        print(json_module.dumps(prediction_records(table), indent=2, ensure_ascii=False))
    elif not target and not failed.all():
        narrator.show(prediction_display(table))
    for path, error in table.loc[failed, ["path", "error"]].itertuples(index=False):
        print(f"note: {path} cannot be read: {error}", file=sys.stderr)
    if failed.all():
        raise DataError(
            f"none of the {len(table)} files can be read as an image",
            hint="give image files, or a folder of them",
        )
