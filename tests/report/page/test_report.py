"""`fastcnn report RUN`: the page of a stored run, without a single prediction."""

import json
import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from stored_run import EXPORTED, store_run, vouch

from fastcnn.data.doctor.findings import SEVERITIES
from fastcnn.narrator import Advance, HushedNarrator
from fastcnn.reporting import leave_report
from fastcnn.run_folder import OWN_FILES, Run

Cli = Callable[..., tuple[int, str, str]]
CLASSES = ["cat", "dog", "fox"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that every test copies."""
    return store_run(tmp_path_factory.mktemp("kept"), CLASSES, n=30, strategies=("head",))


@pytest.fixture
def run(kept: Run, work: Path) -> Path:
    vouch()
    return shutil.copytree(kept.path, work / "my run")


def test_a_page_in_the_run(cli: Cli, run: Path) -> None:
    code, out, err = cli("report", "my run")
    assert code == 0, err
    page = run / "report.html"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert out == f"report: my run/report.html ({page.stat().st_size / 1e6:.1f} MB)\n"
    assert {"report.html", "doctor.csv"} <= set(OWN_FILES)


def test_json_names_the_file_and_nothing_else(cli: Cli, run: Path) -> None:
    code, out, _ = cli("report", run, "--json")
    page = run / "report.html"
    assert code == 0
    assert json.loads(out) == {"path": str(page), "bytes": page.stat().st_size}


def test_another_file_is_not_written_over(cli: Cli, run: Path, work: Path) -> None:
    (work / "mine.html").write_text("mine")
    code, _, err = cli("report", run, "--out", "mine.html")
    assert code == 2 and "--force" in err
    assert (work / "mine.html").read_text() == "mine"
    assert cli("report", run, "--out", "mine.html", "--force")[0] == 0
    assert (work / "mine.html").read_text().startswith("<!DOCTYPE html>")
    assert not (run / "report.html").exists()
    code, _, err = cli("report", run, "--out", "page.pdf")
    assert code == 2 and "ends in .html" in err


def test_what_is_no_run_or_has_no_model_is_said(cli: Cli, run: Path, work: Path) -> None:
    code, _, err = cli("report", work)
    assert code == 2 and "holds no run.json" in err
    record = json.loads((run / "run.json").read_text())
    record |= {"status": "interrupted", "strategies": {}, "comparison": None}
    (run / "run.json").write_text(json.dumps(record))
    code, _, err = cli("report", run)
    assert code == 2 and "is interrupted and has no predictions to report on" in err


def test_the_doctor_looks_once(cli: Cli, run: Path) -> None:
    """What it found is kept: a second report takes it from there."""
    assert cli("report", run)[0] == 0
    lines = (run / "doctor.csv").read_text().splitlines()
    assert lines[0] == "path,finding,severity,detail"
    assert {line.split(",")[1] for line in lines[1:]} <= set(SEVERITIES)
    (run / "doctor.csv").write_text("\n".join([lines[0], "00003 of 0.jpg,blank,warning,as it was"]))
    assert cli("report", run)[0] == 0
    assert "as it was" in (run / "report.html").read_text()
    assert "as it was" in (run / "doctor.csv").read_text()


@pytest.mark.parametrize(
    "content", [b"path,finding,severity\n0.jpg,blank,warning\n", b"path\n\xff\xfe\n"]
)
def test_a_doctor_s_file_that_is_none_is_left_out(cli: Cli, run: Path, content: bytes) -> None:
    (run / "doctor.csv").write_bytes(content)
    code, out, err = cli("report", run)
    assert code == 0, err
    assert "doctor.csv" in out and "left out" in out
    assert "one colour all over" in (run / "report.html").read_text()
    assert (run / "doctor.csv").read_bytes() == content


@pytest.mark.parametrize(
    "broken",
    [
        {"settings": None},
        {"data": ["photos"]},
        {"strategies": {"../elsewhere": {}}},
        {"strategies": {"head": None}},
        {"comparison": "head"},
    ],
)
def test_a_record_that_is_none_is_said(cli: Cli, run: Path, broken: dict[str, object]) -> None:
    record = json.loads((run / "run.json").read_text()) | broken
    (run / "run.json").write_text(json.dumps(record))
    code, _, err = cli("report", run)
    assert (
        code == 2
        and "is not the record of a run" in err
        and next(iter(broken)) in err.replace("strategy", "strategies")
    )


def test_a_table_that_lacks_a_column_is_said(cli: Cli, run: Path) -> None:
    (run / "head" / "history.csv").write_text("epoch\n1\n")
    code, _, err = cli("report", run)
    assert code == 2 and "history.csv has no column phase" in err


@pytest.fixture
def strange(run: Path, monkeypatch: pytest.MonkeyPatch, work: Path) -> Path:
    """The same run on the machine of somebody who has never trained it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(work / "another user"))
    return run


def test_of_a_stranger_s_run_nothing_is_examined(cli: Cli, strange: Path) -> None:
    code, out, err = cli("report", strange)
    assert code == 0, err
    assert not (strange / "doctor.csv").exists()
    assert "note: No run of yours" in out
    page = (strange / "report.html").read_text()
    assert "The doctor has not looked" in page and "No run of yours" in page
    assert page.count("<image ") > 10


