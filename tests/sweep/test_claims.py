"""Every trial is run once, and none is lost with its process: the journal and its locks."""

import multiprocessing
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from fastcnn.sweep.claims import AGAIN_OF, MOST_TIMES, PROCESS_LOST, REASON, Claims
from fastcnn.sweep.storage import JOURNAL_FILE, drop_half_line, open_storage


def claims_in(folder: Path, url: str | None = None) -> Claims:
    storage = open_storage(folder, url)
    study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True)
    return Claims(study, storage, folder)


def work(folder: Path) -> None:
    """Run trials until there are none left, and write down which."""
    claims = claims_in(folder)
    while True:
        with claims.taken() as number:
            if number is not None:
                trial = claims.open(number)
                with (folder / "runs.txt").open("a") as file:
                    file.write(f"{number}\n")
                trial.report(trial.suggest_float("x", 0, 1), 1)
                time.sleep(0.01)
                claims.study.tell(trial, 1.0)
                continue
        if not claims.n_running():
            return
        time.sleep(0.02)


def start(folder: Path) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=work, args=(folder,))
    process.start()
    return process


def n_ran(folder: Path) -> int:
    file = folder / "runs.txt"
    return len(file.read_text().split()) if file.exists() else 0


def assert_all_ran_once(claims: Claims, folder: Path, n_trials: int) -> None:
    """As many are complete as were wanted; no number ran twice, and none waits or runs."""
    trials = claims.trials()
    states = [trial.state for trial in trials]
    assert states.count(TrialState.COMPLETE) == n_trials
    assert set(states) <= {TrialState.COMPLETE, TrialState.FAIL}
    assert [trial.number for trial in trials] == list(range(len(trials)))
    ran = (folder / "runs.txt").read_text().split()
    assert len(set(ran)) == len(ran)
    replaced = [trial.user_attrs.get(AGAIN_OF) for trial in trials if AGAIN_OF in trial.user_attrs]
    assert sorted(replaced) == [t.number for t in trials if t.state == TrialState.FAIL]


def test_a_trial_that_ends_every_process_is_given_up(tmp_path: Path) -> None:
    """With a reason that the user can read, and without ending the sweep for ever."""
    claims = claims_in(tmp_path)
    claims.top_up(1, [{"x": 0.5}])
    for _ in range(MOST_TIMES):
        (waiting,) = claims.trials(TrialState.WAITING)
        claims.storage.set_trial_state_values(waiting._trial_id, state=TrialState.RUNNING)
        assert claims.put_back_lost() == 1
    trials = claims.trials()
    assert len(trials) == MOST_TIMES
    assert {trial.state for trial in trials} == {TrialState.FAIL}
    assert trials[-1].user_attrs[REASON] == PROCESS_LOST
    claims.top_up(1, [{"x": 0.5}])
    assert not claims.trials(TrialState.WAITING)


def test_killed_processes_lose_nothing(tmp_path: Path) -> None:
    """Two at a time are killed wherever they are, again and again; the last two finish."""
    claims = claims_in(tmp_path)
    claims.top_up(30, [{"x": 0.5}])
    for _ in range(3):
        wanted, pair = n_ran(tmp_path) + 3, [start(tmp_path) for _ in range(2)]
        deadline = time.monotonic() + 30
        while n_ran(tmp_path) < wanted and time.monotonic() < deadline:
            time.sleep(0.002)
        for process in pair:
            process.kill()
            process.join()
    pair = [start(tmp_path) for _ in range(2)]
    for process in pair:
        process.join(60)
        assert process.exitcode == 0
    assert_all_ran_once(claims, tmp_path, 30)
    complete = [one for one in claims.trials() if one.state == TrialState.COMPLETE]
    assert [one.params["x"] for one in complete].count(0.5) == 1  # whether or not it was killed


def test_a_trial_that_lost_its_process_draws_the_same_again(tmp_path: Path) -> None:
    claims = claims_in(tmp_path)
    claims.top_up(1, [])
    with claims.taken() as number:
        assert number == 0
        x = claims.open(0).suggest_float("x", 0, 1)
        assert claims.put_back_lost() == 0  # this very process holds it
    assert claims.put_back_lost() == 1 and claims.put_back_lost() == 0
    with claims.taken() as number:
        assert number == 1
        assert claims.open(1).suggest_float("x", 0, 1) == x
    claims.top_up(1, [])  # the second stands for the first
    assert len(claims.trials()) == 2


def test_half_put_back_is_put_back_once(tmp_path: Path) -> None:
    """A process died between letting a trial wait anew and closing the old one."""
    claims = claims_in(tmp_path)
    claims.top_up(1, [])
    with claims.taken():
        pass
    claims.study.enqueue_trial({}, user_attrs={AGAIN_OF: 0})
    assert claims.put_back_lost() == 1
    assert [trial.state for trial in claims.trials()] == [TrialState.FAIL, TrialState.WAITING]


def test_in_a_database_only_the_own_folder_tells_who_lives(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    here, there = claims_in(tmp_path / "here", url), claims_in(tmp_path / "there", url)
    here.top_up(2, [])
    with here.taken() as mine, there.taken() as theirs:
        assert {mine, theirs} == {0, 1}
        assert here.n_running() == there.n_running() == 1
    assert there.put_back_lost() == 1
    assert here.trials()[mine or 0].state == TrialState.RUNNING


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b""), (b"a\nb\n", b"a\nb\n"), (b"a\nhal", b"a\n"), (b"hal", b"")]
)
def test_half_a_line_is_dropped(tmp_path: Path, before: bytes, after: bytes) -> None:
    file = tmp_path / "journal"
    file.write_bytes(before)
    drop_half_line(str(file))
    assert file.read_bytes() == after


def test_a_journal_that_was_cut_off_is_written_on(tmp_path: Path) -> None:
    claims_in(tmp_path).top_up(2, [])
    journal = tmp_path / JOURNAL_FILE
    journal.write_bytes(journal.read_bytes() + b'{"op_code":4,"wor')
    claims = claims_in(tmp_path)
    claims.top_up(3, [])
    assert len(claims_in(tmp_path).trials()) == 3 == len(claims.trials())
