"""`fastcnn sweep NAME|PATH`: which settings suit the data, by trying many."""

import json as json_module
import shlex
import sys
from typing import Annotated, Any

import typer

from fastcnn.cli import options

Name = Annotated[
    str | None,
    typer.Argument(metavar="NAME|PATH", help="A recipe, FILE.py, or your pictures as for train."),
]
Search = Annotated[
    list[str] | None,
    typer.Option("--search", metavar="NAME=VALUES", help="lr=0.0001..0.1:log or bs=16,32,64."),
]
SpaceFile = Annotated[str | None, typer.Option("--space", help="FILE.toml with such lines.")]
Trials = Annotated[int | None, typer.Option("--trials", help="Trials in all; default: 20.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", help="Seconds after which no trial begins.")
]
Workers = Annotated[int, typer.Option("--workers", help="Processes on this machine.")]
Pruner = Annotated[
    str, typer.Option("--pruner", help="Gives up bad trials: median, halving or none.")
]
Storage = Annotated[
    str | None, typer.Option("--storage", help="Database URL; default: a file in the folder.")
]
Folder = Annotated[
    str | None, typer.Option(help="Folder of the sweep, goes on where begun; default: in sweeps/.")
]
Resume = Annotated[str | None, typer.Option("--resume", help="Go on with the sweep in FOLDER.")]


@options.takes_settings
def sweep(
    name: Name = None,
    data: options.Data = None,
    *,
    search: Search = None,
    space: SpaceFile = None,
    trials: Trials = None,
    timeout: Timeout = None,
    workers: Workers = 1,
    pruner: Pruner = "median",
    storage: Storage = None,
    resume: Resume = None,
    config: options.Config = None,
    out: Folder = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    **settings: Any,
) -> None:
    """Search settings: many short trainings, the better ones leading the next."""
    from fastcnn.sweep.request import Request, find_order

    request = Request(
        name=name,
        data=data,
        search=tuple(search or ()),
        space=space,
        trials=trials,
        timeout=timeout,
        workers=workers,
        pruner=pruner,
        storage=storage,
        resume=resume,
        config=config,
        out=out,
        settings={key: value for key, value in settings.items() if value is not None},
        command=shlex.join(["fastcnn", *sys.argv[1:]]),
    )
    order = find_order(request)

    from fastcnn.narrator import narrator_for
    from fastcnn.report.sweep_table import show_sweep
    from fastcnn.sweep.search import begin_or_go_on

    narrator = narrator_for(json=json, quiet=quiet)
    result = begin_or_go_on(order, request.folder, request.effort, narrator)
    if json:
        print(json_module.dumps(result.to_json(), indent=2, ensure_ascii=False))
    else:
        show_sweep(result, narrator)
