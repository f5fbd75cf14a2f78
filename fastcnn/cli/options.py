"""The options, each with one name and one meaning in every command that takes it."""

from typing import Annotated

import typer

Data = Annotated[str | None, typer.Option(help="Folder of images; `images/` below it is found.")]
Arch = Annotated[str | None, typer.Option(help="resnet18/34/50, vgg16_bn, or any timm name.")]
WeightsFile = Annotated[
    str | None, typer.Option("--weights", help="File of body weights (.safetensors, .pth).")
]
Strategy = Annotated[str | None, typer.Option(help="head, full, or both compared: full-vs-head.")]
Epochs = Annotated[int | None, typer.Option(help="Epochs of the main phase.")]
FreezeEpochs = Annotated[int | None, typer.Option(help="Epochs with a frozen body before it.")]
Rate = Annotated[str | None, typer.Option("--lr", help="A number, auto, or 1e-5:1e-3.")]
BatchSize = Annotated[int | None, typer.Option("--bs", help="Images in a batch.")]
Size = Annotated[int | None, typer.Option(help="Side of the picture the network sees, pixels.")]
Seed = Annotated[int | None, typer.Option(help="Of the split, the order, the augmentation.")]
ValidPct = Annotated[float | None, typer.Option(help="Part held out for validation, 0 to 1.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Deterministic = Annotated[
    bool | None, typer.Option("--deterministic", help="Only kernels that repeat bit for bit.")
]
Config = Annotated[str | None, typer.Option(help="An earlier run, or its run.json: its settings.")]
Out = Annotated[str | None, typer.Option(help="Folder of the run; default: below runs/.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the run that --out holds.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Warnings and the result only.")]
Debug = Annotated[bool, typer.Option("--debug", help="A traceback where something fails.")]
Trust = Annotated[bool, typer.Option("--trust", help="Open a .pkl that is not yours; remembered.")]
