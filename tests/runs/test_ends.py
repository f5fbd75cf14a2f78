"""Runs that end before their time: interrupted, or on a full disk. The folder stays readable."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fastcnn
from fastcnn.narrator import Narrator
from fastcnn.record import RunRecord, run_folder

Cli = Callable[..., tuple[int, str, str]]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fastcnn", "recipe", "pets", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.slow
def test_ctrl_c_in_the_middle(few_pets: Path, tiny_options: list[str], work: Path) -> None:
    options = [*tiny_options, "--epochs", "500", "--strategy", "full", "--data", str(few_pets)]
    process = start([*options, "--out", "r"])
    history = work / "r" / "full" / "history.csv"
    deadline = time.monotonic() + 120
    while not history.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out.splitlines()[-1] == "what there is lies in r"
    assert err == "interrupted\n"
    assert json.loads((work / "r" / "run.json").read_text())["status"] == "interrupted"
    run = fastcnn.Run("r")
    assert run.strategies == []
    assert "interrupted" in repr(run)
    assert history.read_text().startswith("phase,epoch")
    assert not list(Path("r").rglob(".*"))  # no file half-written


@pytest.fixture
def small_disk(work: Path) -> Iterator[Path]:
    """A real file system with room for 64 kB."""
    disk = work / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(cli: Cli, few_pets: Path, tiny_network: list[str], small_disk: Path) -> None:
    """The history fits, the exported model of 1.5 MB does not."""
    code, _, err = cli(
        *("recipe", "pets", "--data", few_pets, "--strategy", "head", *tiny_network),
        *("--out", small_disk / "r"),
    )
    assert code == 6
    assert "the disk is full" in err
    assert "--out" in err
    record = json.loads((small_disk / "r" / "run.json").read_text())
    assert record["status"] == "failed"
    assert not (small_disk / "r" / "head" / "export.pkl").exists()
    assert not list(small_disk.rglob(".*"))


def test_a_failed_run_with_a_model_says_how_to_look_at_it(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one without has nothing to make a page of."""
    (work / "my run").mkdir()
    for strategies, said in (
        ({}, ""),
        (
            {"head": {}},
            "what there is lies in my run; fastcnn report 'my run' makes a page of it\n",
        ),
    ):
        record = RunRecord(work / "my run")
        record.strategies.update(strategies)
        with pytest.raises(RuntimeError), record.kept(Narrator()):
            raise RuntimeError("lost")
        assert capsys.readouterr().out == said
        assert record.document["status"] == "failed"


def test_force_believes_no_strangers_record(cli: Cli, few_pets: Path, work: Path) -> None:
    """A record that names a folder elsewhere as a strategy must not make us delete it."""
    (work / "precious").mkdir()
    (work / "r").mkdir()
    record = {"status": "done", "data": {}, "strategies": {"../precious": {}}}
    (work / "r" / "run.json").write_text(json.dumps(record))
    run_folder("pets", "head", "r")
    assert (work / "precious").is_dir()
    assert not (work / "r" / "run.json").exists()


@pytest.mark.slow
def test_force_replaces_the_run_and_nothing_else(
    cli: Cli, few_pets: Path, tiny_network: list[str], work: Path
) -> None:
    options = ["recipe", "pets", "--data", few_pets, *tiny_network, "--out", "r"]
    assert cli(*options, "--strategy", "full", "--epochs", "1")[0] == 0
    (work / "r" / "my-notes.txt").write_text("mine")
    assert cli(*options, "--strategy", "head", "--force")[0] == 0
    assert not (work / "r" / "full").exists()
    assert fastcnn.Run("r").strategies == ["head"]
    assert (work / "r" / "my-notes.txt").read_text() == "mine"
