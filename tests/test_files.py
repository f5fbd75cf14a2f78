"""Writing files: whole or not at all, also on a full disk."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcnn.errors import TrainingError
from fastcnn.files import link_file, write_bytes, write_json, write_text

LIMIT_FILE_SIZE = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
"""
FORBID_WRITING = """
import os
os.chmod(".", 0o555)
if os.geteuid() == 0:  # root may write everywhere, so be somebody else
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""
WRITE_UNDER = """
import signal
from pathlib import Path
import fastcnn.files
from fastcnn.errors import TrainingError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
{condition}
try:
    fastcnn.files.write_bytes(Path("run.json"), bytes({size}))
except TrainingError as error:
    print(error.exit_code, error, error.problems[0].hint, sep="\\n")
"""


def write_under(condition: str, folder: Path, size: int) -> list[str]:
    """Write `run.json` in another process under a condition; return its exit code and words."""
    code = WRITE_UNDER.format(condition=condition, size=size)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set the umask for one test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_folders_are_made_and_the_content_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "run" / "full" / "export.pkl"
    content = bytes(range(256)) * 300
    write_bytes(path, content)
    assert path.read_bytes() == content
    write_bytes(path, b"")
    assert path.read_bytes() == b""
    assert os.listdir(path.parent) == ["export.pkl"]


def test_text_is_utf_8_with_its_line_ends_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Größe 猫\r\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "Größe 猫\r\nb\n".encode()


def test_an_existing_file_survives_a_failing_write(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_bytes(path, "text, where bytes belong")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize("existing", [None, b"old"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, existing: bytes | None) -> None:
    """The system refuses to let any file grow: an error with a way out, and no debris."""
    path = tmp_path / "run.json"
    if existing is not None:
        path.write_bytes(existing)
    assert write_under(LIMIT_FILE_SIZE, tmp_path, size=100_000) == [
        "6",
        "run.json could not be written: the disk is full, or its quota reached",
        "free some space, or give another folder with --out DIR",
    ]
    assert os.listdir(tmp_path) == ([] if existing is None else ["run.json"])
    assert existing is None or path.read_bytes() == existing


def test_a_file_within_the_limit_is_written(tmp_path: Path) -> None:
    """The limit itself breaks nothing, so the test above is about the full disk."""
    assert write_under(LIMIT_FILE_SIZE, tmp_path, size=4096) == []
    assert (tmp_path / "run.json").stat().st_size == 4096


def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(b"old")
    try:
        lines = write_under(FORBID_WRITING, tmp_path, size=10)
    finally:
        tmp_path.chmod(0o755)
    assert lines == [
        "6",
        "run.json could not be written: Permission denied",
        "give another folder with --out DIR",
    ]
    assert (tmp_path / "run.json").read_bytes() == b"old"


@pytest.mark.parametrize("below", ["run.json", "full/history.csv"])
def test_a_file_where_a_folder_is_needed(tmp_path: Path, below: str) -> None:
    """`--out notes.txt`: the error names the place and the way out."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="notes.txt.* could not be written") as caught:
        write_bytes(tmp_path / "notes.txt" / below, b"new")
    assert "--out" in caught.value.problems[0].hint
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_where_a_file_is_needed(tmp_path: Path) -> None:
    """`--out predictions.csv` where that is a folder: it stays, and nothing is left beside it."""
    (tmp_path / "predictions.csv" / "mine").mkdir(parents=True)
    with pytest.raises(TrainingError, match="predictions.csv could not be written"):
        write_bytes(tmp_path / "predictions.csv", b"new")
    assert os.listdir(tmp_path) == ["predictions.csv"]
    assert (tmp_path / "predictions.csv" / "mine").is_dir()


def test_a_second_name_takes_the_place_of_what_had_it(tmp_path: Path) -> None:
    """Also of itself, and nothing is left beside it."""
    (tmp_path / "first").write_bytes(b"new")
    (tmp_path / "second").write_bytes(b"old")
    for _ in range(2):
        link_file(tmp_path / "first", tmp_path / "second")
        assert (tmp_path / "second").read_bytes() == b"new"
        assert sorted(os.listdir(tmp_path)) == ["first", "second"]
    assert (tmp_path / "first").samefile(tmp_path / "second")
    write_bytes(tmp_path / "first", b"newer")
    assert (tmp_path / "second").read_bytes() == b"new", "a file written anew is another file"


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002], indirect=True)
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    """A run is readable by whom the user lets read his files; an overwritten file too."""
    for _ in range(2):
        write_bytes(tmp_path / "run.json", b"{}")
        assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o666 & ~umask
    assert os.umask(umask) == umask, "writing changed the umask of the process"


def test_json_is_readable_by_people_and_machines(tmp_path: Path) -> None:
    document = {"classes": ["chat bleu", "猫"], "lr": 0.004, "none": None}
    write_json(tmp_path / "run.json", document)
    text = (tmp_path / "run.json").read_text("utf-8")
    assert json.loads(text) == document
    assert "猫" in text and text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_has_no_nan(tmp_path: Path, value: float) -> None:
    """What other programs cannot parse is not written; the record of before stays."""
    path = tmp_path / "run.json"
    write_json(path, {"loss": 0.5})
    with pytest.raises(ValueError):
        write_json(path, {"strategies": {"full": {"loss": value}}})
    assert json.loads(path.read_text()) == {"loss": 0.5}
    assert os.listdir(tmp_path) == ["run.json"]
