"""`fastcnn info` tells what is kept, and `--clear-cache` drops that and nothing else."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fastcnn.data.cache import cache_contents, clear_cache
from fastcnn.data.feature_store import FeatureStore

Cli = Callable[..., tuple[int, str, str]]

OURS = ("measured/worker.json", "samples/pets-drawn-v1/pug_1.jpg", "samples/my-own-drawn-v12/a.jpg")
USERS = ("thesis.txt", "samples/holiday/a.jpg", "samples/list.txt", "features.sqlite.bak", "x/y")


@pytest.fixture
def cache(own_home: Path) -> Path:
    """A cache folder in use, which is also the folder of other files."""
    cache = own_home / "fastcnn_cache"
    for name in (*OURS, *USERS):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_bytes(bytes(1000))
    with FeatureStore() as store:
        store.put({str(i): np.zeros(2500) for i in range(100)})
    return cache


NOTHING = {"features": 0, "features_bytes": 0, "features_limit_bytes": 10 * 2**30}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_only_what_is_ours_goes(cache: Path) -> None:
    assert cache_contents()["features"] == 100
    assert 1_000_000 < cache_contents()["features_bytes"] < 1_500_000
    before = sum((cache / name).stat().st_size for name in files(cache))
    freed = clear_cache()
    assert files(cache) == {*USERS, "features.sqlite"}
    assert not (cache / "measured").exists()
    assert before - freed == sum((cache / name).stat().st_size for name in files(cache))
    assert freed > 1_003_000
    assert cache_contents() == NOTHING
    assert clear_cache() == 0


def test_an_empty_cache_stays_one(own_home: Path) -> None:
    assert cache_contents() == NOTHING
    assert clear_cache() == 0
    assert not (own_home / "fastcnn_cache").exists()


def test_a_sample_that_is_being_drawn_is_let_be(cache: Path) -> None:
    for name in (".pets-drawn-v1.abc", ".pets-drawn-v1.old"):
        (cache / "samples" / name).mkdir()
        (cache / "samples" / name / "pug_1.jpg").touch()
    long_ago = time.time() - 7200
    os.utime(cache / "samples" / ".pets-drawn-v1.old", (long_ago, long_ago))
    clear_cache()
    assert files(cache / "samples") == {
        *("holiday/a.jpg", "list.txt"),
        ".pets-drawn-v1.abc/pug_1.jpg",
    }


def test_what_a_link_leads_to_stays(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.jpg").touch()
    (cache / "samples" / "x-drawn-v1").symlink_to(tmp_path / "mine")
    clear_cache()
    assert (tmp_path / "mine" / "a.jpg").exists()
    assert not (cache / "samples" / "x-drawn-v1").is_symlink()


def test_clearing_says_what_was_freed(cache: Path, cli: Cli) -> None:
    code, out, err = cli("info", "--clear-cache")
    assert (code, err) == (0, "")
    assert re.fullmatch(rf"freed 1\.\d MB in {re.escape(str(cache))}\n", out)
    code, out, err = cli("info", "--clear-cache", "--json")
    assert (code, json.loads(out), err) == (0, {"cache": str(cache), "freed_bytes": 0}, "")


def test_what_cannot_be_cleared_is_an_error(cache: Path, cli: Cli) -> None:
    """The store is broken, and something is in the way of making it anew."""
    (cache / "features.sqlite").write_bytes((cache / "features.sqlite").read_bytes()[:200])
    (cache / "features.sqlite-journal").mkdir()
    code, _, err = cli("info", "--clear-cache")
    assert code == 6
    assert "features.sqlite cannot be used" in err and "FASTCNN_CACHE" in err


def test_info_counts_the_features(cache: Path, cli: Cli) -> None:
    code, out, _ = cli("info", "--json")
    facts = json.loads(out)
    assert (code, facts["features"], facts["cache"]) == (0, 100, str(cache))
    assert facts["features_bytes"] == cache_contents()["features_bytes"]
    assert facts["cache_bytes"] > facts["features_bytes"]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = "import sys, fastcnn.cli.app; print({'numpy', 'torch', 'sqlite3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
