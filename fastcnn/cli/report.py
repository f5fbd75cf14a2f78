"""`fastcnn report RUN`: one HTML page about a run."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options
from fastcnn.cli.pages import open_page

Open = Annotated[bool, typer.Option("--open", help="Show it in the browser.")]
Out = Annotated[str | None, typer.Option(help="FILE.html; default: report.html in the run.")]
NoSaliency = Annotated[
    bool, typer.Option("--no-saliency", help="Do not ask the model where it looked: quicker.")
]


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run.")],
    open_it: Open = False,
    out: Out = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    no_saliency: NoSaliency = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write what a run found as one page: verdict, errors with pictures, what to try next."""
    from fastcnn.narrator import narrator_for
    from fastcnn.places import shown_path
    from fastcnn.reporting import report as write

    narrator = narrator_for(json=json, quiet=quiet)
    path = write(run, out=out, force=force, saliency=not no_saliency, narrator=narrator)
    size = path.stat().st_size
    if json:
        print(json_module.dumps({"path": str(path), "bytes": size}, indent=2, ensure_ascii=False))
    else:
        narrator.always_say(f"report: {shown_path(path)} ({size / 1e6:.1f} MB)")
    if open_it:
        open_page(path, narrator)
