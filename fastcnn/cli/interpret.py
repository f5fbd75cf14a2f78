"""`fastcnn interpret MODEL PATH`: what a model gets wrong on new images, or is unsure of."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options
from fastcnn.cli.pages import open_page

HELP = options.SETTING_HELP
Out = Annotated[str | None, typer.Option(help="Folder to write; default: in interpretations/.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the analysis that --out holds.")]
NoSaliency = Annotated[
    bool, typer.Option("--no-saliency", help="Do not ask the model where it looked: quicker.")
]
Open = Annotated[bool, typer.Option("--open", help="Show the page in the browser.")]
Part = Annotated[
    str | None, typer.Option("--part", help="Take only this part: train, valid or test.")
]
LabelRegex = Annotated[str | None, typer.Option("--label-regex", help=HELP["label_regex"])]
ImageCol = Annotated[str | None, typer.Option("--image-col", help=HELP["image_col"])]
LabelCol = Annotated[str | None, typer.Option("--label-col", help=HELP["label_col"])]
SplitCol = Annotated[str | None, typer.Option("--split-col", help=HELP["split_col"])]


def interpret(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A run, RUN/<strategy>, or a .pkl file.")
    ],
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="Folder of images, sorted into classes or not; CSV …"),
    ],
    out: Out = None,
    force: Force = False,
    no_saliency: NoSaliency = False,
    open_it: Open = False,
    part: Part = None,
    label_regex: LabelRegex = None,
    image_col: ImageCol = None,
    label_col: LabelCol = None,
    split_col: SplitCol = None,
    trust: options.Trust = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Error analysis of a model on new images, with labels or without: tables and a page."""
    columns = {"image_col": image_col, "label_col": label_col, "split_col": split_col}
    from fastcnn.error_analysis import interpret as analyse
    from fastcnn.narrator import narrator_for
    from fastcnn.report.error_tables import show_analysis
    from fastcnn.report.evaluation_table import tell_leak, tell_training_run

    narrator = narrator_for(json=json, quiet=quiet)
    found = analyse(
        model,
        path,
        out=out,
        force=force,
        part=part,
        saliency=not no_saliency,
        trust_file=trust,
        narrator=narrator,
        label_regex=label_regex,
        **columns,
    )
    if json:
        tell_leak(found.answers.against_run, narrator)
        tell_training_run(found.answers.against_run, narrator)
        print(json_module.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        show_analysis(found, narrator)
    if open_it and found.report:
        open_page(found.report, narrator)
