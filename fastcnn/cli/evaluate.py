"""`fastcnn evaluate MODEL PATH`: what a model scores on labelled images."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options

Part = Annotated[
    str | None, typer.Option("--part", help="Score only this part: train, valid or test.")
]
HELP = options.SETTING_HELP
LabelRegex = Annotated[str | None, typer.Option("--label-regex", help=HELP["label_regex"])]
ImageCol = Annotated[str | None, typer.Option("--image-col", help=HELP["image_col"])]
LabelCol = Annotated[str | None, typer.Option("--label-col", help=HELP["label_col"])]
SplitCol = Annotated[str | None, typer.Option("--split-col", help=HELP["split_col"])]


def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A run, RUN/<strategy>, or a .pkl file.")
    ],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Folder of classes, CSV, Parquet, zip or tar.")
    ],
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
    """Score a model on labelled images: accuracy with its interval, and each class."""
    columns = {"image_col": image_col, "label_col": label_col, "split_col": split_col}
    from fastcnn.evaluation import evaluate as score
    from fastcnn.narrator import narrator_for
    from fastcnn.report.evaluation_table import show_evaluation, tell_leak, tell_training_run

    narrator = narrator_for(json=json, quiet=quiet)
    found = score(
        model,
        path,
        part=part,
        trust_file=trust,
        narrator=narrator,
        label_regex=label_regex,
        **columns,
    )
    if json:
        tell_leak(found.training_run, narrator)
        tell_training_run(found.training_run, narrator)
        print(json_module.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        show_evaluation(found, narrator)
