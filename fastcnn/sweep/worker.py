"""A process that runs trials of a sweep: `python -m fastcnn.sweep.worker FOLDER …`."""

import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fastcnn.errors import DataError, FastcnnError, UsageError
from fastcnn.interrupts import interrupts_win
from fastcnn.models.networks import is_own
from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.plan import Plan, make_plan
from fastcnn.sweep.order import Order, read_order
from fastcnn.sweep.space import Choices, ends
from fastcnn.sweep.study import OpenSweep, open_sweep, work
from fastcnn.sweep.typed import typed
from fastcnn.training.kept_memory import memory_kept
from fastcnn.trials.kept import Kept, kept_between_trials

PLANNED = ("strategy", "freeze_until", "arch", "head", "weights")
"""Of these, where they are searched, the sweep is planned with the first choice."""
PAUSE = 0.5
"""Seconds between looks at the trials of others."""
FAILED = 1


def run_trials(
    sweep: OpenSweep,
    folder: Path,
    narrator: Narrator,
    *,
    deadline: float,
    n_processes: int,
    on_trial: Callable[[], bool],
) -> None:
    """Run trials until none waits and none of another process runs, which may yet lose it.

    Args:
        sweep: what to take part in.
        folder: its folder.
        narrator: shows the progress of a trial.
        deadline: time (as `time.time()`) after which no trial begins.
        n_processes: processes that share the machine.
        on_trial: called after each; whether to go on.
    """
    with memory_kept(), kept_by(sweep, n_processes) as kept:
        while time.time() < deadline:
            if work(sweep, kept, narrator, deadline):
                if not on_trial():
                    return
            elif sweep.claims.n_running():
                time.sleep(PAUSE)
            else:
                return


def kept_by(sweep: OpenSweep, n_processes: int) -> AbstractContextManager[Kept]:
    """Open what the trials of this process share, for the most views that any of them wants."""
    space = sweep.order.parsed_space()
    searched = ends(space["views"]) if "views" in space else (sweep.plan.settings.views,)
    return kept_between_trials(
        sweep.plan,
        sweep.claims.folder,
        n_processes=n_processes,
        most_views=max(int(value) for value in searched),
    )


def plan_sweep(order: Order, narrator: Narrator) -> Plan:
    """Return the plan that all trials vary; what is fixed may be of use to some of them only.

    Raises:
        FastcnnError: data or weights cannot be had, or the images are other ones than before.
    """
    first = {
        name: typed(name, values.values[0])
        for name, values in order.parsed_space().items()
        if name in PLANNED and isinstance(values, Choices)
    }
    strategies = order.parsed_space().get("strategy")
    if is_own(str(first.get("arch"))) and "scratch" in getattr(strategies, "values", ()):
        first["strategy"] = "scratch"  # it has no weights to begin with
    settings = {**order.earlier(), **order.given, **first}
    plan = make_plan(order.find_recipe(), order.data, settings, {}, narrator)
    if len(plan.settings.strategies) > 1:
        raise UsageError(
            f"the recipe compares {plan.settings.strategy}, expected one strategy in a trial",
            hint=f"give one with --strategy, or --search strategy="
            f"{','.join(plan.settings.strategies)}",
        )
    if order.split_sha256 not in ("", plan.images.split_sha256()):
        raise DataError(
            "the images, or what is held out of them, are not those that the sweep began with",
            hint="bring them back as they were, or begin another sweep",
        )
    return plan


def main() -> int:
    """Run trials of the sweep in a folder, until the process that asked for it is gone."""
    folder, deadline = Path(sys.argv[1]), float(sys.argv[2])
    n_processes, n_threads, parent = map(int, sys.argv[3:6])
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(n_threads)
    narrator = HushedNarrator(quiet=True)
    try:
        order = read_order(folder)
        sweep = open_sweep(order, plan_sweep(order, narrator), folder)
        with interrupts_win():
            run_trials(
                sweep,
                folder,
                narrator,
                deadline=deadline,
                n_processes=n_processes,
                on_trial=lambda: os.getppid() == parent,
            )
    except FastcnnError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 0  # whoever was interrupted says so
    return 0


if __name__ == "__main__":
    sys.exit(main())
