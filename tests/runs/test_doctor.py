"""`fastcnn doctor` as a whole: on a folder as users have them, and what it leaves."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("imagehash", reason="near duplicates need fastcnn[doctor]")

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dirty(shared: Path, work: Path) -> Path:
    """A copy of the shared folder in which most things are wrong."""
    shutil.copytree(shared / "dirty", work / "dirty")
    (work / "dirty" / "expected.csv").unlink()
    return work / "dirty"


@pytest.fixture
def expected(shared: Path) -> list[tuple[str, str]]:
    """Path and finding of every file, as whoever made the folder wrote them down."""
    with (shared / "dirty" / "expected.csv").open(encoding="utf-8") as file:
        return [(row["path"], row["finding"]) for row in csv.DictReader(file)]


def test_it_finds_what_is_there_and_nothing_else(
    cli: Cli, dirty: Path, expected: list[tuple[str, str]]
) -> None:
    code, out, err = cli("doctor", dirty, "--json")
    assert code == 1, err
    document = json.loads(out)
    found = {(finding["path"], finding["finding"]) for finding in document["findings"]}
    wrong = {pair for pair in expected if pair[1] != "ok"}
    assert wrong <= found
    # Both members of a conflict are named, of which the list has one.
    assert {pair for pair in found - wrong if pair != (".", "imbalance")} == {
        ("train/Bengal/Bengal_107.jpg", "conflicting-label")
    }
    assert set(document["classes"]) == {"Abyssinian", "Bengal", "beagle", "boxer"}
    assert document["n_usable"] == document["n_files"] - 5
    severities = {finding["finding"]: finding["severity"] for finding in document["findings"]}
    assert severities["leak"] == "error" and severities["ignored"] == "note"


def test_the_terminal_has_eighty_columns(cli: Cli, dirty: Path) -> None:
    code, out, _ = cli("doctor", dirty)
    assert code == 1
    assert max(map(len, out.splitlines())) <= 80
    assert "leak" in out and "errors" in out and "\x1b" not in out


def test_a_clean_folder(cli: Cli, few_pets: Path, work: Path) -> None:
    for file in few_pets.glob("*.jpg"):
        folder = work / "clean" / file.stem.rsplit("_", 1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    code, out, err = cli("doctor", "clean")
    assert (code, err) == (0, ""), out
    assert "nothing is wrong with it" in out


def test_a_folder_without_classes_is_not_called_healthy(cli: Cli, few_pets: Path) -> None:
    code, out, _ = cli("doctor", few_pets, "--json")
    (finding,) = json.loads(out)["findings"]
    assert code == 1 and finding["finding"] == "no-classes"
    assert "--label-regex" in finding["detail"]


def test_nothing_is_written_over(cli: Cli, dirty: Path, work: Path) -> None:
    (work / "mine.csv").write_text("precious")
    code, _, err = cli("doctor", dirty, "--csv", "mine.csv")
    assert code == 2 and "--force" in err
    assert (work / "mine.csv").read_text() == "precious"
    assert cli("doctor", dirty, "--csv", "mine.csv", "--force")[0] == 1
    code, _, err = cli("doctor", dirty, "--sheet", "nowhere/a.png")
    assert code == 2 and "mkdir -p" in err and not (work / "nowhere").exists()


def test_quarantine_moves_and_restore_brings_back(cli: Cli, dirty: Path, work: Path) -> None:
    def everything() -> dict[str, bytes]:
        return {str(p.relative_to(dirty)): p.read_bytes() for p in dirty.rglob("*") if p.is_file()}

    before = everything()
    code, out, _ = cli(
        "doctor", dirty, "--quarantine", "aside", "--csv", "f.csv", "--sheet", "s.png"
    )
    assert code == 1 and "undo: fastcnn doctor --restore aside" in out
    assert (work / "aside" / "train" / "Bengal" / "truncated.jpg").is_file()
    assert len(everything()) < len(before)
    with (work / "f.csv").open(encoding="utf-8") as file:
        assert {"path", "finding", "severity", "detail"} == set(next(csv.DictReader(file)))
    with Image.open(work / "s.png") as sheet:
        assert sheet.width > 800
    _, out, _ = cli("doctor", dirty, "--json")
    left = {finding["finding"] for finding in json.loads(out)["findings"]}
    assert not left & {"corrupt", "leak", "near-leak", "conflicting-label", "duplicate"}
    code, _, err = cli("doctor", "--restore", "aside")
    assert code == 0, err
    assert everything() == before
    assert cli("doctor", "--restore", "aside")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "no folder was given"),
        (["nowhere"], 3, "does not exist"),
        (["."], 3, "holds no images"),
        ([".", "--sheet", "a.svg"], 2, ".png"),
        ([".", "--quarantine", "aside"], 2, "lies in the folder"),
        ([".", "--restore", "aside"], 2, "both"),
        (["--restore", "nowhere"], 3, "not the list of a quarantine"),
    ],
)
def test_what_can_be_wrong(
    cli: Cli, work: Path, arguments: list[str], code: int, words: str
) -> None:
    found, out, err = cli("doctor", *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("error: ") and words in err
    assert list(work.iterdir()) == []


def test_a_second_quarantine_writes_over_nothing(cli: Cli, dirty: Path, work: Path) -> None:
    """Names that would collide with what an earlier quarantine holds, and with each other."""
    for name in ("bad.jpg", "bad-2.jpg"):
        (dirty / "train" / "beagle" / name).write_bytes(f"broken {name}".encode())
    (work / "aside" / "train" / "beagle").mkdir(parents=True)
    (work / "aside" / "train" / "beagle" / "bad.jpg").write_bytes(b"earlier")
    before = {path.read_bytes() for path in (*dirty.rglob("*.jpg"), *work.rglob("aside/**/*.jpg"))}
    assert cli("doctor", dirty, "--quarantine", "aside")[0] == 1
    after = {path.read_bytes() for path in (*dirty.rglob("*.jpg"), *work.rglob("aside/**/*.jpg"))}
    assert before == after
    code, out, _ = cli("doctor", "--restore", "aside", "--json")
    assert code == 0 and json.loads(out)["restored"] > 8
    assert (dirty / "train" / "beagle" / "bad-2.jpg").read_bytes() == b"broken bad-2.jpg"


def test_a_link_goes_aside_and_comes_back(cli: Cli, dirty: Path, work: Path) -> None:
    (work / "pool").mkdir()
    (work / "pool" / "x.jpg").write_bytes(b"broken")
    link = dirty / "train" / "beagle" / "link.jpg"
    link.symlink_to("../../../pool/x.jpg")
    cli("doctor", dirty, "--quarantine", "aside")
    assert not link.is_symlink() and (work / "pool" / "x.jpg").exists()
    assert cli("doctor", "--restore", "aside")[0] == 0
    assert link.is_symlink() and link.read_bytes() == b"broken"
