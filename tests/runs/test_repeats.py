"""Runs with several seeds or folds: what they leave, and that every repeat is a whole training."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fastcnn
from fastcnn.narrator import Narrator
from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import subject_of

Cli = Callable[..., tuple[int, str, str]]
FILES = ("history.csv", "predictions.parquet", "export.pkl")


def train(data: Path, weights: Path, out: Path | str, **settings: Any) -> fastcnn.Run:
    usual = {
        **{"strategy": "head", "arch": "test_resnet", "weights": str(weights), "bs": 16},
        **{"size": 48, "precision": "fp32"},
    }
    return fastcnn.run("pets", data=data, out=out, **{**usual, **settings})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("module-home")


@pytest.fixture(scope="module")
def seeds(small_pets: Path, tiny_weights: Path, home: Path) -> fastcnn.Run:
    """Two strategies with two seeds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        both = {"strategy": "full-vs-head", "epochs": 1, "seeds": 2, "lr": "auto"}
        return train(small_pets, tiny_weights, home / "seeds", **both)


@pytest.fixture(scope="module")
def folds(small_pets: Path, tiny_weights: Path, home: Path) -> fastcnn.Run:
    """One strategy in two folds; pictures whose numbers end alike belong together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        return train(small_pets, tiny_weights, home / "folds", folds=2, group_by=GROUP)


GROUP = r"(\d)[.]jpg"
"""The last digit of the number, whatever the breed."""


def test_every_seed_leaves_what_a_run_leaves(seeds: fastcnn.Run) -> None:
    for strategy in ("full", "head"):
        folder = seeds.path / strategy
        for name in FILES:
            assert (folder / name).read_bytes() == (folder / "seed-42" / name).read_bytes()
            assert (folder / "seed-43" / name).is_file()
        assert (folder / "export.pkl").samefile(folder / "seed-42" / "export.pkl")
    curve = seeds.path / "full" / "lr_curve.csv"
    assert curve.samefile(seeds.path / "full" / "seed-42" / "lr_curve.csv")
    assert not (seeds.path / "head" / "lr_curve.csv").exists()  # solved, without any rate
    paths = [
        set(pd.read_parquet(seeds.path / "head" / name / "predictions.parquet")["path"])
        for name in ("seed-42", "seed-43")
    ]
    assert paths[0] != paths[1]


def test_the_record_has_every_seed_and_their_mean(seeds: fastcnn.Run) -> None:
    for entry in seeds.record["strategies"].values():
        repeats = entry["repeats"]
        assert [one["name"] for one in repeats] == ["seed-42", "seed-43"]
        assert [one["seed"] for one in repeats] == [42, 43]
        assert len({one["split_sha256"] for one in repeats}) == 2
        assert repeats[0]["metrics"] == entry["metrics"]
        accuracies = [one["metrics"]["accuracy"] for one in repeats]
        assert entry["accuracy_mean"] == pytest.approx(sum(accuracies) / 2)
        low, high = entry["accuracy_mean_ci"] or accuracies  # none of equal ones
        assert (entry["accuracy_mean_ci"] is None) == (accuracies[0] == accuracies[1])
        assert 0 <= low <= entry["accuracy_mean"] <= high <= 1
        taken = [one["seconds"]["total"] for one in repeats]
        assert entry["seconds"]["total"] == taken[0]
        assert entry["seconds"]["all_repeats"] == pytest.approx(sum(taken), abs=0.002)
        assert entry["selected_on_validation"] is False
    (pair,) = seeds.record["comparison"]["pairs"]
    means = [seeds.record["strategies"][name]["accuracy_mean"] for name in ("full", "head")]
    assert pair["seeds_difference"] == pytest.approx(means[0] - means[1])
    assert "over 2 seeds" in seeds.record["comparison"]["verdict"]


def test_each_seed_is_the_run_with_that_seed(
    seeds: fastcnn.Run, small_pets: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    """Which has neither pictures nor features from a training before it."""
    usual = {"strategy": "full", "epochs": 1, "lr": "auto"}
    alone = train(small_pets, tiny_weights, tmp_path / "r", seed=43, **usual)
    repeat = seeds.record["strategies"]["full"]["repeats"][1]
    assert alone.record["strategies"]["full"]["metrics"] == repeat["metrics"]
    assert alone.record["data"]["split_sha256"] == repeat["split_sha256"]
    pd.testing.assert_frame_equal(
        alone.predictions(),
        pd.read_parquet(seeds.path / "full" / "seed-43" / "predictions.parquet"),
    )


def test_a_model_of_a_repeat_can_be_opened(
    seeds: fastcnn.Run, home: Path, monkeypatch: pytest.MonkeyPatch, small_pets: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    picture = next(small_pets.glob("*.jpg"))
    assert len(fastcnn.load(seeds.path / "head" / "seed-43").predict([picture])) == 1


def test_folds_score_every_image_once(folds: fastcnn.Run, small_pets: Path) -> None:
    table = folds.predictions()
    assert sorted(table["path"]) == sorted(path.name for path in small_pets.glob("*.jpg"))
    entry = folds.record["strategies"]["head"]
    assert entry["metrics"]["accuracy"] == pytest.approx(table["correct"].mean())
    assert folds.n_scored == len(table) == 16
    parts = [
        pd.read_parquet(folds.path / "head" / one["name"] / "predictions.parquet")
        for one in entry["repeats"]
    ]
    assert [one["name"] for one in entry["repeats"]] == ["fold-1", "fold-2"]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), table)
    assert (folds.path / "head" / "export.pkl").samefile(
        folds.path / "head" / "fold-1" / "export.pkl"
    )


def test_a_model_is_asked_only_where_its_own_fold_has_answered(
    folds: fastcnn.Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers to all other pictures are of other models."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    page = render_page(subject_of(folds), narrator=Narrator(quiet=True))
    looked = set(re.findall(r"Where the model looked for \S+ in ([^\"]+)\"", page))
    held_out = pd.read_parquet(folds.path / "head" / "fold-1" / "predictions.parquet")["path"]
    assert looked and looked <= set(held_out)
    assert "Beside each picture that fold 1 held out, where its model looked" in page


def test_folds_keep_together_what_belongs_together(folds: fastcnn.Run) -> None:
    sides = [
        set(
            pd.read_parquet(folds.path / "head" / name / "predictions.parquet")["path"].str.extract(
                GROUP, expand=False
            )
        )
        for name in ("fold-1", "fold-2")
    ]
    assert len(sides[0] | sides[1]) < 16
    assert not sides[0] & sides[1]


def test_the_settings_of_a_run_repeat_its_folds(folds: fastcnn.Run, cli: Cli, work: Path) -> None:
    code, out, err = cli("recipe", "pets", "--config", folds.path, "--out", "r", "--json")
    assert code == 0, err
    found, expected = json.loads(out)["strategies"]["head"], folds.record["strategies"]["head"]
    assert found["metrics"] == expected["metrics"]
    for one, other in zip(found["repeats"], expected["repeats"], strict=True):
        assert one["metrics"] == other["metrics"]


@pytest.fixture
def parts(few_pets: Path, work: Path) -> Path:
    """Two breeds in folders that say which are held out, and which are for a test."""
    for number, file in enumerate(sorted(few_pets.glob("[ps]*.jpg")) + sorted(few_pets.glob("b*"))):
        part = ("train", "train", "val", "test")[number % 4]
        folder = work / "set" / part / file.stem.rsplit("_", 1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    return work / "set"


@pytest.mark.slow
def test_folds_of_data_that_say_what_is_held_out(
    cli: Cli, parts: Path, tiny_network: list[str]
) -> None:
    """Refused, with two ways out; the test part is scored once by each model of both."""
    given = ("train", parts, "--strategy", "head", *tiny_network, "--out", "r", "--quiet")
    code, _, err = cli(*given, "--folds", "2")
    assert code == 2
    assert "say what is held out" in err and "--split stratified" in err and "--seeds" in err
    assert not Path("r").exists()

    code, out, err = cli(*given, "--folds", "2", "--split", "stratified")
    assert code == 0, err
    entry = fastcnn.Run("r").record["strategies"]["head"]
    assert [one["test"]["n"] for one in entry["repeats"]] == [6, 6]
    assert entry["test"]["metrics"] == entry["repeats"][0]["test"]["metrics"]
    mean = sum(one["test"]["metrics"]["accuracy"] for one in entry["repeats"]) / 2
    assert entry["test"]["accuracy_mean"] == pytest.approx(mean)
    assert out.count("accuracy on the test part") == 1
    for place in ("", "fold-1", "fold-2"):
        assert len(pd.read_parquet(Path("r", "head", place, "test-predictions.parquet"))) == 6

    code, _, err = cli(*given, "--seeds", "2", "--force")
    assert code == 0, err
    run = fastcnn.Run("r")
    (said,) = run.record["events"]
    assert said.startswith("all 2 seeds are scored on the same images")
    assert not Path("r", "head", "fold-1").exists()


class Interrupting(Narrator):
    """Is interrupted when it is told of the second strategy's second repeat."""

    def say(self, text: str) -> None:
        """Raise instead of printing that."""
        if text.startswith(("seed 43, head", "fold 2, lp-ft")):
            raise KeyboardInterrupt


