"""An ablation from the command line: every row, column and seed, compared and kept."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcnn.models.architectures import find_architecture
from fastcnn.recipe_book import find_recipe
from fastcnn.run_folder import Run
from fastcnn.settings import resolve_settings

Cli = Callable[..., tuple[int, str, str]]
MINE = '''
"""Two networks.

    fastcnn recipe mine.py
"""
from dataclasses import replace
from fastcnn.recipes.pets import RECIPE as pets
from fastcnn.recipe import Ablation

ROWS = {"plain": {}, "+ BatchNorm": {"arch": "three-conv-bn"}}
COLUMNS = {"batches of 8": {"bs": 8}, "batches of 2": {"bs": 2}}
RECIPE = replace(
    pets,
    title="what a norm is worth",
    ablation=Ablation(ROWS, COLUMNS, n_seeds=2),
    defaults={"arch": "three-conv", "strategy": "scratch", "size": 16, "epochs": 2, "lr": "0.01"},
)
'''


@pytest.fixture
def mine(work: Path) -> str:
    (work / "mine.py").write_text(MINE)
    return "./mine.py"


@pytest.mark.slow
def test_every_training_is_kept_and_the_seeds_are_summed_up(
    cli: Cli, small_pets: Path, mine: str
) -> None:
    code, out, err = cli("recipe", mine, "--data", str(small_pets), "--out", "r")
    assert code == 0, err
    rows = list(csv.DictReader(Path("r/ablation.csv").open()))
    places = {(row["row"], row["column"], row["seed"]) for row in rows}
    assert len(places) == len(rows) == 2 * 2 * 2
    assert {row["seed"] for row in rows} == {"42", "43"}
    record = json.loads(Path("r/run.json").read_text("utf-8"))
    assert record["status"] == "done"
    assert record["ablation"][-1]["network"].startswith("three-conv:filters=32-64-128")
    assert set(record["settings"]["measured"]) == {
        f"{arch}, 16 px, cpu, training of everything" for arch in ("three-conv", "three-conv-bn")
    }
    epochs = list(csv.DictReader(Path("r/ablation_history.csv").open()))
    assert len(epochs) == 2 * len(rows)
    for line in record["ablation"]:
        own = [
            float(row["accuracy"])
            for row in rows
            if (row["row"], row["column"]) == (line["row"], line["column"])
        ]
        assert line["accuracy"] == pytest.approx(sum(own) / 2)
        low, high = line["accuracy_ci"] or line["accuracies"]  # none of seeds that score the same
        assert low <= line["accuracy"] <= high or line["accuracy_ci"] is None
        assert (line["accuracy_ci"] is None) == (len(set(line["accuracies"])) == 1)
    assert Path("r/ablation.png").stat().st_size > 10_000
    table = out[out.index("accuracy  ") :]
    assert "+ BatchNorm" in table and "±" in table
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.slow
def test_a_row_that_fails_ends_no_other(cli: Cli, small_pets: Path, mine: str) -> None:
    text = Path(mine).read_text()
    wild = '"wild": {"opt": "sgd", "lr": "1e30"}'
    Path(mine).write_text(text.replace('"+ BatchNorm": {"arch": "three-conv-bn"}', wild))
    code, out, err = cli("recipe", mine, "--data", str(small_pets), "--out", "r")
    assert code == 0, err
    rows = list(csv.DictReader(Path("r/ablation.csv").open()))
    assert {(row["row"], bool(row["accuracy"])) for row in rows} == {
        *(("plain", True), ("wild", False))
    }
    assert all(bool(row["reason"]) != bool(row["accuracy"]) for row in rows)
    assert {row["reason"][:15] for row in rows} == {"", "the loss became"}
    assert all(len(row["reason"].splitlines()) < 2 for row in rows)
    assert "failed" in out and "4 trainings failed" in out
    shown = Run("r")._repr_html_()
    assert "failed" in shown and "cannot be drawn" not in shown
    record = json.loads(Path("r/run.json").read_text("utf-8"))
    assert [line["settings"].get("opt") for line in record["ablation"]] == [
        None,
        None,
        *["sgd"] * 2,
    ]


def test_what_is_wrong_with_a_row_is_told_before_the_first_training(
    cli: Cli, small_pets: Path, mine: str
) -> None:
    text = Path(mine).read_text()
    Path(mine).write_text(text.replace('"three-conv-bn"', '"three-conv:kernel=4"'))
    code, out, err = cli("recipe", mine, "--data", str(small_pets), "--out", "r")
    assert code == 2
    assert "kernel is '4'" in err and "1 of 8" not in out


@pytest.mark.slow
def test_the_same_ablation_finds_the_same(cli: Cli, small_pets: Path, mine: str) -> None:
    for folder in ("a", "b"):
        options = ("--data", str(small_pets), "--out", folder, "--epochs", "1", "--quiet")
        assert cli("recipe", mine, *options)[0] == 0
    first, second = (
        [
            (row["accuracy"], row["loss"])
            for row in csv.DictReader(Path(f"{name}/ablation.csv").open())
        ]
        for name in "ab"
    )
    assert first == second


def test_what_the_rows_set_cannot_be_given(cli: Cli, small_pets: Path, mine: str) -> None:
    code, _, err = cli("recipe", mine, "--data", str(small_pets), "--arch", "sprint", "--bs", "4")
    assert code == 2
    assert "--arch, --bs would do nothing" in err


def test_rows_are_repeated_by_the_recipe_alone(cli: Cli, small_pets: Path, mine: str) -> None:
    options = ("--data", str(small_pets), "--seeds", "3")
    code, _, err = cli("recipe", mine, *options)
    assert code == 2
    assert "--seeds would do nothing: an ablation repeats each row" in err


@pytest.mark.slow
def test_rows_that_stop_early_are_compared_too(cli: Cli, small_pets: Path, mine: str) -> None:
    options = ("--epochs", "4", "--early-stop", "1", "--quiet")
    code, _, err = cli("recipe", mine, "--data", str(small_pets), "--out", "r", *options)
    assert code == 0, err
    assert len(list(csv.DictReader(Path("r/ablation.csv").open()))) == 8


def test_one_strategy_for_all_rows(cli: Cli, small_pets: Path, mine: str) -> None:
    options = ("--strategy", "full-vs-head", "--out", "r")
    code, _, err = cli("recipe", mine, "--data", str(small_pets), *options)
    assert code == 2
    assert "the rows are what is compared" in err
    assert not Path("r").exists()


@pytest.mark.slow
def test_an_earlier_run_does_not_change_what_the_rows_are(
    cli: Cli, small_pets: Path, mine: str
) -> None:
    earlier = {"settings": {"arch": "five-block", "bs": 3, "epochs": 1}}
    Path("run.json").write_text(json.dumps(earlier))
    options = ("--config", "run.json", "--out", "r", "--quiet")
    code, _, err = cli("recipe", mine, "--data", str(small_pets), *options)
    assert code == 0, err
    record = json.loads(Path("r/run.json").read_text("utf-8"))
    assert (record["settings"]["arch"], record["settings"]["epochs"]) == ("three-conv", 1)


@pytest.mark.slow
def test_no_model_is_left_to_predict_with(cli: Cli, small_pets: Path, mine: str) -> None:
    options = ("--data", str(small_pets), "--out", "r", "--epochs", "1", "--quiet")
    assert cli("recipe", mine, *options)[0] == 0
    code, _, err = cli("predict", "r", str(small_pets))
    assert code == 2
    assert "keeps no model" in err


def test_it_is_no_comparison_of_strategies(cli: Cli, small_pets: Path, mine: str) -> None:
    code, _, err = cli("recipe", mine, "--data", str(small_pets), "--dry-run")
    assert code == 2
    assert "compares 2 rows" in err


def test_rows_and_columns_of_the_bundled_one_are_settings_that_there_are() -> None:
    recipe = find_recipe("cifar10_ablation")
    assert recipe.ablation is not None
    for row in recipe.ablation.rows.values():
        for column in recipe.ablation.columns.values():
            settings = resolve_settings(recipe.defaults, row, column)
            assert find_architecture(settings.arch).is_own
