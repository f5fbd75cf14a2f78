"""Fetching a data set with fastai's own downloader: one copy for all fastai projects of a user."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastai.data
from fastai.data.external import fastai_cfg, untar_data
from fastdownload import FastDownload

from fastcnn.errors import DataError
from fastcnn.narrator import Narrator, is_interactive
from fastcnn.network import host_of


def downloaded_folder(url: str) -> Path | None:
    """Return the folder that `url` was unpacked to earlier, or None."""
    downloader = _downloader()
    folder = downloader.data_path("data", downloader.arch_path() / Path(url).name)
    return _images(Path(folder)) if folder.is_dir() else None


def download(url: str, narrator: Narrator) -> Path:
    """Download and unpack `url`; fastai compares size and hash with those it knows.

    Raises:
        DataError: the archive is not there, is damaged, or differs from the known one.
    """
    narrator.say(f"downloading {url}")
    try:
        with _bar_on_stderr():
            return _images(Path(untar_data(url)))
    except Exception as error:  # fastdownload raises bare Exceptions
        raise DataError(
            f"{url} could not be downloaded: {error}",
            hint=f"try again, or fetch it from {host_of(url)} yourself and give --data FOLDER",
        ) from error


def _downloader() -> Any:
    return FastDownload(fastai_cfg(), module=fastai.data, base="~/.fastai")


def _images(folder: Path) -> Path:
    return folder / "images" if (folder / "images").is_dir() else folder


@contextlib.contextmanager
def _bar_on_stderr() -> Iterator[None]:
    """fastprogress prints to stdout, which belongs to results; a log wants no bar at all."""
    with contextlib.ExitStack() as stack:
        where = sys.stderr if is_interactive() else stack.enter_context(_nowhere())
        stack.enter_context(contextlib.redirect_stdout(where))
        yield


def _nowhere() -> Any:
    import os

    return open(os.devnull, "w", encoding="utf-8")
