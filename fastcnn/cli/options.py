"""The options, each with one name and one meaning in every command that takes it."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any

import typer

from fastcnn.setting_checks import option
from fastcnn.settings import Settings

Data = Annotated[str | None, typer.Option(help="Folder of images; `images/` below it is found.")]
Config = Annotated[str | None, typer.Option(help="An earlier run, or its run.json: its settings.")]
Out = Annotated[str | None, typer.Option(help="Folder of the run; default: below runs/.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the run that --out holds.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what a run will do and cost.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Warnings and the result only.")]
Debug = Annotated[bool, typer.Option("--debug", help="A traceback where something fails.")]
Trust = Annotated[bool, typer.Option("--trust", help="Open a .pkl that is not yours; remembered.")]

SETTING_HELP = {
    "arch": "resnet18/34/50, vgg16_bn, sprint, any timm name.",
    "weights": "File of body weights (.safetensors, .pth).",
    "head": "linear (one layer) or fastai (its two layers).",
    "strategy": "head, full, partial, gradual, lp-ft, scratch; A-vs-B.",
    "views": "Views of each image for a frozen body, 1 to 8.",
    "epochs": "Epochs of the main phase (gradual: of all phases).",
    "freeze_epochs": "Epochs with a frozen body before it.",
    "freeze_until": "Last block that partial keeps frozen, as layer2.",
    "lr": "A number, auto, or 1e-5:1e-3.",
    "opt": "adam adamw radam lamb ranger rmsprop sgd lion muon.",
    "schedule": "one-cycle or flat-cosine.",
    "loss": "cross-entropy, label-smoothing or focal.",
    "wd": "Weight decay; default: what suits the optimizer.",
    "clip": "Norm that gradients are cut to.",
    "accumulate": "Batches whose gradients make one step.",
    "mixup": "Alpha of mixup (0.4 is usual), 0 for none.",
    "cutmix": "Alpha of cutmix (1 is usual), 0 for none.",
    "ema": "Decay of the weights' average (0.99), 0 for none.",
    "early_stop": "Stop after so many epochs without a lower loss.",
    "save_best": "Keep the epoch with the lowest held-out loss.",
    "progressive": "Side of the pictures in the first half, pixels.",
    "balance": "For rare classes: none, weights or sampling.",
    "augment": "default (the recipe's), none, light or strong.",
    "bs": "Images in a batch.",
    "size": "Side of the picture the network sees, pixels.",
    "seed": "Of the split, the order, the augmentation.",
    "seeds": "Train with so many seeds, each its own split.",
    "folds": "Hold out each of so many parts once, instead.",
    "learning_curve": "Accuracy by number of training images.",
    "valid_pct": "Part held out for validation, 0 to 1.",
    "split": "auto (as the data say), random or stratified.",
    "group_by": "Regex or column: what must stay in one part.",
    "label_regex": "Class from file names, as '(.+)_[0-9]+'.",
    "image_col": "Column of a table with the images' paths.",
    "label_col": "Column of a table with the classes.",
    "split_col": "Column that says train, valid or test.",
    "resize": "default (the recipe's), crop, pad, squish, auto.",
    "device": "auto, cpu, cuda, cuda:N or mps.",
    "precision": "auto (the fastest, measured), fp32, bf16 or fp16.",
    "deterministic": "Only kernels that repeat bit for bit.",
}
"""What `--help` says of each setting, in the order of the fields of `Settings`.

`measured` is what a run found out, not what is given to it.
"""


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes `**settings` an option for each setting; not given means None.

    Typer reads the options from the signature: there they stand between the arguments that may
    be given by position and those that follow a `*`.
    """
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "settings"]
    last = [parameter for parameter in own if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    first = own[: len(own) - len(last)]
    everything = [*first, *setting_parameters(), *last]
    command.__signature__ = signature.replace(parameters=everything)  # type: ignore[attr-defined]
    return command


def setting_parameters() -> list[inspect.Parameter]:
    """Return a keyword-only parameter a setting, with the setting's own type."""
    types: dict[str, Any] = {setting.name: setting.type for setting in fields(Settings)}
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            # The name is given, since Typer would add `--no-save-best` to a flag without one.
            annotation=Annotated[types[name] | None, typer.Option(option(name), help=text)],
        )
        for name, text in SETTING_HELP.items()
    ]
