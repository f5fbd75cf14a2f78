"""Fetching a data set with fastai's own downloader: one copy for all fastai projects of a user."""

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import fastai.data
from fastai.data.external import fastai_cfg, untar_data
from fastai.data.transforms import get_image_files
from fastdownload import FastDownload

from fastcnn.errors import DataError
from fastcnn.narrator import Narrator, is_interactive

STALLED = 30.0
"""Seconds without a byte after which a download is given up."""


def downloaded_folder(url: str, n_images: int) -> Path | None:
    """Return the folder that `url` was unpacked to earlier, or None.

    One with fewer than `n_images` was left by an unpacking that was broken off: it is moved
    aside, so that the archive is unpacked again and nothing is lost.
    """
    downloader = _downloader()
    folder = Path(downloader.data_path("data", downloader.arch_path() / Path(url).name))
    if not folder.is_dir():
        return None
    if len(get_image_files(folder)) < n_images:
        aside = tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}-incomplete-")
        folder.rename(Path(aside) / folder.name)
        return None
    return _images(folder)


def download(url: str, narrator: Narrator) -> Path | None:
    """Download and unpack `url`, or return None where the network refuses.

    fastai compares size and hash with those it knows.

    Raises:
        DataError: what came is damaged, or not the archive that fastai knows.
    """
    narrator.say(f"downloading {url}")
    try:
        with _bar_on_stderr(), _giving_up():
            return _images(Path(untar_data(url)))
    except OSError as error:  # refused, not there, broken off, stalled
        narrator.warn(f"{url} could not be downloaded: {error}")
        return None
    except Exception as error:  # fastdownload raises bare Exceptions
        raise DataError(
            f"{url} could not be used: {error}",
            hint="try again; if it stays so, fetch the images yourself and give --data FOLDER",
        ) from error


def _downloader() -> Any:
    return FastDownload(fastai_cfg(), module=fastai.data, base="~/.fastai")


def _images(folder: Path) -> Path:
    return folder / "images" if (folder / "images").is_dir() else folder


@contextlib.contextmanager
def _giving_up() -> Iterator[None]:
    """fastai's downloader knows no time limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _bar_on_stderr() -> Iterator[None]:
    """fastprogress prints to stdout, which belongs to results; a log wants no bar at all."""
    with contextlib.ExitStack() as stack:
        where = sys.stderr if is_interactive() else stack.enter_context(_nowhere())
        stack.enter_context(contextlib.redirect_stdout(where))
        yield


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")
