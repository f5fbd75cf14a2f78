"""`fastcnn recipes`: what there is to run, and a copy to start one's own."""

import json as json_module
import shlex
from pathlib import Path
from typing import Annotated

import typer

from fastcnn.cli import options


def recipes(
    copy: Annotated[
        tuple[str, Path] | None,
        typer.Option(help="Copy the source of recipe NAME to FILE.py.", metavar="NAME FILE.py"),
    ] = None,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """List the recipes, or copy one to start your own."""
    from fastcnn.recipe_book import copy_recipe, list_recipes

    if copy:
        name, target = copy
        copy_recipe(name, target)
        following = f"fastcnn recipe {shlex.quote(str(target))} --data FOLDER"
        print(f"{target}: change it, then {following}")
        return
    entries = list_recipes()
    if json:
        rows = [
            {"name": entry.name, "summary": entry.summary, "command": entry.command}
            for entry in entries
        ]
        print(json_module.dumps(rows, indent=2))
        return
    for entry in entries:
        print(f"{entry.name}\n    {entry.summary}\n    {entry.command}")
