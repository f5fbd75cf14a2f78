"""The page that explains networks: each of its numbers is one of `fastcnn summary`'s."""

import re
from pathlib import Path
from typing import Any

from fastcnn.models.architectures import find_architecture
from fastcnn.models.summary.describe import summarise

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "networks.md").read_text("utf-8")
ARCHITECTURES = ("resnet18", "vgg16_bn", "resnet50")
BATCH_NORM = 2
"""Numbers that it learns a channel."""


def documents() -> dict[str, dict[str, Any]]:
    return {arch: summarise(find_architecture(arch), 224).to_json() for arch in ARCHITECTURES}


def line_of(row: dict[str, Any]) -> str:
    cells = [
        row["name"],
        row["kind"],
        "x".join(map(str, row["output"])),
        *("-" if row[name] is None else str(row[name]) for name in ("kernel", "stride", "padding")),
        f"{row['parameters']:,}",
        f"{row['multiply_adds']:,}",
        str(row["receptive_field"]),
    ]
    return f"| {' | '.join(cells)} |"


def test_the_tables_are_the_summarys_rows() -> None:
    found = documents()
    on_page = [line for line in PAGE.splitlines() if re.match(r"\| (?!block)\S", line)]
    vgg = ("features.13", "features.14", "features.17", "features.20", "classifier.0")
    rows = [*found["resnet18"]["rows"]]
    rows += [row for row in found["vgg16_bn"]["rows"] if row["name"] in vgg]
    assert on_page == [line_of(row) for row in rows]


def test_every_large_number_is_counted() -> None:
    found = documents()
    numbers = {1000, 4096}
    for document in found.values():
        numbers |= {document["parameters"], document["multiply_adds"]}
        numbers |= {
            row[name] for row in document["rows"] for name in ("parameters", "multiply_adds")
        }
    first = found["resnet18"]["rows"][0]
    channels, height, width = first["output"]
    weights = first["parameters"] - BATCH_NORM * channels
    numbers |= {weights, channels * height * width}
    of_vgg = {row["name"]: row for row in found["vgg16_bn"]["rows"]}
    c = of_vgg["features.17"]["output"][0]
    numbers |= {27 * c * c, 49 * c * c}
    on_page = {int(text.replace(",", "")) for text in re.findall(r"\d{1,3}(?:,\d{3})+", PAGE)}
    assert on_page <= numbers
    assert weights == 7 * 7 * 3 * channels
    assert weights * height * width == first["multiply_adds"]
    assert f"{round(224 * 224 * 3 * channels * height * width / 1e9)} billion" in PAGE


def test_the_worked_example_of_the_receptive_field() -> None:
    fields = [row["receptive_field"] for row in documents()["resnet18"]["rows"][:3]]
    assert fields == [7, 7 + 2 * 2, 11 + 2 * 4 + 2 * 4]
    assert "11 + 2 * 4 + 2 * 4 = 27" in PAGE