@pytest.mark.parametrize("way", ["absolute", "above", "link"])
def test_a_stranger_s_run_shows_no_picture_from_elsewhere(
    cli: Cli, strange: Path, work: Path, way: str
) -> None:
    """Neither by its path, nor by the one above, nor by a link."""
    record = json.loads((strange / "run.json").read_text())
    images = Path(shutil.copytree(record["data"]["path"], work / "images"))
    record["data"]["path"] = str(images)
    (strange / "run.json").write_text(json.dumps(record))
    Image.new("RGB", (50, 40), (1, 2, 3)).save(work / "private.jpg")
    (images / "link.jpg").symlink_to(work / "private.jpg")
    path = {"absolute": str(work / "private.jpg"), "above": "../private.jpg", "link": "link.jpg"}
    file = strange / "head" / "predictions.parquet"
    table = pd.read_parquet(file)
    wrong = table["correct"].idxmin()
    n_pictures = []
    for other in (path[way], "gone.jpg"):
        table.loc[wrong, "path"] = other
        table.to_parquet(file)
        assert cli("report", strange)[0] == 0
        n_pictures.append((strange / "report.html").read_text().count("<image "))
    assert n_pictures[0] == n_pictures[1]


def test_a_folder_with_much_else_in_it_is_not_examined(cli: Cli, run: Path, work: Path) -> None:
    """A table of paths may lie in somebody's home."""
    home = work / "home"
    home.mkdir()
    for number in range(2 * 150 + 102):
        (home / f"{number}.txt").touch()
    record = json.loads((run / "run.json").read_text())
    record["data"]["path"] = str(home)
    (run / "run.json").write_text(json.dumps(record))
    assert cli("report", run)[0] == 0
    assert not (run / "doctor.csv").exists()
    page = (run / "report.html").read_text()
    assert "The doctor has not looked" in page


def test_of_many_images_the_doctor_can_be_asked(cli: Cli, run: Path) -> None:
    """What it wrote into the run stands on the next page."""
    record = json.loads((run / "run.json").read_text())
    record["data"]["n_images"] = -50  # so that 30 files are too many
    (run / "run.json").write_text(json.dumps(record))
    assert cli("report", "my run")[0] == 0
    page = unescape((run / "report.html").read_text())
    (command,) = re.findall(r"<code>(fastcnn doctor .*)</code>", page)
    doctor, _, report = command.partition(" ; ")
    assert cli(*shlex.split(doctor)[1:])[0] == 1
    assert cli(*shlex.split(report)[1:])[0] == 0
    assert "one colour all over" in (run / "report.html").read_text()


def test_a_model_that_cannot_be_asked_costs_only_its_gaze(cli: Cli, run: Path) -> None:
    """As one that a stranger has sent: it is not opened."""
    (run / "head" / "export.pkl").write_bytes(b"\x80\x04.")
    code, out, _ = cli("report", run)
    assert code == 0
    assert "note: where head looked cannot be drawn: UnsafeFileError" in out
    assert "What is taken for what" in (run / "report.html").read_text()


def test_nothing_is_predicted_and_no_network_asked(cli: Cli, run: Path) -> None:
    """Without saliency no module of torch computes anything."""
    calls = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: calls.append(type(module).__name__)
    )
    try:
        torch.nn.Identity()(torch.zeros(1))  # the hook counts
        assert cli("report", run, "--no-saliency")[0] == 0
    finally:
        hook.remove()
    assert calls == ["Identity"]


def test_open_shows_it(cli: Cli, run: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the browser that the user has chosen."""
    browser = work / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{work}/asked"\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert cli("report", run, "--open")[0] == 0
    assert (work / "asked").read_text().strip() == (run / "report.html").as_uri()


def test_a_report_that_fails_costs_no_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTCNN_REPORT")
    (run / "head" / "predictions.parquet").write_bytes(b"no table")
    narrator = HushedNarrator(quiet=True)
    leave_report(Run(run), narrator)
    (said,) = narrator.events
    assert said.startswith("the report could not be written: ")
    assert not (run / "report.html").exists()


class Interrupting(HushedNarrator):
    """Is interrupted when the model is asked where it looked."""

    @contextmanager
    def bar(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Raise instead of showing it."""
        raise KeyboardInterrupt
        yield


def test_an_interrupted_report_costs_no_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is over: its table is shown, and how to have the page is said."""
    monkeypatch.delenv("FASTCNN_REPORT")
    (run / "head" / "export.pkl").write_bytes(EXPORTED)
    narrator = Interrupting(quiet=True)
    leave_report(Run(run), narrator)
    (said,) = narrator.events
    assert "fastcnn report 'my run' makes it later" in said
    assert not (run / "report.html").exists()


def test_it_can_be_left_out(run: Path) -> None:
    """As the tests themselves do."""
    assert os.environ["FASTCNN_REPORT"] == "no"
    leave_report(Run(run), HushedNarrator(quiet=True))
    assert not (run / "report.html").exists()
