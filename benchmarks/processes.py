"""Whole processes, from the command to its end: wall-clock seconds and peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plain import LITE

LOOK_EVERY = 1.0
"""Seconds between two looks at the memory; a look goes through all pages, and takes 60 ms."""


@dataclass(frozen=True)
class Measured:
    """What a process and those that it started took."""

    seconds: float
    """From its start to its end, imports and export included."""
    peak_bytes: int
    """Most memory of all of them together; what several share counts once (Linux' PSS)."""


def whole_processes(data: Path, work: Path) -> dict[str, Any]:
    """Run plain fastai frozen for five epochs, and `head` with an empty and with a full cache."""
    home = {**os.environ, "FASTCNN_CACHE": str(work / "cache"), "XDG_DATA_HOME": str(work / "data")}
    head = [sys.executable, "-m", "fastcnn", "recipe", "pets", "--data", str(data)]
    head += ["--strategy", "head", "--arch", LITE, "--force", "--out", str(work / "run")]
    plain = [sys.executable, str(Path(__file__).with_name("plain_process.py")), str(data)]
    commands = {
        "fastcnn head, empty cache": head,
        "fastcnn head, full cache": head,
        "plain fastai frozen, 5 epochs": plain,
    }
    return {name: vars(measured(command, home)) for name, command in commands.items()}


def measured(command: Sequence[str], environment: dict[str, str]) -> Measured:
    """Run a command to its end.

    Raises:
        CalledProcessError: it failed.
    """
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_memory, [process.pid, *_descendants(process.pid)])))
            time.sleep(LOOK_EVERY)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Measured(seconds, peak)


def _descendants(pid: int) -> list[int]:
    try:
        listed = [file.read_text("utf-8") for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended
        return []
    children = [int(child) for text in listed for child in text.split()]
    return [found for child in children for found in (child, *_descendants(child))]


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
