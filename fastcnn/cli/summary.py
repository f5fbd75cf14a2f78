"""`fastcnn summary ARCH`: what a network is made of, block by block."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options

Arch = Annotated[
    str, typer.Argument(metavar="ARCH", help="resnet18, sprint, any timm name: fastcnn models.")
]
Size = Annotated[
    int | None, typer.Option(min=1, help="Side of the picture, pixels; default: as published.")
]
Classes = Annotated[
    int | None, typer.Option(min=1, help="Classes of the last layer; default: as published.")
]
Layers = Annotated[bool, typer.Option("--layers", help="A row a layer, not a block.")]


def summary(
    arch: Arch,
    size: Size = None,
    classes: Classes = None,
    layers: Layers = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Show a network block by block: shapes, kernels, parameters, work, receptive field."""
    from fastcnn.models.architectures import find_architecture, native_size
    from fastcnn.models.summary.describe import summarise, training_bytes
    from fastcnn.narrator import narrator_for
    from fastcnn.report.summary_table import show_summary

    architecture = find_architecture(arch)
    side = size or native_size(architecture)
    found = summarise(architecture, side, classes, each_layer=layers)
    if json:
        print(json_module.dumps(found.to_json(), indent=2))
    else:
        kept = training_bytes(architecture, side, classes)
        show_summary(found, kept, narrator_for(json=json, quiet=quiet))
