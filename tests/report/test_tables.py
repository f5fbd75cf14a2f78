"""What ends a run: the table on the terminal, `comparison.csv`, and the curves."""

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from fastcnn.narrator import Narrator
from fastcnn.report.curves import curves_figure, write_curves
from fastcnn.report.tables import comparison_table, show_run, write_comparison
from fastcnn.run_folder import Run


def entry(accuracy: float, seconds: float, trainable: int) -> dict[str, Any]:
    """What the record keeps of a strategy."""
    return {
        "metrics": {
            "accuracy": accuracy,
            "accuracy_ci": [accuracy - 0.021, accuracy + 0.019],
            "f1_macro": accuracy - 0.01,
            "loss": 0.31,
            "ece": 0.04,
            "majority_baseline": 0.04,
        },
        "seconds": {"train": seconds / 2, "total": seconds},
        "images_per_second": {"loader": 2345.6, "model": 2600.0, "together": 1234.56},
        "epochs": 6,
        "trainable_parameters": trainable,
        "total_parameters": 304_326_632,
    }


STRATEGIES = {
    "full": entry(0.934, 86_399.6, 304_326_632),
    "head": entry(0.912, 31.2, 18_981),
    "scratch": entry(0.4, 7000, 304_326_632),
}
VERDICT = "full is better than head: 0.934 against 0.912."
PAIR = {"a": "full", "b": "head", "bootstrap_ci": [0.0031, 0.0412]}


def repeated(entry: dict[str, Any], mean: float, names: list[str]) -> dict[str, Any]:
    """Add to an entry what several repeats leave."""
    return {
        **entry,
        "seconds": {**entry["seconds"], "all_repeats": 3 * entry["seconds"]["total"]},
        "repeats": [{"name": name, "n_valid": 1478} for name in names],
        "accuracy_mean": mean,
        "accuracy_mean_ci": [mean - 0.02, mean + 0.02] if len(names) > 1 else None,
    }


def run_of(folder: Path, strategies: dict[str, Any]) -> Run:
    """Write a record as a finished run has it and open it."""
    compared = {"winner": "full", "verdict": VERDICT, "pairs": [PAIR]}
    record = {
        "status": "done",
        "recipe": "pets",
        "data": {"source": "given", "n_valid": 1478, "classes": [f"breed {n}" for n in range(37)]},
        "weights": {"arch": "vit_large_patch14_reg4_dinov2.lvd142m"},
        "strategies": strategies,
        "comparison": compared if len(strategies) > 1 else None,
    }
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(record))
    return Run(folder)


def rendered(table: object, width: int = 80) -> str:
    """Print to a terminal of so many columns."""
    text = io.StringIO()
    Console(width=width, file=text).print(table)
    return text.getvalue()


def history(epochs: int, phases: list[str] | None = None) -> pd.DataFrame:
    """A history as `pd.read_csv` gives it."""
    numbers = range(1, epochs + 1)
    return pd.DataFrame(
        {
            "phase": phases or ["head"] * epochs,
            "epoch": numbers,
            "train_loss": [1 / n for n in numbers],
            "valid_loss": [1.5 / n for n in numbers],
            "accuracy": [1 - 0.5 / n for n in numbers],
        }
    )


def test_the_table_fits_into_80_columns(tmp_path: Path) -> None:
    """Even for the largest models and a day of training, with no number cut off."""
    text = rendered(comparison_table(run_of(tmp_path, STRATEGIES)))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text and "37 classes" in text and "1478 held-out images" in text
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert lines["head"] == ["0.912", "0.891", "to", "0.931", "31", "18,981", "1234.6"]
    assert lines["full"][:2] == ["0.934", "0.913"] and lines["full"][4:6] == [
        "86400",
        "304,326,632",
    ]


def test_the_table_of_one_strategy(tmp_path: Path) -> None:
    text = rendered(comparison_table(run_of(tmp_path, {"head": STRATEGIES["head"]})))
    assert "0.912" in text and "full" not in text


