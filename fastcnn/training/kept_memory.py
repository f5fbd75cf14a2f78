"""Memory kept from step to step, where glibc would give it back to the system after each.

A step on a processor takes and frees hundreds of tensors of many megabytes. glibc maps each such
block anew, and Linux fills every page with zeros at the first touch: on two cores that is a third
of an EfficientNet-Lite0's training step, and a tenth of a ResNet-18's. See mallopt(3).
"""

import ctypes
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""What mallopt knows the settings by."""
KEPT = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: -1}
"""The main thread's blocks come from one heap, of which nothing goes back to the system."""
AT_REST = {M_MMAP_MAX: 65_536, M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 64 << 20}
"""Where glibc's own thresholds, which follow what is freed, come to rest after large blocks."""

_lock = threading.Lock()
_users = 0


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep what is freed in the block for what is taken next; all of it goes back at the end.

    Blocks may lie in each other. Without glibc (musl, macOS, Windows) nothing is changed. What the
    process had set for its allocator, by MALLOC_* variables for example, is not found again.
    """
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    """Set the allocator when the first user comes, and back when the last one goes."""
    global _users
    with _lock:
        was_used, _users = _users > 0, _users + change
        if was_used != (_users > 0):
            _set_allocator(keeps=_users > 0)


def keep_no_more() -> None:
    """Give back what is not in use, and keep nothing from now on: memory has run out."""
    if _users:
        _set_allocator(keeps=False)


def _set_allocator(*, keeps: bool) -> None:
    libc = _glibc()
    if libc is None:
        return
    for setting, value in (KEPT if keeps else AT_REST).items():
        libc.mallopt(setting, value)
    if not keeps:
        libc.malloc_trim(0)


@cache
def _glibc() -> Any:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
