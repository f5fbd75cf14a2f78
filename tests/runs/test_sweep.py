"""`fastcnn sweep` as whole runs: what it finds, what it leaves, and what a kill does not cost."""

import contextlib
import csv
import json
import multiprocessing
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch
from PIL import Image

import fastcnn
from fastcnn.cli.app import run

Cli = Callable[..., tuple[int, str, str]]
QUICK = ["--search", "lr=0.001..0.1", "--search", "bs=4,8", "--head", "fastai", "--epochs", "3"]


@pytest.fixture
def classes(small_pets: Path, work: Path) -> Path:
    """Sixteen small photographs, four of each breed, in a folder a breed."""
    for path in small_pets.glob("*.jpg"):
        breed = work / "set" / path.stem.rsplit("_", 1)[0]
        breed.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, breed)
    return work / "set"


@pytest.fixture
def tiny(tiny_weights: Path) -> list[str]:
    given = {"arch": "test_resnet", "weights": tiny_weights, "size": 48, "precision": "fp32"}
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [*words, "--valid-pct", "0.4"]


def rows(folder: str = "s") -> list[dict[str, str]]:
    with (Path(folder) / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def states(folder: str = "s") -> list[str]:
    return [row["state"] for row in rows(folder)]


@pytest.mark.slow
def test_the_best_command_reproduces_the_score(cli: Cli, classes: Path, tiny: list[str]) -> None:
    code, out, err = cli("sweep", classes, *tiny, *QUICK, "--trials", 8, "--out", "s")
    assert code == 0, err
    assert states().count("complete") + states().count("pruned") == 8 == len(states())
    best = json.loads(Path("s/best.json").read_text())
    for row in rows():
        given_up = row["state"] == "pruned"
        assert row["reason"].startswith("worse than others were after epoch") == given_up
        assert int(row["epochs_trained"]) == 3 or given_up
    complete = [row for row in rows() if row["state"] == "complete"]
    assert best["accuracy"] == max(float(row["accuracy"]) for row in complete)
    assert best["selected_on_validation"] and "a little too good" in out
    (line,) = [line for line in out.splitlines() if line.startswith("best: ")]
    command = shlex.split(line.removeprefix("best: "))
    assert command == shlex.split(best["command"]) and command[:2] == ["fastcnn", "train"]
    for number, words in enumerate([command[1:], ["train", classes, "--config", "s/best.json"]]):
        code, _, err = cli(*words, "--out", f"r{number}")
        assert code == 0, err
        entry = fastcnn.Run(f"r{number}").record["strategies"]["head"]
        assert entry["metrics"]["accuracy"] == pytest.approx(best["accuracy"], abs=1e-6)
    for name in ("progress.png", "parallel.png"):
        with Image.open(Path("s") / name) as picture:
            assert picture.width > 600
    assert not list(Path("s").glob(".*"))


def test_a_file_that_suits_no_trial_is_told_before_the_first(
    cli: Cli, classes: Path, tiny: list[str], tmp_path: Path
) -> None:
    options = ["--strategy", "full", "--size", 48, "--trials", 2, "--out", "s"]
    other = tmp_path / "other.pth"
    torch.save({"stem.weight": torch.zeros(3)}, other)
    weights = tiny[tiny.index("--weights") + 1]
    searched = ["--arch", "test_resnet", "--search", f"weights={weights},{other}"]
    code, _, err = cli("sweep", classes, *options, *searched)
    assert code == 4 and f"--search weights, {other}: " in err
    assert not Path("s").exists()


def test_the_first_trial_has_the_recipes_own_settings(
    cli: Cli, small_pets: Path, work: Path, tiny: list[str]
) -> None:
    options = ["--data", small_pets, *tiny, "--head", "fastai", "--search", "lr=0.001..0.1"]
    code, out, err = cli("sweep", "pets", *options, "--trials", 2, "--out", "s", "--epochs", 1)
    assert code == 0, err
    assert rows()[0]["lr"] == "0.004"  # the recipe's
    assert "best: fastcnn recipe pets --data " in out


def test_a_network_of_our_own_is_searched_whole(cli: Cli, classes: Path) -> None:
    """Its settings and those of the training; without a word it starts from random weights."""
    searched = ["--search", "lr=0.001..0.1", "--search", "net.kernel=1,3", "--valid-pct", "0.4"]
    options = ["--arch", "three-conv", "--size", 32, "--bs", 4, "--epochs", 2, *searched]
    options += ["--precision", "fp32", "--trials", 3]
    code, _, err = cli("sweep", classes, *options, "--out", "s")
    assert code == 0, err
    assert len({row["lr"] for row in rows()}) == 3
    assert {row["net.kernel"] for row in rows()} <= {"1", "3"}
    best = json.loads(Path("s/best.json").read_text())
    assert cli(*shlex.split(best["command"])[1:], "--out", "r")[0] == 0
    record = fastcnn.Run("r").record
    assert record["settings"]["arch"].startswith("three-conv:kernel=")
    accuracy = record["strategies"]["scratch"]["metrics"]["accuracy"]
    assert accuracy == pytest.approx(best["accuracy"], abs=1e-6)


@pytest.mark.slow
def test_one_seed_one_sweep(cli: Cli, classes: Path, tiny: list[str]) -> None:
    """And going on to more trials is the same as having asked for them at once."""
    for folder, first in (("a", 5), ("b", 3)):
        command = ["sweep", classes, *tiny, *QUICK, "--out", folder]
        assert cli(*command, "--trials", first)[0] == 0
        assert cli("sweep", "--resume", folder, "--trials", 5)[0] == 0
    names = ("number", "state", "accuracy", "lr", "bs")
    assert [[row[name] for name in names] for row in rows("a")] == [
        [row[name] for name in names] for row in rows("b")
    ]
    assert len({row["lr"] for row in rows("a")}) == 5


def test_a_trial_that_fails_is_one_of_many(cli: Cli, classes: Path, tiny: list[str]) -> None:
    """Rates that diverge, and a batch that fastai's head cannot take."""
    searched = ["--search", "bs=1,8", "--head", "fastai", "--epochs", "1", "--pruner", "none"]
    code, out, err = cli("sweep", classes, *tiny, *searched, "--trials", 6, "--out", "s", "--json")
    assert code == 0, err
    document = json.loads(out)
    failed = [row for row in document["trials"] if row["state"] == "failed"]
    assert failed and all("BatchNorm compares images" in row["reason"] for row in failed)
    assert document["counts"]["failed"] == len(failed)
    assert document["counts"]["complete"] == 1  # one value, one training
    assert document["counts"]["repeated"] == 5 - len(failed)
    best = document["best"]
    assert best["settings"]["bs"] == 8
    same = [row["same_as"] for row in document["trials"] if row["state"] == "repeated"]
    assert set(same) <= {best["number"]}


def test_where_all_fail_the_sweep_does(cli: Cli, classes: Path, tiny: list[str]) -> None:
    searched = ["--search", "lr=1e12..1e15", "--opt", "sgd", "--head", "fastai", "--epochs", "2"]
    code, _, err = cli("sweep", classes, *tiny, *searched, "--trials", 2, "--out", "s")
    assert code == 6
    assert "all 2 trials failed" in err and "diverged" in err
    assert states() == ["failed", "failed"]


def test_another_sweep_is_not_written_over(cli: Cli, classes: Path, tiny: list[str]) -> None:
    command = ["sweep", classes, *tiny, "--head", "linear", "--trials", 1, "--out", "s"]
    assert cli(*command, "--search", "views=1,2")[0] == 0
    code, _, err = cli(*command, "--search", "views=1,3")
    assert code == 2 and "holds another sweep" in err and "--resume s" in err
    code, _, err = cli("sweep", "--resume", "elsewhere")
    assert code == 2 and "not the folder of a sweep" in err
    code, _, err = cli("sweep", "--resume", "s", "--lr", "0.1")
    assert code == 2 and "goes on with a sweep as it was asked for" in err
    (classes / "pug" / "new.jpg").write_bytes(next((classes / "pug").glob("*.jpg")).read_bytes())
    code, _, err = cli("sweep", "--resume", "s", "--trials", 2)
    assert code == 3 and "not those that the sweep began with" in err


def test_time_runs_out(cli: Cli, classes: Path, tiny: list[str]) -> None:
    code, out, err = cli(
        "sweep", classes, *tiny, *QUICK, "--timeout", 0, "--out", "s", "--trials", 3
    )
    assert code == 0, err
    assert "go on: fastcnn sweep --resume s" in out and "no trial is complete" in out
    assert states() == ["waiting"] * 3


def start(*arguments: object) -> BaseProcess:
    """Run the command in a process group of its own; what it says is in `out.txt` and `err.txt`."""

    def begin() -> None:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with open("out.txt", "w") as sys.stdout, open("err.txt", "w") as sys.stderr:
            code = run(["sweep", *map(str, arguments)])
        os._exit(code)

    process = multiprocessing.get_context("fork").Process(target=begin)
    process.start()
    return process


def wait_for_trials(n_begun: int, process: BaseProcess) -> None:
    """Wait until so many trials have begun to report epochs."""
    journal = Path("s/journal.jsonl")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.is_alive():
        if journal.exists() and journal.read_text().count('"intermediate_value"') >= 3 * n_begun:
            return
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_and_resumed(classes: Path, cli: Cli, tiny: list[str]) -> None:
    """All processes are killed together in the middle; nothing is lost, nothing run twice."""
    searched = ["--search", "lr=0.001..0.1", "--head", "fastai", "--epochs", "10", "--bs", "4"]
    command = [classes, *tiny, *searched, "--trials", "6", "--pruner", "none", "--out", "s"]
    process = start(*command, "--workers", "2")
    wait_for_trials(4, process)
    os.killpg(process.pid or 0, signal.SIGKILL)
    process.join(60)
    code, _, err = cli("sweep", "--resume", "s")
    assert code == 0, err
    ended = rows()
    assert [int(row["number"]) for row in ended] == list(range(len(ended)))
    complete = [row for row in ended if row["state"] == "complete"]
    lost = [row for row in ended if row["state"] == "interrupted"]
    assert len(complete) == 6 and len(complete) + len(lost) == len(ended)
    assert len(lost) in (1, 2)
    again = [row for row in ended if row["again_of"]]
    assert [row["again_of"] for row in again] == [row["number"] for row in lost]
    assert len({row["lr"] for row in complete}) == 6


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
def test_a_process_that_dies_is_named_and_its_trial_is_run_by_the_other(
    classes: Path, tiny: list[str]
) -> None:
    searched = ["--search", "lr=0.001..0.1", "--head", "fastai", "--epochs", "20", "--bs", "4"]
    command = [classes, *tiny, *searched, "--trials", "4", "--pruner", "none", "--out", "s"]
    process = start(*command, "--workers", "2")
    wait_for_trials(2, process)
    first, _ = workers_of(process.pid or 0)
    os.kill(first, signal.SIGKILL)
    process.join(300)
    assert process.exitcode == 0, Path("err.txt").read_text()
    said = Path("out.txt").read_text()
    assert "of the sweep ended before its time: killed by SIGKILL" in " ".join(said.split())
    assert states().count("complete") == 4 and states().count("interrupted") == 1
    assert [row["again_of"] for row in rows() if row["again_of"]] in (["0"], ["1"])


def workers_of(pid: int) -> list[int]:
    """Return the numbers of the processes that a sweep has begun."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            is_worker = b"fastcnn.sweep.worker" in (folder / "cmdline").read_bytes()
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            found += [int(folder.name)] * (is_worker and int(parent) == pid)
    return found


def test_ctrl_c_says_how_to_go_on(classes: Path, cli: Cli, tiny: list[str]) -> None:
    searched = ["--search", "lr=0.001..0.1", "--head", "fastai", "--epochs", "300", "--bs", "4"]
    process = start(classes, *tiny, *searched, "--trials", "3", "--out", "s")
    wait_for_trials(1, process)
    os.killpg(process.pid or 0, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    assert Path("err.txt").read_text() == "interrupted\n"
    assert Path("out.txt").read_text().splitlines()[-1] == "fastcnn sweep --resume s"
    assert states().count("waiting") == 3 and states().count("interrupted") == 1
