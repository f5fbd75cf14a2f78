"""Ctrl-C as one clean end: a terminal sends it to the processes that load images too."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_heard = threading.Event()
_held = threading.Event()


@contextmanager
def interrupts_win() -> Iterator[None]:
    """Let an interrupt come out of the block as `KeyboardInterrupt`, whatever broke meanwhile.

    A loading process that the same Ctrl-C killed makes torch raise a RuntimeError, often before
    the interrupt itself is heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets only the main thread set signal handlers
        return
    before = signal.signal(signal.SIGINT, _hear)
    try:
        yield
        _raise_if_heard()
    except Exception as error:
        if _heard.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        _heard.clear()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let an interrupt wait for the end of the block.

    While a process is being forked Python runs hooks that swallow it, with a traceback.
    """
    _held.set()
    try:
        yield
    finally:
        _held.clear()
    _raise_if_heard()


def leave_interrupts_to_the_main_process() -> None:
    """Make a loading process deaf to Ctrl-C; it ends when the main process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _raise_if_heard() -> None:
    if _heard.is_set():
        raise KeyboardInterrupt


def _hear(number: int, frame: FrameType | None) -> None:
    _heard.set()
    if not _held.is_set():
        raise KeyboardInterrupt
