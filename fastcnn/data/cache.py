"""What fastcnn keeps in its cache folder, and emptying it of that and of nothing else."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from fastcnn.data.feature_store import STORE_FILE, FeatureStore, usual_limit
from fastcnn.errors import TrainingError
from fastcnn.files import friendly_disk_errors
from fastcnn.places import cache_folder, folder_size

WAY_OUT = "name another folder in FASTCNN_CACHE"
MEASURED_FOLDER = "measured"
SAMPLES_FOLDER = "samples"
UNPACKED_FOLDERS = ("archives", "unpacked")
"""What archives were unpacked to; the downloaded archives themselves stay."""
SAMPLE = re.compile(r".+-drawn-v\d+")
HALF_DRAWN = re.compile(r"\..+-drawn-v\d+\..+")
ABANDONED = 3600.0
"""Seconds after which a half drawn sample is what a killed process left."""


def cache_contents() -> dict[str, int]:
    """Return the number of feature vectors kept, their bytes on disk, and how many they may be."""
    limit = {"features_limit_bytes": usual_limit()[0]}
    if not (cache_folder() / STORE_FILE).is_file():
        return {"features": 0, "features_bytes": 0, **limit}
    with FeatureStore() as store:
        return {"features": store.n_entries, "features_bytes": store.size_bytes, **limit}


def clear_cache() -> int:
    """Drop feature vectors, measured choices, drawn samples, unpacked archives; return bytes freed.

    Whatever else lies in the cache folder stays: it may be a folder of the user's.

    Raises:
        TrainingError: something cannot be removed.
    """
    with friendly_disk_errors(cache_folder(), WAY_OUT):
        return _clear_features() + sum(_remove(folder) for folder in _folders(cache_folder()))


def _clear_features() -> int:
    before = _store_bytes()
    if before:
        with FeatureStore(limit_bytes=0) as store:  # so that it has no word on FASTCNN_CACHE_LIMIT
            store.clear()
            if store.problem:
                raise TrainingError(store.problem, hint=WAY_OUT)
    return max(before - _store_bytes(), 0)


def _store_bytes() -> int:
    """Return the bytes of the store's file and of those that SQLite keeps beside it."""
    endings = ("", "-wal", "-shm", "-journal")
    files = [cache_folder() / f"{STORE_FILE}{ending}" for ending in endings]
    return sum(file.stat().st_size for file in files if file.is_file())


def _folders(cache: Path) -> Iterator[Path]:
    if (cache / MEASURED_FOLDER).is_dir():
        yield cache / MEASURED_FOLDER
    yield from (cache / name for name in UNPACKED_FOLDERS if (cache / name).is_dir())
    for path in (cache / SAMPLES_FOLDER).glob("*"):
        if path.is_dir() and (SAMPLE.fullmatch(path.name) or _is_abandoned(path)):
            yield path


def _is_abandoned(path: Path) -> bool:
    """Whether nobody is still drawing this sample."""
    is_old = time.time() - path.stat().st_mtime > ABANDONED
    return bool(HALF_DRAWN.fullmatch(path.name)) and is_old


def _remove(folder: Path) -> int:
    freed = folder_size(folder)
    if folder.is_symlink():  # what it leads to is the user's
        folder.unlink()
        return 0
    shutil.rmtree(folder)
    return freed
