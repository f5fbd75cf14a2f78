"""The cache of features: nothing wrong ever comes out, and nothing that befalls it ends a run."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fastcnn.data.feature_entries import Vector
from fastcnn.data.feature_keys import feature_key, image_hashes
from fastcnn.data.feature_store import DEFAULT_LIMIT, FeatureStore, parse_size

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


def vector(value: float, length: int = 2500) -> Vector:
    return np.full(length, value, np.float32)


def start(code: str, path: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", BEGIN + code, str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_of(code: str, path: Path) -> list[str]:
    """Run another process to its end; return what it printed."""
    out, err = start(code, path).communicate()
    assert err == ""
    return out.splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "features.sqlite"


@pytest.fixture
def filled(path: Path) -> Path:
    """A store that holds `a` and twenty others, closed."""
    with FeatureStore(path) as store:
        store.put({"a": vector(0.1)} | {f"other-{i}": vector(i) for i in range(20)})
    assert not path.with_name(f"{path.name}-wal").exists(), "all of it should be in the one file"
    return path


VECTORS = st.lists(st.floats(width=32, allow_subnormal=True), max_size=40).map(
    lambda values: np.array(values, np.float32)
)
KEYS = st.text("0123456789abcdef", min_size=1, max_size=8)


@given(st.lists(st.dictionaries(KEYS, VECTORS, max_size=6), max_size=4), st.lists(KEYS, max_size=6))
@hypothesis_settings(max_examples=25, deadline=None)
def test_what_was_put_last_comes_back_bit_for_bit(
    puts: list[dict[str, Vector]], others: list[str]
) -> None:
    expected: dict[str, Vector] = {}
    with tempfile.TemporaryDirectory() as folder:
        with FeatureStore(Path(folder) / "x") as store:
            for features in puts:
                store.put(features)
                expected |= features
        with FeatureStore(Path(folder) / "x") as store:
            found = store.get([*expected, *others])
            assert store.n_entries == len(expected)
    assert set(found) == set(expected)
    for key, values in expected.items():
        assert (found[key].dtype, found[key].shape) == (np.float32, values.shape)
        assert found[key].tobytes() == values.tobytes()
        found[key] += 1  # it is the caller's own


def test_a_matrix_is_refused_with_all_that_came_with_it(path: Path) -> None:
    with FeatureStore(path) as store:
        with pytest.raises(ValueError, match="one dimension"):
            store.put({"good": vector(1), "bad": np.zeros((2, 2))})
        assert store.n_entries == 0


def test_a_key_depends_on_every_part_and_on_where_parts_end() -> None:
    parts = {"image_sha256": "ab", "pixels": "c", "view": "d", "body_sha256": "e", "precision": "f"}
    keys = {feature_key(**parts)} | {feature_key(**(parts | {name: "x"})) for name in parts}
    keys |= {feature_key(**(parts | {"image_sha256": "a", "pixels": "bc"}))}
    keys |= {feature_key(**(parts | {"image_sha256": 'ab","c', "pixels": ""}))}
    assert len(keys) == 8
    assert all(len(key) == 64 for key in keys)
    assert feature_key(**parts) == feature_key(**parts)


def test_hashes_of_files_come_in_their_order(tmp_path: Path) -> None:
    contents = [os.urandom(1 + 9999 * (i % 3)) for i in range(50)]
    paths = [tmp_path / f"{i}.jpg" for i in range(50)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    assert image_hashes(paths) == [hashlib.sha256(content).hexdigest() for content in contents]
    assert image_hashes([]) == []
    with pytest.raises(FileNotFoundError):
        image_hashes([*paths, tmp_path / "missing.jpg"])


def test_a_data_set_is_got_in_no_time(path: Path) -> None:
    """Noting the use writes next to nothing: not the vectors anew, which is what takes time."""
    features = {f"{i:064x}": vector(i, 2560) for i in range(1106)}
    with FeatureStore(path) as store:
        store.put(features)
    with FeatureStore(path) as store:
        seconds = []
        for _ in range(5):
            began = time.process_time()
            assert len(store.get(list(features))) == 1106
            seconds.append(time.process_time() - began)
        assert path.with_name(f"{path.name}-wal").stat().st_size < 2_000_000
    assert min(seconds) < 0.1


def test_any_number_of_keys_can_be_asked_for(path: Path) -> None:
    keys = [f"{i:064x}" for i in range(300_000)]  # more than SQLite takes in one list
    with FeatureStore(path) as store:
        store.put({keys[7]: vector(1), keys[-1]: vector(2)})
        assert set(store.get(keys)) == {keys[7], keys[-1]}
        assert store.problem is None


def test_the_least_recently_used_goes_first(path: Path) -> None:
    features = {name: vector(0, 10_000) for name in "abcd"}  # 40 kB each
    with FeatureStore(path, limit_bytes=175_000) as store:
        store.put({"a": features["a"], "b": features["b"]})
        store.put({"c": features["c"]})
        store.put({"d": features["d"]})
        assert set(store.get("a")) == {"a"}  # older than all but b, until now
        store.put({"e": vector(0, 10_000)})
        assert set(store.get("abcde")) == {"a", "c", "d", "e"}
        store.put({"c": vector(1, 10_000), "f": vector(0, 10_000), "g": vector(0, 10_000)})
        assert set(store.get("abcdefg")) == {"e", "c", "f", "g"}
        assert 120_000 < store.size_bytes <= 175_000


@pytest.mark.parametrize("length", [0, 3, 500, 2500])
def test_the_limit_holds_and_no_more_than_needed_goes(path: Path, length: int) -> None:
    with FeatureStore(path, limit_bytes=400_000) as store:
        for batch in range(6):
            store.put({f"{batch}-{i}": vector(i, length) for i in range(400)})
            assert store.size_bytes <= 400_000
            if length == 2500:
                assert store.size_bytes > 350_000
        assert set(store.get([f"5-{i}" for i in range(390, 400)])) == {
            f"5-{i}" for i in range(390, 400)
        }


def test_nothing_is_kept_within_no_bytes(path: Path) -> None:
    with FeatureStore(path, limit_bytes=0) as store:
        store.put({"a": vector(1)})
        assert (store.get(["a"]), store.n_entries, store.problem) == ({}, 0, None)


def test_a_lower_limit_gives_space_back(path: Path) -> None:
    with FeatureStore(path) as store:
        store.put({str(i): vector(i) for i in range(500)})
    assert path.stat().st_size > 5_000_000
    with FeatureStore(path, limit_bytes=1_000_000) as store:
        store.put({"new": vector(1)})
        assert 500_000 < store.size_bytes <= 1_000_000
        assert set(store.get(["0", "499", "new"])) == {"499", "new"}
    assert path.stat().st_size < 1_100_000


def test_clearing_gives_the_space_back_also_while_others_look_on(path: Path) -> None:
    with FeatureStore(path) as store, FeatureStore(path) as other:
        store.put({str(i): vector(i) for i in range(300)})
        assert other.n_entries == 300 and other.size_bytes > 3_000_000
        store.clear()
        assert (store.n_entries, store.size_bytes, other.get(["1"])) == (0, 0, {})
        assert sum(file.stat().st_size for file in path.parent.iterdir()) < 200_000
        other.put({"1": vector(5)})
        assert store.get(["1"])["1"][0] == 5


def test_one_damaged_entry_is_dropped_alone(filled: Path) -> None:
    content = bytearray(filled.read_bytes())
    place = content.index(vector(7, 100).tobytes())
    content[place + 41] ^= 1
    filled.write_bytes(content)
    keys = [f"other-{i}" for i in range(20)]
    with FeatureStore(filled) as store:
        assert set(keys) - set(store.get(keys)) == {"other-7"}
        assert store.n_entries == 20
        store.put({"other-7": vector(7)})
        assert set(store.get(keys)) == set(keys)
        assert store.problem is None


def test_entries_that_were_mixed_up_are_dropped(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as database, database:
        database.execute("UPDATE entries SET number = -number WHERE key IN ('a', 'other-3')")
        database.execute(
            "UPDATE entries SET number = (SELECT sum(-number) FROM entries WHERE number < 0)"
            " + number WHERE number < 0"
        )
        database.execute("UPDATE vectors SET vector = 5 WHERE number = 3")
    with FeatureStore(filled) as store:
        found = store.get(["a", "other-3", *(f"other-{i}" for i in range(20))])
        assert len(found) == 18 and "a" not in found
        assert all(found[f"other-{i}"][0] == i for i in (0, 2, 4, 19))


def damage(path: Path, kind: str) -> None:
    content = path.read_bytes()
    half = len(content) // 2
    if kind == "other version":
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 99")
    elif kind == "no tables":
        with closing(sqlite3.connect(path)) as database:
            database.execute("DROP TABLE vectors")
    else:
        path.write_bytes(
            {
                "empty": b"",
                "a few bytes": content[:50],
                "the header": content[:100],
                "one page": content[:4096],
                "half": content[:half],
                "no header": bytes(100) + content[100:],
                "zeros": content[:4096] + bytes(len(content) - 4096),
                "noise": content[:100] + os.urandom(len(content) - 100),
                "no database": b"my shopping list\n" * 1000,
            }[kind]
        )


@pytest.mark.parametrize("kind", ["other version", "no tables", "empty", "a few bytes",
    "the header", "one page", "half", "no header", "zeros", "noise", "no database"])  # fmt: skip
def test_a_broken_file_is_started_anew(filled: Path, kind: str) -> None:
    damage(filled, kind)
    keys = ["a", *(f"other-{i}" for i in range(20))]
    with FeatureStore(filled) as store:
        for key, found in store.get(keys).items():  # of half a file some may be left
            assert found[0] == np.float32(0.1 if key == "a" else key.removeprefix("other-"))
        store.put({key: vector(1) for key in keys})
        store.put({"b": vector(2)})
        assert store.problem is None
    with FeatureStore(filled) as store:
        assert set(store.get([*keys, "b"])) == {*keys, "b"}
        assert store.n_entries == 22


def test_a_file_that_is_not_ours_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE mine (text)")
        database.execute("INSERT INTO mine VALUES ('kept')")
    with FeatureStore(path) as store:
        store.put({"a": vector(1)})
        assert list(store.get(["a"])) == ["a"]
    (aside,) = tmp_path.glob("features.sqlite.aside-*")
    with closing(sqlite3.connect(aside)) as database:
        assert database.execute("SELECT * FROM mine").fetchall() == [("kept",)]


def test_our_own_broken_files_do_not_pile_up(filled: Path) -> None:
    for _ in range(3):
        damage(filled, "noise")
        with FeatureStore(filled) as store:
            store.put({"a": vector(1)})
    assert os.listdir(filled.parent) == ["features.sqlite"]


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("1000000", 10**6), ("500MB", 5 * 10**8), ("500 mb", 5 * 10**8), ("2k", 2000),
     ("1.5GiB", 3 * 2**29), (" 10GB ", 10**10), ("1T", 10**12), ("7b", 7), ("4Ki", 4096)],
)  # fmt: skip
def test_sizes(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "lots", "-1", "MB", "5XB", "1,5GB", "5i", "1e9", "nan", "٣"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_the_limit_is_given_by_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCNN_CACHE_LIMIT", "100kB")
    with FeatureStore(path) as store:
        store.put({str(i): vector(i) for i in range(20)})
        assert 50_000 < store.size_bytes <= 100_000
        assert store.problem is None
    monkeypatch.setenv("FASTCNN_CACHE_LIMIT", "lots")
    with FeatureStore(path) as store:
        assert store.problem is not None and "'lots' is not a size" in store.problem
        store.put({str(i): vector(i) for i in range(20)})
        assert store.n_entries == 20
    assert DEFAULT_LIMIT == 10 * 2**30


def test_it_lies_in_the_cache_folder(own_home: Path) -> None:
    with FeatureStore() as store:
        store.put({"a": vector(1)})
    assert (own_home / "fastcnn_cache" / "features.sqlite").is_file()
