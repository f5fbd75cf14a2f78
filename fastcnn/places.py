"""The folders of this user's machine that fastcnn writes to, apart from the runs themselves."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path


def user_path(given: str | Path) -> Path:
    """Return a path as the user meant it: `~` is home, `~$cat.jpg` is a file."""
    return Path(os.path.expanduser(given))


def shown_path(path: Path) -> str:
    """Return a path as short as it can be typed here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def cache_folder() -> Path:
    """Return `$FASTCNN_CACHE`, else the user's cache folder; it may be emptied at any time."""
    given = os.environ.get("FASTCNN_CACHE")
    return user_path(given).absolute() if given else user_cache_path("fastcnn")


def trusted_folder() -> Path:
    """Return the list of trusted model files: user data, so that clearing the cache keeps it."""
    return user_data_path("fastcnn") / "trusted"


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below `folder`, 0 where it does not exist."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
