"""How much memory may still be taken: of the machine, and of the container that holds us."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

UNIFIED = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
"""Where version 2 of Linux' control groups says limit and use, and what it would give up."""
SEPARATE = (
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
)
"""The same of version 1, which has a tree for memory alone."""


def available_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes that can be taken without swapping or being killed, None where unknown.

    The least of what the machine and every control group above this process have left. `root`
    is where Linux' `proc` and `sys` are found.
    """
    left = [_of_the_machine(root), *_of_groups(root)]
    known = [n_bytes for n_bytes in left if n_bytes is not None]
    return max(0, min(known)) if known else None


def _of_the_machine(root: Path) -> int | None:
    kilobytes = _numbers(root / "proc/meminfo").get("MemAvailable")
    return kilobytes * 1024 if kilobytes is not None else _free_pages()


def _free_pages() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, macOS no such name
        return None


def _of_groups(root: Path) -> Iterator[int | None]:
    """Yield what each control group from ours upwards has left."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, name = line.split(":", maxsplit=2)
        if controllers == "":
            folder, *files = UNIFIED
        elif "memory" in controllers.split(","):
            folder, *files = SEPARATE
        else:
            continue
        inside = PurePosixPath(name.lstrip("/"))
        for group in (inside, *inside.parents):  # a container may show its own group as the top
            yield _left_in(root / folder / group, *files)


def _left_in(group: Path, limit_file: str, use_file: str, given_up: str) -> int | None:
    limit, use = _text(group / limit_file).strip(), _text(group / use_file).strip()
    if not limit.isdecimal() or not use.isdecimal():  # "max", or not there
        return None
    # Files read lately count as used, though they make room when room is wanted.
    return int(limit) - int(use) + _numbers(group / "memory.stat").get(given_up, 0)


def _numbers(file: Path) -> dict[str, int]:
    """Return the first number of each line by the word before it."""
    lines = (line.replace(":", " ").split() for line in _text(file).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
