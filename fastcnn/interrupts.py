"""Ctrl-C as one clean end: a terminal sends it to the processes that load images too."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_win() -> Iterator[None]:
    """Let an interrupt come out of the block as `KeyboardInterrupt`, whatever broke meanwhile.

    A loading process that the same Ctrl-C killed makes torch raise a RuntimeError, often before
    the interrupt itself is heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets only the main thread set signal handlers
        return
    heard = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        heard.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield
        if heard.is_set():  # and swallowed by whatever ran just then
            raise KeyboardInterrupt
    except Exception as error:
        if heard.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let an interrupt wait for the end of the block.

    While a process is being forked Python runs hooks that swallow it, with a traceback. The new
    process inherits this, so that it hears no interrupt before it is deaf to them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts go to the main thread
        return
    heard = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard.is_set():
        signal.raise_signal(signal.SIGINT)


def leave_interrupts_to_the_main_process() -> None:
    """Make a loading process deaf to Ctrl-C; it ends when the main process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
