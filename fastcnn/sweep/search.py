"""A whole sweep, as `fastcnn sweep` holds it: ask, check, run, report."""

import contextlib
import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from optuna.trial import TrialState

from fastcnn.assembly import shared_by
from fastcnn.errors import TrainingError, UsageError
from fastcnn.files import friendly_disk_errors
from fastcnn.narrator import Advance, HushedNarrator, Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.plan import Plan
from fastcnn.record import new_folder
from fastcnn.report.sweep_files import write_report
from fastcnn.run_folder import RUN_FILE
from fastcnn.sweep.claims import REASON
from fastcnn.sweep.draw import first_draws
from fastcnn.sweep.networks import require_networks
from fastcnn.sweep.order import ORDER_FILE, Effort, Order, read_order, resume_command
from fastcnn.sweep.result import Result
from fastcnn.sweep.study import OpenSweep, best_trial, open_sweep
from fastcnn.sweep.worker import plan_sweep, run_trials
from fastcnn.sweep.workers import run_workers

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def begin_or_go_on(
    order: Order | None, out: str | None, effort: Effort, narrator: Narrator
) -> Result:
    """Run a sweep in a new folder, or in `out`, where it goes on if it was begun there.

    Without an order it goes on with the sweep in `out`, whatever that is.

    Raises:
        FastcnnError: something given is wrong or cannot be had; its class says what.
    """
    folder = user_path(out).absolute() if out is not None else None
    if order is None or (folder is not None and (folder / ORDER_FILE).exists()):
        return _go_on(order, folder or Path(), effort, narrator)
    if folder is not None and (folder / RUN_FILE).exists():
        raise UsageError(f"--out {out} holds a run, expected a new folder", hint=f"--out {out}-2")
    plan = plan_sweep(order, narrator)
    require_networks(order, plan, narrator)
    order = replace(order, split_sha256=plan.images.split_sha256())
    if folder is None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        folder = new_folder(Path("sweeps").absolute(), f"{stamp}-{plan.recipe.name}")
    with friendly_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    order.write(folder)
    return _run(order, plan, folder, effort, narrator)


def _go_on(order: Order | None, folder: Path, effort: Effort, narrator: Narrator) -> Result:
    """Go on with the sweep in a folder; trials whose process is gone are run again.

    Raises:
        FastcnnError: it is another one than was asked for, or its images are not there any more.
    """
    earlier = read_order(folder)
    shown = shown_path(folder)
    if order and not replace(order, split_sha256=earlier.split_sha256).same_search(earlier):
        raise UsageError(
            f"--out {shown} holds another sweep, expected a new folder or the same command",
            hint=f"{shlex.join(resume_command(folder))} goes on with that one; give this one "
            f"--out {shlex.quote(f'{shown}-2')}",
        )
    plan = plan_sweep(earlier, narrator)
    wanted = max(earlier.n_trials, effort.n_trials or 0)
    if wanted != earlier.n_trials:
        earlier = replace(earlier, n_trials=wanted)
        earlier.write(folder)
    return _run(earlier, plan, folder, effort, narrator)


def _run(order: Order, plan: Plan, folder: Path, effort: Effort, narrator: Narrator) -> Result:
    deadline = effort.deadline()
    sweep = open_sweep(order, plan, folder)
    draws = first_draws(order.parsed_space(), plan.settings, order.n_trials)
    sweep.claims.top_up(order.n_trials, draws)
    lost = sweep.claims.put_back_lost()
    if lost:
        narrator.say(f"{lost} trials had lost their process and are run again")
    done = _n_done(sweep)
    so_far = f", {done} of them done" if done else ""
    narrator.say(f"sweep: {shown_path(folder)}, {order.n_trials} trials{so_far}")
    try:
        _run_trials(sweep, folder, effort.n_workers, deadline, narrator)
    except KeyboardInterrupt:
        sweep.claims.put_back_lost()
        with contextlib.suppress(Exception):
            write_report(_result(sweep, folder))
        narrator.always_say("the trials that are done are kept; this goes on with the others:")
        narrator.console.print(shlex.join(resume_command(folder)), soft_wrap=True, markup=False)
        raise
    result = _result(sweep, folder)
    write_report(result)
    if not result.n_left:
        sweep.claims.tidy()
    _require_one(result)
    return result


def _run_trials(
    sweep: OpenSweep, folder: Path, n_workers: int, deadline: float, narrator: Narrator
) -> None:
    with narrator.bar("trials", sweep.order.n_trials) as advance, shared_by(sweep.plan, narrator):
        progress = _Progress(sweep, narrator, advance)
        progress()
        if n_workers > 1:
            run_workers(folder, n_workers, deadline, progress, narrator.warn)
            return
        inner = HushedNarrator.within(narrator)
        run_trials(sweep, folder, inner, deadline=deadline, n_processes=1, on_trial=progress.go_on)


def _n_done(sweep: OpenSweep) -> int:
    """Return how many of the trials asked for are over; one that is run again counts once."""
    trials = sweep.claims.trials()
    again = len(trials) - sweep.order.n_trials
    return sum(trial.state in FINISHED for trial in trials) - again


class _Progress:
    """Moves the bar of trials, and says where one is better than all before it."""

    def __init__(self, sweep: OpenSweep, narrator: Narrator, advance: Advance) -> None:
        self.sweep, self.narrator, self.advance = sweep, narrator, advance
        self.best = best_trial(sweep.claims.trials())

    def __call__(self) -> None:
        trials = self.sweep.claims.trials()
        best = best_trial(trials)
        if best is not None and (self.best is None or best.number != self.best.number):
            self.narrator.say(f"trial {best.number}: accuracy {best.value:.3f}, the best so far")
            self.best = best
        note = "" if best is None else f"best {best.value:.3f}"
        self.advance(_n_done(self.sweep), note)

    def go_on(self) -> bool:
        self()
        return True


def _result(sweep: OpenSweep, folder: Path) -> Result:
    return Result(
        folder=folder,
        order=sweep.order,
        study=sweep.study,
        trials=sweep.claims.trials(),
        settings=sweep.plan.settings,
        data=sweep.plan.source.title,
        n_valid=len(sweep.plan.images.valid),
    )


def _require_one(result: Result) -> None:
    """Raise where every trial has failed.

    Raises:
        TrainingError: they have; with the reason of the last.
    """
    counts = result.counts
    if counts["failed"] and not counts["complete"] and not counts["pruned"]:
        reasons = [trial.user_attrs.get(REASON) for trial in result.trials]
        raise TrainingError(
            f"all {counts['failed']} trials failed; the last: {[*filter(None, reasons)][-1]}",
            hint="trials.csv lists the reasons; search other values",
        )
