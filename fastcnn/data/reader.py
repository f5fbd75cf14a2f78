"""Understanding whatever a user has: a folder, a table, an archive of either."""

from dataclasses import replace
from pathlib import Path

from fastcnn.data.archives import content_of, is_archive, unpacked
from fastcnn.data.folders import read_folder
from fastcnn.data.hugging_face import as_image_folders, holds_images, is_saved_dataset
from fastcnn.data.listing import Listing
from fastcnn.data.tables import Columns, is_table, read_table
from fastcnn.errors import DataError, UsageError
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.setting_checks import option
from fastcnn.settings import Settings


def read_listing(given: str | Path, settings: Settings, narrator: Narrator) -> Listing:
    """List the images of a folder, of a table, or of an archive that holds one.

    Raises:
        DataError: there is no such thing, or it cannot be understood; the message says why.
        UsageError: the rule that reads names is wrong.
    """
    path = user_path(given).absolute()
    if path.is_dir() and not is_saved_dataset(path):
        _refuse_columns(path, settings)
        return read_folder(path, settings.label_regex)
    if path.is_dir() or (path.suffix.lower() == ".parquet" and holds_images(path)):
        folder = as_image_folders(path, settings.label_col, narrator)
        found = read_folder(folder)
        return replace(found, understood="a data set of Hugging Face's `datasets`")
    if not path.is_file():
        raise DataError(
            f"{shown_path(path)} does not exist, expected a folder, a table or an archive",
            hint="look at the path with ls",
        )
    if is_table(path):
        return read_table(path, columns_of(settings))
    if is_archive(path):
        return _read_unpacked(path, settings, narrator)
    raise DataError(
        f"{shown_path(path)} is neither a folder, a table (.csv, .tsv, .parquet) nor an archive "
        "(.zip, .tar, .tar.gz)",
        hint="give a folder that holds a folder of images for each class",
    )


def _refuse_columns(folder: Path, settings: Settings) -> None:
    idle = [n for n in ("image_col", "label_col", "split_col") if getattr(settings, n) is not None]
    if idle:
        raise UsageError(
            f"{', '.join(map(option, idle))} would do nothing: {shown_path(folder)} is a folder, "
            "and has no columns",
            hint="leave it away, or give the path of the table",
        )


def columns_of(settings: Settings) -> Columns:
    """Return the columns that the settings name."""
    return Columns(settings.image_col, settings.label_col, settings.split_col, settings.group_by)


def _read_unpacked(path: Path, settings: Settings, narrator: Narrator) -> Listing:
    """Read what an archive holds: folders of classes, or else its one table."""
    folder = content_of(unpacked(path, narrator))
    tables = [entry for entry in folder.iterdir() if is_table(entry)]
    named = any((settings.image_col, settings.label_col, settings.split_col))
    try:
        if named and len(tables) == 1:
            return read_table(tables[0], columns_of(settings))
        return read_folder(folder, settings.label_regex)
    except DataError:
        if len(tables) != 1 or named:
            raise
        return read_table(tables[0], columns_of(settings))