def test_comparison_csv_has_a_row_a_strategy(tmp_path: Path) -> None:
    write_comparison(STRATEGIES, tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv", index_col="strategy")
    assert list(table.index) == ["full", "head", "scratch"]
    assert table.loc["full", "accuracy"] == 0.934
    assert table.loc["head", "seconds_total"] == 31.2
    assert table.loc["head", "trainable_parameters"] == 18_981
    assert table["accuracy_low"].lt(table["accuracy"]).all()
    assert table["accuracy_high"].gt(table["accuracy"]).all()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("seed", "1478 held-out images, 3 seeds"), ("fold", "4434 images in 3 folds")],
)
def test_of_repeats_the_mean_is_shown(tmp_path: Path, kind: str, words: str) -> None:
    """And said to be one; the numbers of the first repeat stay in the file."""
    names = [f"{kind}-{number}" for number in (1, 2, 3)]
    means = {"full": 0.9287, "head": 0.91}
    strategies = {name: repeated(STRATEGIES[name], mean, names) for name, mean in means.items()}
    run = run_of(tmp_path, strategies)
    run.record["settings"] = {"folds": 3 if kind == "fold" else None}
    text = rendered(comparison_table(run))
    assert max(map(len, text.splitlines())) <= 80
    assert words in " ".join(text.split())
    assert "0.929   0.909 to 0.949" in text and "0.934" not in text
    assert f"mean over the {kind}s" in text and f"of {kind} 1" in " ".join(text.split())
    write_comparison(strategies, tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv", index_col="strategy")
    assert list(table["accuracy"]) == [0.934, 0.912]
    assert list(table["accuracy_mean"]) == list(means.values())
    assert table.loc["head", "accuracy_mean_low"] == pytest.approx(0.89)
    assert list(table["repeats"]) == [3, 3]
    assert table.loc["head", "seconds_all_repeats"] == pytest.approx(93.6)


def test_of_the_only_repeat_so_far_its_own_numbers_are_shown(tmp_path: Path) -> None:
    """As an interrupted run leaves them."""
    run = run_of(tmp_path, {"head": repeated(STRATEGIES["head"], 0.912, ["seed-42"])})
    run.record["settings"] = {"folds": None}
    assert "0.912   0.891 to 0.931" in rendered(comparison_table(run))


@pytest.mark.parametrize("quiet", [False, True])
def test_a_run_ends_with_its_verdict_and_its_place(
    work: Path, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    """`--quiet` keeps the result; the next step is a command that can be pasted."""
    run = run_of(work / "my run", STRATEGIES)
    show_run(run, Narrator(Console(width=80), quiet=quiet))
    lines = capsys.readouterr().out.splitlines()
    assert VERDICT in lines
    beside = "paired bootstrap, 95 % interval: full against head +0.3 to +4.1 points"
    assert (beside in lines) == (not quiet)
    (where,) = [line for line in lines if line.startswith("run: ")]
    assert "my run" in where and str(work) not in where
    following = [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
    assert len(following) == (0 if quiet else 1)
    for command in following:
        assert shlex.split(command) == ["fastcnn", "predict", "my run", "PICTURE.jpg"]


def test_one_strategy_that_learned_nothing_is_said_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the terminal, `--quiet` too, and in a notebook; of one that learned what it is worth."""
    poor = run_of(tmp_path / "poor", {"head": entry(0.03, 9, 1)})
    good = run_of(tmp_path / "good", {"head": entry(0.9, 9, 1)})
    for run in (poor, good):
        show_run(run, Narrator(Console(width=80), quiet=True))
        said = " ".join(capsys.readouterr().out.split())
        nothing = "Nothing was learned that accuracy shows: 0.030 on 1,478 images"
        assert (nothing in said) == (run is poor)
        assert ("head is right on 0.900 of 1,478 held-out images" in said) == (run is good)
    assert "Nothing was learned" in poor._repr_html_()
    assert "learned" not in good._repr_html_()
    assert "head is right on 0.900" in good._repr_html_()


def test_a_figure_has_a_labelled_line_a_strategy() -> None:
    """Loss and accuracy side by side, with titles, in colours that tell strategies apart."""
    phases = ["head", "all", "all"]
    histories = {"full": history(3, phases), "head": history(3), "scratch": history(5)}
    loss, accuracy = curves_figure(histories, "pets").axes
    for axes in (loss, accuracy):
        assert axes.get_title(loc="left") and axes.get_xlabel() == "epoch"
    lines = {line.get_label(): line for line in accuracy.lines if line.get_label()[0] != "_"}
    assert list(lines) == ["full", "head", "scratch"]
    assert lines["full"].get_ydata() == pytest.approx(100 * histories["full"]["accuracy"])
    assert list(lines["scratch"].get_xdata()) == [1, 2, 3, 4, 5]
    assert len({line.get_color() for line in lines.values()}) == 3
    shown = {text.get_text() for axes in (loss, accuracy) for text in axes.get_legend().texts}
    held_out = {f"{name}, held out" for name in histories}
    assert shown == {*histories, *held_out, *(f"{name}, training" for name in histories)}


def test_only_a_change_of_phase_is_marked() -> None:
    """A line between the epochs where the body begins to learn, none where it never does."""
    _, accuracy = curves_figure({"full": history(3, ["head", "all", "all"])}, "pets").axes
    marks = [list(line.get_xdata()) for line in accuracy.lines if line.get_label()[0] == "_"]
    assert marks == [[1.5, 1.5]]
    _, accuracy = curves_figure({"head": history(3)}, "pets").axes
    assert [line.get_label() for line in accuracy.lines] == ["head"]


def test_one_strategy_of_one_epoch_makes_a_picture(tmp_path: Path) -> None:
    (tmp_path / "head").mkdir()
    history(1).to_csv(tmp_path / "head" / "history.csv", index=False)
    write_curves(tmp_path, ["head"], "pets")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG" and picture.width > picture.height > 300
        colours = picture.convert("RGB").getcolors(maxcolors=2**24)
    assert colours and any(colour == (0, 114, 178) for _, colour in colours)


def test_a_drawn_sample_never_passes_for_the_real_set(tmp_path: Path) -> None:
    """Neither on the terminal nor in the picture."""
    run = run_of(tmp_path / "run", {"head": STRATEGIES["head"]})
    run.record["data"]["source"] = "pets, drawn sample (37 invented breeds)"
    out = io.StringIO()
    Console(file=out, width=80).print(comparison_table(run))
    assert "drawn sample" in " ".join(out.getvalue().split())
    figure = curves_figure({"head": history(3)}, run.title)
    assert "drawn sample" in figure.get_suptitle()
