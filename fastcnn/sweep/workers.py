"""Several processes at one sweep: begun, watched, and ended with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fastcnn.errors import TrainingError

PATIENCE = 15.0
"""Seconds that interrupted processes have to end by themselves."""
LOOK_EVERY = 0.5
"""Seconds between looks at the trials."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def threads_each(n_workers: int) -> int:
    """Return the threads that a process computes in, so that all cores are shared out."""
    return max(1, (os.cpu_count() or 1) // n_workers)


def run_workers(
    folder: Path,
    n_workers: int,
    deadline: float,
    look: Callable[[], None],
    warn: Callable[[str], None],
) -> None:
    """Run trials in processes of their own until all of these have ended.

    Args:
        folder: of the sweep.
        n_workers: how many processes.
        deadline: time (as `time.time()`) after which no trial begins.
        look: called now and then, to show how far they are.
        warn: told of a process that has ended before its time while others go on.

    Raises:
        TrainingError: all of them ended before their time.
    """
    processes = [_start(folder, number, n_workers, deadline) for number in range(n_workers)]
    try:
        _watch(processes, folder, look, warn)
    finally:
        _end(processes)
    look()
    for number, process in enumerate(processes):
        if not process.returncode:  # what it said was of no importance
            _log(folder, number).unlink(missing_ok=True)
    if all(process.returncode for process in processes):
        raise TrainingError(
            f"all {n_workers} processes of the sweep ended before their time: "
            f"{_last_words(_log(folder, 0), processes[0].returncode)}",
            hint=f"look into {_log(folder, 0)}; where memory ran out, give fewer --workers",
        )


def _watch(
    processes: list["subprocess.Popen[bytes]"],
    folder: Path,
    look: Callable[[], None],
    warn: Callable[[str], None],
) -> None:
    """Wait for all; of each that ends before its time, tell while not all have."""
    told: set[int] = set()
    while True:
        look()
        codes = [process.poll() for process in processes]
        failed = {number for number, code in enumerate(codes) if code}
        if len(failed) < len(codes):
            for number in sorted(failed - told):
                warn(_ended_early(folder, number, processes[number].returncode))
            told |= failed
        if None not in codes:
            return
        time.sleep(LOOK_EVERY)


def _start(folder: Path, number: int, n_workers: int, deadline: float) -> "subprocess.Popen[bytes]":
    threads = str(threads_each(n_workers))
    arguments = [str(folder), repr(deadline), str(n_workers), threads, str(os.getpid())]
    with _log(folder, number).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "fastcnn.sweep.worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, threads)},
        )


def _end(processes: list["subprocess.Popen[bytes]"]) -> None:
    """See to it that none outlives the sweep; a terminal's interrupt has reached them already."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        with suppress(OSError, ValueError):  # Windows knows no such signal
            process.send_signal(signal.SIGINT)
    end = time.monotonic() + PATIENCE
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, end - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()


def _log(folder: Path, number: int) -> Path:
    return folder / f"worker-{number + 1}.log"


def _ended_early(folder: Path, number: int, code: int) -> str:
    log = _log(folder, number)
    return (
        f"process {number + 1} of the sweep ended before its time: {_last_words(log, code)}; its "
        f"trial waits for another process ({log.name}; where memory ran out, give fewer --workers)"
    )


def _last_words(log: Path, code: int) -> str:
    lines = log.read_text("utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return said[-1] if said else f"exit code {code}"
