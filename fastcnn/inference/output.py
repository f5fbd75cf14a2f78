"""Predictions as a user takes them: which files go in, and the table or file that comes out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.errors import DataError, UsageError
from fastcnn.files import write_bytes, write_text
from fastcnn.places import user_path

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".csv", ".jsonl", ".parquet")


def image_files(paths: Sequence[str]) -> list[Path]:
    """Return the images that `paths` name: files as they are, folders with all images below them.

    Raises:
        DataError: a path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for given in paths:
        path = user_path(given)
        found = [path] if path.is_file() else sorted(filter(_is_image, path.rglob("*")))
        if not found:
            state = "holds no images" if path.is_dir() else "does not exist"
            raise DataError(
                f"{given} {state}, expected an image or a folder of images",
                hint="look at the path with ls",
            )
        files += found
    return files


def require_writable_format(out: str) -> Path:
    """Return the path of `--out` where its ending names a format that can be written.

    Raises:
        UsageError: it does not.
    """
    path = user_path(out)
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"--out is {out!r}, expected a name that ends in {', '.join(FORMATS)}",
            hint=f"for example --out {path.stem or 'predictions'}.csv",
        )
    return path


def prediction_records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows as JSON takes them: a missing probability is null."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def write_predictions(table: "pd.DataFrame", path: Path) -> None:
    """Write the table in the format that the name of `path` ends in; `top` becomes JSON."""
    ending = path.suffix.lower()
    if ending == ".jsonl":
        rows = [json.dumps(row, ensure_ascii=False) for row in prediction_records(table)]
        write_text(path, "".join(f"{row}\n" for row in rows))
        return
    flat = table.assign(top=[json.dumps(pairs, ensure_ascii=False) for pairs in table["top"]])
    content = flat.to_csv(index=False).encode() if ending == ".csv" else flat.to_parquet(None)
    write_bytes(path, content)


def prediction_display(table: "pd.DataFrame") -> Table:
    """Return the predictions as a table for the terminal."""
    display = Table(box=box.SIMPLE_HEAD)
    display.add_column("path", overflow="fold")
    display.add_column("class")
    display.add_column("probability", justify="right")
    for row in table.itertuples():
        failed = isinstance(row.error, str)
        display.add_row(
            Text(str(row.path)),
            Text("cannot be read", style="red") if failed else Text(str(row.predicted)),
            "" if failed else f"{row.probability:.3f}",
        )
    return display


def _is_image(path: Path) -> bool:
    kind = Image.registered_extensions().get(path.suffix.lower())
    return path.is_file() and kind in Image.OPEN  # a PDF, say, Pillow only writes
