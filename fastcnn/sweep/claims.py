"""Who runs which trial: every one is run once, and none is lost with the process that ran it.

A trial is wanted as soon as it waits in the storage. A process takes it by a lock file, which the
operating system lets go of when the process ends, however it ends. So a trial that is running
while nobody holds its lock has lost its process: it is put back to wait, under a new number and
with what it had drawn, and the old one is closed.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, JournalStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from fastcnn.files import write_text

CLAIMS_FOLDER = "claims"
AGAIN_OF, FOLDER = "again_of", "folder"
"""Attributes of a trial: whose place it takes, and which folder holds the lock of who runs it."""
REASON = "reason"
"""Attribute of a failed trial: why."""
PROCESS_ENDED = "its process ended before it did"
MOST_TIMES = 5
PROCESS_LOST = f"{MOST_TIMES} processes ended with it: it may want more memory than there is"
"""Of a trial that is given up; one that kills its process would end a sweep again and again."""
FILLING = 5.0
"""Seconds in which another machine puts at least one trial into a database, while it does so."""
UNCLEAR = timedelta(minutes=1)
"""Between taking a trial and saying so a process cannot live longer."""


class Claims:
    """The trials that processes with one folder run."""

    def __init__(
        self, study: Study, storage: BaseStorage, folder: Path, *, others_fill: bool = False
    ) -> None:
        """Keep the locks below `folder`, which every machine that shares it sees.

        `others_fill`: another folder has begun the study, and may be putting trials in right now.
        """
        self.study, self.storage, self.folder = study, storage, folder / CLAIMS_FOLDER
        self.study_id = storage.get_study_id_from_name(study.study_name)
        self.others_fill = others_fill
        self.shares_folder = isinstance(storage, JournalStorage)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = self._name()

    def top_up(self, n_trials: int, draws: Sequence[dict[str, Any]]) -> None:
        """Let trials wait until there are `n_trials`, those that take another's place not counted.

        The very first ones draw what is in `draws`. One process at a time does so.
        """
        with FileLock(self.folder / "top-up.lock"):
            if self.others_fill and not self.shares_folder:
                self._let_others_fill(n_trials)
            for number in range(self._n_asked(), n_trials):
                self.study.enqueue_trial(draws[number] if number < len(draws) else {})

    def open(self, number: int) -> Trial:
        """Return a trial that was taken, ready to draw from the sampler of the study."""
        self.study.get_trials(deepcopy=False)  # what the study caches of a database is renewed
        return Trial(self.study, self._id(number))

    @contextmanager
    def taken(self) -> Iterator[int | None]:
        """Take the next trial that waits, and hold it; None where none waits."""
        self.put_back_lost()
        for waiting in self.trials(TrialState.WAITING):
            lock = self._lock(waiting.number)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # another process of this folder has just taken it
            try:
                if self._begin(waiting.number):
                    yield waiting.number
                    return
            finally:
                lock.release()
        yield None

    def put_back_lost(self) -> int:
        """Let the trials wait again whose process is gone; return how many."""
        lost = 0
        for running in self.trials(TrialState.RUNNING):
            lock = self._lock(running.number)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                lost += self._put_back(running.number)
            finally:
                lock.release()
        return lost

    def n_running(self) -> int:
        """Return how many trials are running, as far as this folder can tell that they live."""
        return len([trial for trial in self.trials(TrialState.RUNNING) if self._is_ours(trial)])

    def _begin(self, number: int) -> bool:
        """Return whether the trial is ours now: in a database another machine may be first."""
        trial_id = self._id(number)
        try:
            began = self.storage.set_trial_state_values(trial_id, state=TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False
        if began:
            self.storage.set_trial_user_attr(trial_id, FOLDER, self.name)
        return began

    def _put_back(self, number: int) -> bool:
        """Return whether the trial, whose lock is held now, was still running; put it back.

        First it waits anew, then it is closed: a process that ends in between does so half, and
        the next one sees it.
        """
        (trial,) = [one for one in self.trials() if one.number == number]
        if trial.state != TrialState.RUNNING or not self._is_ours(trial):
            return False
        reason = PROCESS_ENDED if self._n_lost(trial) < MOST_TIMES else PROCESS_LOST
        is_waiting = any(one.user_attrs.get(AGAIN_OF) == number for one in self.trials())
        if reason == PROCESS_ENDED and not is_waiting:
            drawn = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            self.study.enqueue_trial(drawn, user_attrs={AGAIN_OF: number})
        self.storage.set_trial_user_attr(self._id(number), REASON, reason)
        self.study.tell(number, state=TrialState.FAIL)
        return True

    def _n_lost(self, trial: FrozenTrial) -> int:
        """Return how many processes a draw has been lost with, this one counted."""
        by_number = {one.number: one for one in self.trials()}
        earlier, n_lost = trial.user_attrs.get(AGAIN_OF), 1
        while earlier is not None:
            earlier, n_lost = by_number[earlier].user_attrs.get(AGAIN_OF), n_lost + 1
        return n_lost

    def _is_ours(self, trial: FrozenTrial) -> bool:
        """Return whether a running trial was taken through this folder.

        It says so a moment after it began; one that does not has lost its process in between.
        """
        if self.shares_folder:  # as the journal lies in it
            return True
        if (folder := trial.user_attrs.get(FOLDER)) is not None:
            return bool(folder == self.name)
        return trial.datetime_start is not None and datetime.now() - trial.datetime_start > UNCLEAR

    def tidy(self) -> None:
        """Take the locks away: no trial is left that anyone could want."""
        for lock in self.folder.glob("*.lock"):
            with suppress(OSError):
                lock.unlink()

    def _n_asked(self) -> int:
        return len([trial for trial in self.trials() if AGAIN_OF not in trial.user_attrs])

    def _let_others_fill(self, n_trials: int) -> None:
        """Wait as long as there come to be more trials, and there are not enough."""
        before, since = -1, time.monotonic()
        while (now := self._n_asked()) < n_trials and time.monotonic() - since < FILLING:
            if now > before:
                before, since = now, time.monotonic()
            time.sleep(FILLING / 20)

    def _lock(self, number: int) -> FileLock:
        return FileLock(self.folder / f"{number}.lock")

    def _id(self, number: int) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self.study_id, number)

    def _name(self) -> str:
        """Return the folder's own name, which stays when it is moved."""
        with FileLock(self.folder / "name.lock"):
            file = self.folder / "name"
            if not file.exists():
                write_text(file, str(uuid4()))
            return file.read_text("utf-8")

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials as they are now, by their numbers."""
        return self.storage.get_all_trials(self.study_id, deepcopy=False, states=states or None)
