"""The feature store where others use it too, or its place is bad: nothing of it ends a run."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from feature_files import vector

from fastcnn.data.feature_store import FeatureStore

BEGIN = """
import os, signal, sys, time
from pathlib import Path
import numpy as np
from fastcnn.data.feature_store import FeatureStore
path = Path(sys.argv[1])
"""
PUT_UNTIL_KILLED = """
store = FeatureStore(path)
for batch in range(1_000_000):
    store.put({f"{sys.argv[2]}-{batch}-{entry}": np.full(500, batch) for entry in range(200)})
    print(batch, flush=True)
"""
PUT_AND_GET = """
me = sys.argv[2]
print("ready", flush=True)
while not path.with_name("go").exists():
    time.sleep(0.001)
with FeatureStore(path) as store:
    for turn in range(25):
        store.put({f"{me}-{turn}": np.full(900, turn), f"shared-{turn % 5}": np.full(900, turn)})
        for key, vector in store.get([f"{who}-{turn}" for who in "0123"]).items():
            assert vector.tolist() == [turn] * 900, key
        assert len(store.get([f"{me}-{before}" for before in range(turn + 1)])) == turn + 1
    assert store.problem is None, store.problem
"""
FULL_DISK = """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = FeatureStore(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
store.put({str(number): np.zeros(2000) for number in range(100)})
print(store.problem is not None, store.get(["a", "1"]))
store.put({"b": np.zeros(3)})
print(store.n_entries, store.size_bytes)
store.clear()
store.put({"c": np.zeros(3)})
print(store.problem, list(store.get(["a", "b", "c"])))
"""
READ_ONLY = """
os.chdir(path.parent)
os.chmod(".", 0o555)
os.chmod(path.name, 0o444)
if os.geteuid() == 0:  # root may write everywhere, so be somebody else
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = FeatureStore(Path(path.name))
store.put({"b": np.zeros(3)})
print(store.get(["a", "b"]), "cannot be used" in store.problem)
"""


def start(code: str, path: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", BEGIN + code, str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_of(code: str, path: Path) -> list[str]:
    """Run another process to its end; return what it printed."""
    out, err = start(code, path).communicate()
    assert err == ""
    return out.splitlines()


def test_a_kill_in_the_middle_leaves_whole_puts(path: Path) -> None:
    """A put that was answered is there; the one that was cut off is not, not even in part."""
    for round_, moment in enumerate([0.0, 0.004, 0.011, 0.023]):
        process = start(PUT_UNTIL_KILLED, path, str(round_))
        for _ in range(3):
            answered = int(process.stdout.readline())  # type: ignore[union-attr]
        time.sleep(moment)
        process.kill()
        process.communicate()
        with FeatureStore(path) as store:
            for batch in range(answered + 1):
                assert len(store.get([f"{round_}-{batch}-{entry}" for entry in range(200)])) == 200
            assert store.n_entries % 200 == 0
            assert store.problem is None


def test_processes_use_it_at_once(path: Path) -> None:
    """They even start at once, with no file there yet."""
    path.parent.mkdir()
    processes = [start(PUT_AND_GET, path, who) for who in "0123"]
    for process in processes:
        process.stdout.readline()  # type: ignore[union-attr]
    path.with_name("go").touch()
    assert [process.communicate()[1] for process in processes] == ["", "", "", ""]
    with FeatureStore(path) as store:
        assert store.n_entries == 4 * 25 + 5


def test_threads_share_one_store(path: Path) -> None:
    with FeatureStore(path) as store:

        def work(me: int) -> None:
            for turn in range(20):
                store.put({f"{me}-{turn}": vector(turn, 50)})
                store.get([f"{other}-{turn}" for other in range(4)])

        threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (store.n_entries, store.problem) == (80, None)


def test_a_writer_that_takes_its_time_is_waited_for(filled: Path) -> None:
    with closing(sqlite3.connect(filled, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.5, other.rollback)
        timer.start()
        began = time.monotonic()
        with FeatureStore(filled) as store:
            store.put({"b": vector(1)})
            assert set(store.get(["a", "b"])) == {"a", "b"}
            assert store.problem is None
        assert time.monotonic() - began > 0.4
        timer.join()


@pytest.mark.parametrize("obstacle", ["folder", "link"])
@pytest.mark.parametrize("when", ["before it is made", "later"])
def test_a_disk_without_shared_memory_will_do(path: Path, when: str, obstacle: str) -> None:
    """Something stands where SQLite would put the memory that its log needs."""
    path.parent.mkdir()
    if when == "later":
        with FeatureStore(path) as store:
            store.put({"a": vector(1)})
    memory = path.with_name(f"{path.name}-shm")
    memory.mkdir() if obstacle == "folder" else memory.symlink_to(memory)
    with FeatureStore(path) as store, FeatureStore(path) as other:
        assert len(other.get(["a"])) == (when == "later")
        store.put({"b": vector(1)})
        other.put({"c": vector(2)})
        assert set(store.get(["b", "c"])) == {"b", "c"}
        assert (store.problem, other.problem) == (None, None)


@pytest.mark.parametrize("where", ["below a file", "a folder", "below nothing that can be made"])
def test_a_place_that_cannot_be_used_makes_an_empty_store(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    places = {"below a file": "file/cache/x", "a folder": "folder"}
    path = tmp_path / places[where] if where in places else Path("/proc/none/x")
    with FeatureStore(path) as store:
        assert store.problem is not None and str(path) in store.problem
        store.put({"a": vector(1)})
        store.clear()
        assert (store.get(["a"]), store.n_entries, store.size_bytes) == ({}, 0, 0)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_may_not_be_written_to(filled: Path) -> None:
    filled.parent.parent.chmod(0o755)
    try:
        assert lines_of(READ_ONLY, filled) == ["{} True"]
    finally:
        filled.parent.chmod(0o755)
    filled.chmod(0o644)
    with FeatureStore(filled) as store:
        assert store.n_entries == 21


def test_a_full_disk_loses_nothing_and_can_be_cleared(path: Path) -> None:
    with FeatureStore(path) as store:
        store.put({"a": vector(1)})
        assert lines_of(FULL_DISK, path)[:2] == ["True {}", "0 0"]
        assert set(store.get(["a", "1", "b"])) <= {"a"}
    path.unlink()
    with FeatureStore(path) as store:
        store.put({"a": vector(1)})
    assert lines_of(FULL_DISK, path)[2] == "None ['c']"


def test_a_closed_store_is_an_empty_one(filled: Path) -> None:
    store = FeatureStore(filled)
    store.close()
    store.put({"b": vector(1)})
    assert (store.get(["a"]), store.n_entries) == ({}, 0)
    store.close()
