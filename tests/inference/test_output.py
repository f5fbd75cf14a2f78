"""Predictions: which files go in, and what comes out as a file or as JSON."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from fastcnn.errors import DataError, UsageError
from fastcnn.inference.output import (
    image_files,
    prediction_display,
    prediction_records,
    require_writable_format,
    write_predictions,
)

COLUMNS = ["path", "predicted", "probability", "top", "error"]


@pytest.fixture
def folder(work: Path) -> Path:
    """A folder as users have them: pictures, other files, and folders below."""
    for name in ("b.JPG", "a.png", "notes.txt", "labels.csv", "deep/er/c.jpeg", "deep/d.webp"):
        path = work / "shots" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (work / "shots" / "folder.jpg").mkdir()
    return work / "shots"


def predictions() -> pd.DataFrame:
    """Three rows as `Predictor.predict` gives them; the second image cannot be read."""
    rows = [
        ("shots/a, b.png", "golden retriever", 0.75, [["golden retriever", 0.75], ["猫", 0.25]]),
        ("shots/broken.jpg", None, float("nan"), []),
        ('shots/"Größe".png', "猫", 1 / 3, [["猫", 1 / 3], ["golden retriever", 0.125]]),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS[:4])
    table["error"] = [None, "cannot identify image file\nshots/broken.jpg", None]
    return table.astype({"predicted": object, "error": object})


def test_a_folder_stands_for_all_images_below_it(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in image_files([str(folder)])]
    assert found == ["a.png", "b.JPG", "deep/d.webp", "deep/er/c.jpeg"]


def test_a_document_beside_the_pictures_is_no_image(folder: Path) -> None:
    """Pillow knows endings that it can write but not read, such as .pdf."""
    (folder / "report.pdf").touch()
    assert folder / "report.pdf" not in image_files([str(folder)])


def test_files_are_taken_as_they_are_in_the_order_given(folder: Path) -> None:
    """A file named by the user is tried, whatever its ending."""
    given = [str(folder / "deep"), "shots/notes.txt", "shots/a.png"]
    names = [path.name for path in image_files(given)]
    assert names == ["d.webp", "c.jpeg", "notes.txt", "a.png"]


def test_a_file_whose_name_begins_with_a_tilde(work: Path) -> None:
    """Such are no home folders; whether the file is there or not, no traceback ends it."""
    Path("~$cat.jpg").touch()
    assert [path.name for path in image_files(["~$cat.jpg"])] == ["~$cat.jpg"]
    with pytest.raises(DataError, match="does not exist"):
        image_files(["~nobody-of-this-name/cat.jpg"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.jpg", "nowhere.jpg does not exist, expected an image or a folder of images"),
        ("empty", "empty holds no images, expected an image or a folder of images"),
        ("only-text", "only-text holds no images, expected an image or a folder of images"),
    ],
)
def test_nothing_to_predict_is_said_before_the_model_is_opened(
    folder: Path, work: Path, given: str, message: str
) -> None:
    """One bad path among good ones is named, with exit code 3."""
    (work / "empty").mkdir()
    (work / "only-text").mkdir()
    (work / "only-text" / "notes.txt").touch()
    with pytest.raises(DataError) as caught:
        image_files([str(folder), given])
    assert (str(caught.value), caught.value.exit_code) == (message, 3)
    assert caught.value.problems[0].hint


@pytest.mark.parametrize("name", ["p.csv", "deep/p.jsonl", "my results.parquet"])
def test_formats_that_can_be_written(name: str) -> None:
    assert require_writable_format(name) == Path(name)


@pytest.mark.parametrize(
    ("name", "example"), [("p.xlsx", "p.csv"), ("out", "out.csv"), ("p.csv.gz", "p.csv.csv")]
)
def test_other_formats_are_refused_with_an_example(name: str, example: str) -> None:
    with pytest.raises(UsageError, match=r"expected a name that ends in \.csv") as caught:
        require_writable_format(name)
    assert caught.value.exit_code == 2
    assert caught.value.problems[0].hint == f"for example --out {example}"


def test_a_missing_probability_is_null() -> None:
    """JSON knows no NaN; what could not be read has its reason and nothing else."""
    records = prediction_records(predictions())
    assert [list(record) for record in records] == [COLUMNS] * 3
    assert records[1]["probability"] is None and records[1]["predicted"] is None
    assert records[1]["top"] == [] and records[1]["error"].startswith("cannot identify")
    assert records[0]["error"] is None and records[2]["probability"] == 1 / 3
    assert json.loads(json.dumps(records, allow_nan=False)) == records


def test_json_lines_hold_the_records(work: Path) -> None:
    write_predictions(predictions(), Path("out/p.jsonl"))
    lines = Path("out/p.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == prediction_records(predictions())
    assert "NaN" not in "".join(lines) and "猫" in lines[0]


@pytest.mark.parametrize("name", ["out/p.csv", "out/p.parquet"])
def test_tables_read_back_as_they_were_written(work: Path, name: str) -> None:
    """Commas, quotes, line ends and other scripts included; `top` is JSON in both."""
    expected = predictions()
    write_predictions(expected, Path(name))
    table = pd.read_csv(name) if name.endswith(".csv") else pd.read_parquet(name)
    assert list(table) == COLUMNS
    assert table["path"].tolist() == expected["path"].tolist()
    assert table["probability"].iloc[[0, 2]].tolist() == [0.75, 1 / 3]
    assert math.isnan(table["probability"][1])
    assert table["predicted"].iloc[[0, 2]].tolist() == ["golden retriever", "猫"]
    assert [json.loads(top) for top in table["top"]] == expected["top"].tolist()
    assert table["error"].isna().tolist() == [True, False, True]
    assert table["predicted"].isna().tolist() == [False, True, False]
    assert table["error"][1] == expected["error"][1]
    assert expected["top"][0] == [["golden retriever", 0.75], ["猫", 0.25]], "changed in place"


def test_a_table_without_any_error_is_written_too(work: Path) -> None:
    """A column of nothing but None has no type of its own in Parquet."""
    fine = predictions().iloc[[0]]
    for name in ("p.csv", "p.parquet", "p.jsonl"):
        write_predictions(fine, Path(name))
    assert pd.read_parquet("p.parquet")["error"].isna().all()
    assert len(pd.read_csv("p.csv")) == len(pd.read_json("p.jsonl", lines=True)) == 1


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_the_terminal_shows_what_cannot_be_read(nothing: float | None) -> None:
    """And only that, whichever way pandas of this or that version writes "no error"."""
    table = predictions()
    errors = [nothing, table["error"][1], nothing]
    display = prediction_display(table.assign(error=pd.Series(errors, dtype=object)))
    classes, probabilities = (list(column.cells) for column in display.columns[1:])
    assert [str(cell) for cell in classes] == ["golden retriever", "cannot be read", "猫"]
    assert probabilities == ["0.750", "", "0.333"]
