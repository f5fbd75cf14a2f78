"""`fastcnn lr-find [NAME|DIR]`: which learning rate suits the data and the network."""

import json as json_module
from typing import Annotated, Any

import typer

from fastcnn.cli import options


@options.takes_settings
def lr_find(
    name: Annotated[
        str, typer.Argument(metavar="NAME|DIR", help="A recipe, FILE.py, or a folder of classes.")
    ] = "pets",
    data: options.Data = None,
    *,
    config: options.Config = None,
    out: Annotated[
        str | None, typer.Option(help="Picture of the curve, FILE.png; default: lr-find.png.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of that name.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    **settings: Any,
) -> None:
    """Find a learning rate by a range test."""
    from fastcnn.given_settings import read_config, require_settings, training_command
    from fastcnn.report.rates import require_free_picture, show_rates, write_rates

    earlier = read_config(config)
    require_settings(name, earlier, settings, all_used=False)
    picture = require_free_picture(out, force=force)

    from fastcnn.narrator import narrator_for
    from fastcnn.rate_finder import find_rates, find_recipe_or_folder

    narrator = narrator_for(json=json, quiet=quiet)
    recipe, source = find_recipe_or_folder(name, data)
    rates = find_rates(recipe, data=source, config=earlier, narrator=narrator, **settings)
    write_rates(rates, picture)
    if json:
        print(json_module.dumps(rates.to_json(), indent=2, allow_nan=False))
        return
    beneath, places = {**recipe.defaults, **earlier}, {"data": data, "config": config}
    is_path = source != data  # then the name is the data itself
    following = training_command(name, places, settings, beneath, rates.rate, is_path=is_path)
    show_rates(rates, picture, following, narrator)
    if settings.get("strategy") and "--strategy full-vs-head" in following:
        narrator.say("a solved head has no rate, so the command trains everything besides")
