"""`fastcnn doctor PATH`: what is the matter with a data set, before anything is trained on it."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options

FOUND_SOMETHING = 1

FolderOfImages = Annotated[
    str | None, typer.Argument(metavar="PATH", help="Folder of images, in classes or parts.")
]
Csv = Annotated[str | None, typer.Option("--csv", help="Write all findings to FILE.csv.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Draw the worst to FILE.png.")]
Aside = Annotated[
    str | None, typer.Option("--quarantine", help="Move faulty files to DIR, with a list to undo.")
]
Back = Annotated[
    str | None, typer.Option("--restore", help="Move back what a quarantine DIR holds.")
]


def doctor(
    path: FolderOfImages = None,
    csv: Csv = None,
    sheet: Sheet = None,
    quarantine: Aside = None,
    restore: Back = None,
    force: Annotated[bool, typer.Option("--force", help="Replace such files.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Check a folder of images: damage, copies, leaks, labels, classes. Exit 1: found something."""
    from fastcnn.consultation import consult, take_back
    from fastcnn.narrator import narrator_for
    from fastcnn.report.doctor_table import show_examination

    narrator = narrator_for(json=json, quiet=quiet)
    if restore is not None:
        n_files = take_back(path, restore, narrator)
        if json:
            print(json_module.dumps({"restored": n_files}))
        return 0
    found = consult(path, narrator, csv=csv, sheet=sheet, quarantine=quarantine, force=force)
    if json:
        print(json_module.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        show_examination(found, narrator)
    return 0 if found.is_clean else FOUND_SOMETHING
