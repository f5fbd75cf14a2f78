"""Runs a function in several processes, if they can be forked, with results in order."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import TypeVar

from fastcnn.interrupts import interrupts_held, leave_interrupts_to_the_main_process

MOST_PROCESSES = 4
"""As many processes are taken at the most if nobody says how many."""

CHUNK = 4
"""Items handed to a worker at once: few, for an interrupt waits until chunks begun are done."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], processes: int | None = None
) -> Generator[Result, None, None]:
    """Yield the function's result for each item, in order; close the iterator to end the workers.

    Where nothing can be forked, or the workers break, this process does the work: so the
    function must not mind where it runs, nor that it may run twice for an item.

    Args:
        function: picklable, as are its results.
        items: what to call it with.
        processes: 1 or more; None for one a core, but no more than 4.
    """
    count = min(processes or min(os.cpu_count() or 1, MOST_PROCESSES), len(items))
    done = 0
    if count > 1 and _can_fork():
        try:
            with closing(_map_forked(function, items, count)) as results:
                for result in results:
                    yield result
                    done += 1
        except (BrokenProcessPool, OSError):  # killed for lack of memory, no semaphores, ...
            pass
    yield from map(function, items[done:])


def _can_fork() -> bool:
    """Whether workers can be forked. Started anew they would run a user's script once more.

    macOS offers to fork, but its own libraries may crash or hang in the forked process.
    """
    offered = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    return offered and not multiprocessing.current_process().daemon  # such may have no children


def _map_forked(
    function: Callable[[Item], Result], items: Sequence[Item], count: int
) -> Generator[Result, None, None]:
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_settle)
    try:
        with interrupts_held():
            results = pool.map(function, items, chunksize=CHUNK)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


def _settle() -> None:
    """Make a worker deaf to Ctrl-C, and let it end should the main process be killed."""
    leave_interrupts_to_the_main_process()
    threading.Thread(target=_end_with_main_process, daemon=True).start()


def _end_with_main_process() -> None:
    main = multiprocessing.parent_process()
    if main is not None:
        main.join()
        os._exit(1)
