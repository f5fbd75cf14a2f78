"""`fastcnn models`: which architectures there are, and which suit a data set."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Part of a name, or a pattern: 'resnet*d'.")
]
All = Annotated[bool, typer.Option("--all", help="Every architecture, not the recommended.")]
MaxParameters = Annotated[str | None, typer.Option(help="Most parameters, as 10m.")]
MaxMultiplyAdds = Annotated[str | None, typer.Option(help="Most multiply-adds, as 1g.")]
Place = Annotated[
    str | None, typer.Option("--weights", help="packaged, cached, downloadable or none.")
]
Suggest = Annotated[
    str | None, typer.Option(metavar="DIR", help="Name the few that suit these pictures.")
]
Budget = Annotated[
    str | None, typer.Option(help="With --suggest: time for a training, 90s, 5m (default), 1h.")
]
USUAL_BUDGET = "5m"


def models(
    name: Name = None,
    all: All = False,
    max_parameters: MaxParameters = None,
    max_multiply_adds: MaxMultiplyAdds = None,
    weights: Place = None,
    suggest: Suggest = None,
    budget: Budget = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """List architectures with sizes and weights, or suggest some for a folder of pictures."""
    from fastcnn.models.catalogue import Wanted, list_architectures
    from fastcnn.narrator import narrator_for
    from fastcnn.quantities import parse_count
    from fastcnn.report.models_table import show_models

    if suggest is not None:
        filters = [name, max_parameters, max_multiply_adds, weights, all or None]
        if any(given is not None for given in filters):
            raise typer.BadParameter("--suggest takes --budget alone, no name and no filter")
        _suggest(suggest, budget, json=json, quiet=quiet)
        return
    if budget is not None:
        raise typer.BadParameter("--budget is for --suggest DIR")
    narrator = narrator_for(json=json, quiet=quiet)
    most = max_parameters and parse_count(max_parameters, "--max-parameters")
    work = max_multiply_adds and parse_count(max_multiply_adds, "--max-multiply-adds")
    wanted = Wanted(name, all, most or None, work or None, weights)
    entries = list_architectures(wanted, narrator)
    if json:
        print(json_module.dumps([entry.to_json() for entry in entries], indent=2))
    else:
        show_models(entries, wanted, narrator)


def _suggest(folder: str, budget: str | None, *, json: bool, quiet: bool) -> None:
    from fastcnn.narrator import narrator_for
    from fastcnn.quantities import parse_duration
    from fastcnn.report.suggestion_table import show_advice
    from fastcnn.suggestion import suggest

    narrator = narrator_for(json=json, quiet=quiet)
    found = suggest(folder, parse_duration(budget or USUAL_BUDGET, "--budget"), narrator)
    if json:
        print(json_module.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        show_advice(found, narrator)
