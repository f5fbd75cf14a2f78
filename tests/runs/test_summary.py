"""`fastcnn summary` as a user meets it."""

import json
from collections.abc import Callable

import pytest

Cli = Callable[..., tuple[int, str, str]]
ROW = [
    *("name", "kind", "output", "kernel", "stride", "padding"),
    *("parameters", "multiply_adds", "receptive_field", "group"),
]


def test_json_is_the_contracts_document(cli: Cli) -> None:
    code, out, err = cli("summary", "test_resnet", "--size", "64", "--classes", "5", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert list(document) == ["arch", "input_size", "parameters", "multiply_adds", "rows"]
    assert (document["arch"], document["input_size"]) == ("test_resnet", 64)
    assert all(list(row) == ROW for row in document["rows"])
    assert document["rows"][-1]["output"] == [5]
    assert document["rows"][-1]["group"] == "head"


@pytest.mark.parametrize(
    "arch", ["tf_efficientnet_lite0", "densenet121", "sprint", "regnety_002", "test_vit"]
)
def test_the_table_fits_80_columns_and_loses_nothing(cli: Cli, arch: str) -> None:
    code, out, _ = cli("summary", arch)
    table = [line.rstrip() for line in out.splitlines()[1:] if not line.startswith("memory:")]
    table = table[: next(n for n, line in enumerate(table) if line.startswith("sees:"))]
    assert code == 0
    assert max(map(len, table)) <= 80
    assert "…" not in "".join(line.replace(",…", "") for line in table)  # of lists, not of names
    assert sum(line.startswith("head") for line in table) == 1


def test_marks_are_explained_where_they_stand_and_only_there(cli: Cli) -> None:
    _, gated, _ = cli("summary", "regnety_002")
    _, plain, _ = cli("summary", "test_resnet")
    assert "*: scales its map by means of the whole picture" in gated
    assert "*" not in plain
    assert "?:" not in plain


def test_quiet_leaves_the_explanations_out(cli: Cli) -> None:
    _, out, _ = cli("summary", "sprint", "--quiet")
    assert "memory:" in out
    assert "sees:" not in out


def test_a_name_that_nobody_knows(cli: Cli) -> None:
    code, out, err = cli("summary", "resnet81")
    assert (code, out) == (2, "")
    assert "did you mean 'resnet18'?" in err


def test_a_size_that_does_not_fit_names_one_that_does(cli: Cli) -> None:
    code, _, err = cli("summary", "test_vit", "--size", "97")
    assert code == 2
    assert "hint: fastcnn summary test_vit --size 160" in err
