"""Tables, archives and folders with a rule: understood, or refused in words that help."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from fastcnn.data.archives import unpacked
from fastcnn.data.listing import Listing
from fastcnn.data.reader import read_listing
from fastcnn.errors import DataError, UsageError
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings, resolve_settings

ROWS = [("1.png", "cat", "train", "a"), ("2.png", "dog", "Val", "a"), ("3.png", "cat", "test", "b")]


def read(path: Path, **settings: str) -> Listing:
    return read_listing(path, Settings(**settings), Narrator(quiet=True))  # type: ignore[arg-type]


def png() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["Filename", "label", "split", "animal"])


def shown(listing: Listing) -> list[tuple[str, str, str | None]]:
    return [(p.name, label, listing.parts.get(p)) for p, label in listing.labels.items()]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_table_with_usual_names(suffix: str, table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / f"set.{suffix}"
    if suffix == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="," if suffix == "csv" else "\t")
    assert shown(read(path)) == [
        ("1.png", "cat", "train"),
        ("2.png", "dog", "valid"),
        ("3.png", "cat", "test"),
    ]
    assert read(path, group_by="animal").groups[tmp_path / "2.png"] == "a"


def test_columns_are_named_and_paths_may_be_absolute(tmp_path: Path) -> None:
    here = tmp_path / "pictures"
    pd.DataFrame({"where": [here / "1.png", "x/2.png"], "what": [1, 2]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    found = read(tmp_path / "t.csv", image_col="where", label_col="what")
    assert dict(found.labels) == {here / "1.png": "1", tmp_path / "x" / "2.png": "2"}


@pytest.mark.parametrize(
    ("columns", "settings", "words"),
    [
        ({"x": ["1.png"], "label": ["cat"]}, {}, "--image-col"),
        ({"path": ["1.png"], "y2": ["cat"]}, {}, "--label-col"),
        ({"path": ["1.png"], "label": ["cat"]}, {"label_col": "lable"}, "did you mean 'label'"),
        ({"path": ["1.png", "1.png"], "label": ["a", "b"]}, {}, "two rows"),
        ({"path": ["1.png", "2.png"], "label": ["a", ""]}, {}, "row 3"),
        (
            {"path": ["1.png"], "label": ["a"], "when": ["later"]},
            {"split_col": "when"},
            "'later'",
        ),
    ],
)
def test_a_table_that_cannot_be_used(
    columns: dict[str, list[str]], settings: dict[str, str], words: str, tmp_path: Path
) -> None:
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError) as raised:
        read(tmp_path / "t.csv", **settings)
    said = " ".join(f"{one.message} {one.hint}" for one in raised.value.problems)
    assert words in said


def test_names_that_say_the_class(tmp_path: Path) -> None:
    for name in ("pug_1.png", "great_dane_2.png"):
        (tmp_path / name).write_bytes(png())
    with pytest.raises(DataError, match="no folder of images for each class"):
        read(tmp_path)
    labels = read(tmp_path, label_regex="(.+)_[0-9]+").labels
    assert sorted(labels.values()) == ["great_dane", "pug"]
    with pytest.raises(UsageError, match="finds no class"):
        read(tmp_path, label_regex="(cat)")
    with pytest.raises(UsageError, match="regular expression"):
        resolve_settings({"label_regex": "("})


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz"])
def test_an_archive_is_unpacked_once(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"set.{suffix}"
    members = {f"wrapped/{label}/{n}.png": png() for n, label in enumerate("abab")}
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, f"w:{suffix[4:]}") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    found = read(path)
    assert sorted(found.labels.values()) == ["a", "a", "b", "b"]
    before = {file: file.stat().st_mtime_ns for file in found.labels}
    assert {file: file.stat().st_mtime_ns for file in read(path).labels} == before


def packed(path: Path, name: str) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, png())
    else:
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(png())
            archive.addfile(member, io.BytesIO(png()))
    return path


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "/tmp/out.png", "..\\out.png"])
def test_no_member_is_written_outside(suffix: str, name: str, tmp_path: Path) -> None:
    path = packed(tmp_path / f"bad{suffix}", name)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="outside"):
        unpacked(path, Narrator(quiet=True))
    assert set(tmp_path.rglob("*")) == before


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(300 * 2**20))
    with pytest.raises(DataError, match="images never do"):
        unpacked(tmp_path / "bomb.zip", Narrator(quiet=True))


def test_a_link_in_an_archive_leads_nowhere(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        member = tarfile.TarInfo("a/passwd.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
        archive.add(packed(tmp_path / "x.zip", "b/1.png"), "b/x.zip")
    folder = unpacked(tmp_path / "links.tar", Narrator(quiet=True))
    assert not [path for path in folder.rglob("*") if os.path.islink(path)]


def test_what_is_none_of_these(tmp_path: Path) -> None:
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(DataError, match=r"neither a folder, a table \(\.csv"):
        read(tmp_path / "a.doc")
    with pytest.raises(DataError, match="does not exist"):
        read(tmp_path / "nothing")
    (tmp_path / "damaged.zip").write_bytes(b"PK not a zip")
    with pytest.raises(DataError, match="cannot be unpacked"):
        read(tmp_path / "damaged.zip")


def test_a_table_of_excels_with_a_column_called_part(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"image": ["1.png", "2.png"], "label": ["a", "b"], "part": ["hand", "foot"]}
    )
    table.to_csv(tmp_path / "t.csv", index=False, encoding="utf-8-sig")
    found = read(tmp_path / "t.csv")
    assert sorted(found.labels.values()) == ["a", "b"] and not found.parts


def test_a_table_beside_class_folders_in_an_archive_is_not_the_data(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a/1.png", png())
        archive.writestr("b/2.png", png())
        archive.writestr("sample_submission.csv", "x,y\n1,2\n")
    assert sorted(read(tmp_path / "set.zip").labels.values()) == ["a", "b"]


def test_an_archive_with_a_broken_member(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", os.urandom(4000))
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be unpacked"):
        read(path)