def test_what_there_is_stays_after_an_interrupt(
    small_pets: Path, tiny_weights: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Repeats that are over for all strategies, and how to have a page of them."""
    settings = {"strategy": "full-vs-head", "epochs": 1, "seeds": 3}
    with pytest.raises(KeyboardInterrupt):
        train(small_pets, tiny_weights, "r", narrator=Interrupting(quiet=True), **settings)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "what there is lies in r; fastcnn report r makes a page of it"
    )
    run = fastcnn.Run("r")
    assert run.record["status"] == "interrupted"
    found = {name: len(entry["repeats"]) for name, entry in run.record["strategies"].items()}
    assert found == {"full": 1, "head": 1}
    assert Path("r/full/seed-43/export.pkl").is_file()
    assert "Cost of seed 42" in run.record["comparison"]["verdict"]
    assert run.winner in run.strategies
    assert len(pd.read_csv("r/comparison.csv")) == 2
    assert not list(Path("r").rglob(".*"))


@pytest.mark.slow
def test_strategies_of_an_interrupted_fold_are_scored_on_the_same_images(
    small_pets: Path, tiny_weights: Path, work: Path
) -> None:
    settings = {"strategy": "head-vs-lp-ft", "epochs": 1, "folds": 3}
    with pytest.raises(KeyboardInterrupt):
        train(small_pets, tiny_weights, "r", narrator=Interrupting(quiet=True), **settings)
    run = fastcnn.Run("r")
    tables = [run.predictions(name) for name in ("head", "lp-ft")]
    assert list(tables[0]["path"]) == list(tables[1]["path"])
    assert len(tables[0]) == run.n_scored == run.record["data"]["n_valid"]
    assert [len(entry["repeats"]) for entry in run.record["strategies"].values()] == [1, 1]


@pytest.mark.slow
def test_a_dry_run_counts_all_repeats(
    cli: Cli, small_pets: Path, tiny_options: list[str], work: Path
) -> None:
    given = ("recipe", "pets", "--data", small_pets, *tiny_options, "--dry-run")
    given += ("--strategy", "full-vs-head")
    seconds = {}
    for n_seeds in (1, 20):
        code, out, err = cli(*given, "--seeds", n_seeds, "--json")
        assert code == 0, err
        document = json.loads(out)
        seconds[n_seeds] = document["seconds"]
        assert len(document["repeats"]) == (0 if n_seeds == 1 else n_seeds)
    assert seconds[20] > 5 * seconds[1]
    out = cli(*given, "--folds", "4")[1]
    assert "minutes for all 4 folds" in out
    assert list(work.iterdir()) == []
