"""The cache of features: nothing wrong ever comes out, and it keeps to its limit."""

import hashlib
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from feature_files import vector
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fastcnn.data.feature_entries import Vector
from fastcnn.data.feature_keys import feature_key, image_hashes
from fastcnn.data.feature_store import DEFAULT_LIMIT, FeatureStore, parse_size

VECTORS = st.lists(st.floats(width=32, allow_subnormal=True), max_size=40).map(
    lambda values: np.array(values, np.float32)
)
KEYS = st.text("0123456789abcdef", min_size=1, max_size=8)


@given(st.lists(st.dictionaries(KEYS, VECTORS, max_size=6), max_size=4), st.lists(KEYS, max_size=6))
@hypothesis_settings(max_examples=25)
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
