"""Understanding a CSV or Parquet with a row an image: where it lies, what it shows, its part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.data.listing import Listing
from fastcnn.data.parts import part_of
from fastcnn.errors import DataError, Problem, did_you_mean
from fastcnn.places import shown_path

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".parquet")
IMAGE_NAMES = (
    "image",
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "img",
    "image_id",
    "id",
)
LABEL_NAMES = ("label", "class", "target", "category", "breed", "species", "y")
PART_NAMES = ("split", "part", "subset", "fold_name", "set")
"""What columns are called where nobody says, compared without case."""


@dataclass(frozen=True)
class Columns:
    """The columns that the user names; None is looked for by the usual names."""

    image: str | None = None
    label: str | None = None
    part: str | None = None
    group: str | None = None


def is_table(path: Path) -> bool:
    """Return whether a path is, by its name, a table."""
    return path.suffix.lower() in SUFFIXES


def read_table(path: Path, columns: Columns) -> Listing:
    """List the images of a table; their paths are absolute or relative to its folder.

    Raises:
        DataError: a column is missing or empty somewhere, or a path is twice in it.
    """
    table = _read(path)
    if table.empty:
        raise DataError(f"{shown_path(path)} has no rows", hint="give a table with a row an image")
    image = _column(table, columns.image, IMAGE_NAMES, "--image-col", path)
    label = _column(table, columns.label, LABEL_NAMES, "--label-col", path)
    part = _optional(table, columns.part, PART_NAMES, "--split-col", path)
    unused = None
    if columns.part is None and part and not all(part_of(str(one)) for one in table[part].unique()):
        unused, part = part, None  # it was a guess
    files = [_file(path.parent, str(name)) for name in table[image]]
    _require_whole(table, [image, label], files, path)
    labels = dict(sorted(zip(files, map(str, table[label]), strict=True)))
    said = f"the columns {image!r} and {label!r}" + (f", parts from {part!r}" if part else "")
    said += f", {unused!r} not used, since it says no train, valid or test" if unused else ""
    return Listing(
        folder=path.parent.absolute(),
        understood=said,
        labels=labels,
        parts=_parts(files, table[part]) if part else {},
        groups=_groups(table, files, columns.group, path),
    )


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(
            path,
            sep=None,
            engine="python",
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
        )
    except Exception as error:  # the parsers raise what they like
        raise DataError(
            f"{shown_path(path)} cannot be read as a table: {error}",
            hint="give a CSV with a header, or a Parquet file",
        ) from error


def _column(
    table: "pd.DataFrame", given: str | None, usual: Sequence[str], option: str, path: Path
) -> str:
    found = _optional(table, given, usual, option, path)
    if found is None:
        raise DataError(
            f"{shown_path(path)} has the columns {', '.join(map(str, table.columns))}, of which "
            f"none is called {' or '.join(usual[:3])}",
            hint=f"name it with {option} COLUMN",
        )
    return found


def _optional(
    table: "pd.DataFrame", given: str | None, usual: Sequence[str], option: str, path: Path
) -> str | None:
    names = [str(name) for name in table.columns]
    if given is not None:
        if given not in names:
            raise DataError(
                f"{option} is {given!r}{did_you_mean(given, names)}, and {shown_path(path)} has "
                f"the columns {', '.join(names)}",
                hint=f"give one of them with {option}",
            )
        return given
    by_name = {name.lower(): name for name in reversed(names)}
    return next((by_name[name] for name in usual if name in by_name), None)


def _file(folder: Path, name: str) -> Path:
    return (folder / name).absolute()


def _require_whole(
    table: "pd.DataFrame", columns: Sequence[str], files: Sequence[Path], path: Path
) -> None:
    problems = [
        Problem(
            f"{shown_path(path)} has {int(empty.sum())} rows without a value in {column!r}, the "
            f"first in row {int(empty.to_numpy().argmax()) + 2}",
            "fill them in or take these rows out",
        )
        for column in columns
        if (empty := table[column].isna() | (table[column].astype(str).str.strip() == "")).any()
    ]
    seen: set[Path] = set()
    twice = [file for file in files if file in seen or seen.add(file)]  # type: ignore[func-returns-value]
    if twice:
        problems.append(
            Problem(f"{twice[0].name} stands in two rows ({len(twice)} such)", "keep one of them")
        )
    if problems:
        raise DataError.of(problems)


def _parts(files: Sequence[Path], column: "pd.Series[str]") -> Mapping[Path, str]:
    known = {str(value): part_of(str(value)) for value in column.unique()}
    unknown = [value for value, part in known.items() if part is None]
    if unknown:
        raise DataError(
            f"the column {column.name!r} says {unknown[0]!r}, expected train, valid or test",
            hint="name another column with --split-col, or change its words",
        )
    return {file: str(known[str(value)]) for file, value in zip(files, column, strict=True)}


def _groups(
    table: "pd.DataFrame", files: Sequence[Path], column: str | None, path: Path
) -> Mapping[Path, str]:
    if column is None or column not in table.columns:
        return {}
    return dict(zip(files, map(str, table[column]), strict=True))
