"""The page: what it says of every kind of run, and that anyone can read it."""

import re
import shlex
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from read_page import Read
from stored_run import answers, draw_pictures, store_run

from fastcnn.cli.app import app
from fastcnn.errors import UsageError
from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import ScoredModel, Subject, subject_of
from fastcnn.report.page.verdict import verdict_of
from fastcnn.run_folder import Run

CLASSES = [f"kind {number}" for number in range(4)]


ODD = ["<script>alert(1)</script>", "a & 'b' \"c\"", "{{ 7 * 7 }}", "$x_1$"]
"""Names that nobody should give to a class."""
POINTS = [
    {
        "n": n,
        "share": n / 96,
        "accuracies": [score],
        "accuracy": score,
        "accuracy_ci": None,
        "training_accuracy": 1.0,
    }
    for n, score in ((24, 0.5), (48, 0.6), (96, 0.7))
]
CURVE = {
    "strategy": "full",
    "n_valid": 60,
    "points": POINTS,
    "doubling_gain": 0.1,
    "doubling_gain_ci": [0.05, 0.15],
    "verdict": "Twice as many help.",
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Read]:
    """A run that failed after its first strategy, its images gone since; and its page."""
    folder = tmp_path_factory.mktemp("odd")
    why = ["note", "TrainingError: the loss became infinite"]
    run = store_run(
        *(folder, ODD),
        strategies=("full",),
        n_test=20,
        asked="full-vs-head",
        status="failed",
        events=why,
        learning_curve=CURVE,
    )
    entry = run.record["strategies"]["full"]
    entry["repeats"] = [
        {"name": f"seed-{seed}", "seed": seed, "metrics": {"accuracy": 0.7 + seed / 100}}
        for seed in (1, 2, 3)
    ]
    entry["accuracy_mean"], entry["accuracy_mean_ci"] = 0.72, [0.70, 0.74]
    shutil.rmtree(folder / "images")
    return run, Read(render_page(subject_of(run)))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two strategies."""
    return store_run(tmp_path_factory.mktemp("one"), CLASSES, n=40)


@pytest.fixture(scope="module")
def one(stored: Run) -> str:
    """Its page."""
    findings = [
        {"path": "00001 of 1.jpg", "finding": "near-duplicate", "severity": "warning",
         "detail": "looks the same as learned/3.jpg"},
        {"path": "00002 of 2.jpg", "finding": "duplicate", "severity": "warning",
         "detail": "same bytes as 00003 of 3.jpg"},
    ]  # fmt: skip
    return render_page(subject_of(stored, findings))


def test_headings_go_down_a_step_at_a_time(one: str) -> None:
    levels = [int(tag[1]) for tag, _ in Read(one).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in zip(levels, levels[1:], strict=False))


def test_landmarks_and_what_every_picture_is_called(one: str) -> None:
    page = Read(one)
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    pictures = [one for one in page.all("svg") if one.get("role") == "img"]
    assert len(pictures) > 30 and all(picture["aria-label"] for picture in pictures)
    assert page.all("html")[0]["lang"] == "en"
    regions = [one for one in page.all("div") if one.get("role") == "region"]
    assert all(one["aria-label"] and one["tabindex"] == "0" for one in regions)


def test_every_reference_leads_somewhere_in_the_page(one: str) -> None:
    page = Read(one)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = [
        attributes[name]
        for _, attributes in page.tags
        for name in ("aria-labelledby", "popovertarget")
        if name in attributes
    ]
    used += [link[1:] for link in re.findall(r'href="(#[^"]*)"', one)]
    assert used and set(used) <= set(ids)


def test_it_asks_nothing_of_the_network(one: str) -> None:
    assert "://" not in one
    assert set(re.findall(r'(?:src|href)="(\w+:)', one)) == {"data:"}
    assert "<script src" not in one and "@import" not in one


def test_the_verdict_stands_first_then_what_to_do(one: str) -> None:
    order = ["Verdict", "What to try next", "How the training went", "The images"]
    order += ["Class by class", "What is taken for what", "The worst answers"]
    order += ["Is it as right as it is sure?", "Where the strategies disagree", "How this was made"]
    places = [one.index(f">{title}</h2>") for title in order]
    assert places == sorted(places)


def test_cost_and_interval_stand_beside_every_score(one: str, stored: Run) -> None:
    text = Read(one).text
    for entry in stored.record["strategies"].values():
        low, high = entry["metrics"]["accuracy_ci"]
        assert f"{entry['metrics']['accuracy']:.3f}" in text
        assert f"{low:.3f} to {high:.3f}" in text
        assert f"{entry['seconds']['total']:.1f} s" in text
    assert stored.record["comparison"]["verdict"] in text.replace("\u00a0", " ")


def test_every_strategy_is_looked_at_closely(one: str) -> None:
    ids = {attributes.get("id") for attributes in Read(one).all("section")}
    assert {"m0-classes", "m1-classes", "m0-losses", "m1-losses", "m1-sureness"} <= ids


def test_a_copy_across_a_drawn_split_is_found_out(one: str) -> None:
    """The doctor, who knows no such split, calls it a near duplicate."""
    text = Read(one).text
    assert "1 held-out images have a copy" in text
    assert "1 of the 40 held-out images have a copy, or nearly one, among those learned" in text
    assert "duplicate : same bytes as another" in text


def test_a_score_that_chose_its_own_weights_is_called_optimistic(stored: Run) -> None:
    subject = subject_of(stored)
    assert not [warning for row in verdict_of(subject).rows for warning in row.warnings]
    entry = {**stored.record["strategies"]["full"], "selected_on_validation": True}
    record = {**stored.record, "strategies": {**stored.record["strategies"], "full": entry}}
    rows = verdict_of(replace(subject, record=record)).rows
    (warning,) = rows[0].warnings
    assert "Selected on validation" in warning and "optimistic" in warning
    assert not rows[1].warnings


def test_the_page_of_models_without_a_run(tmp_path: Path) -> None:
    """One that learned nothing is told so."""
    paths = draw_pictures(tmp_path / "new", CLASSES, 24)
    table = answers(paths, CLASSES, seed=3, skill=0.0)
    subject = Subject("new pictures", None, [ScoredModel("export", table, tmp_path / "new")])
    page = Read(render_page(subject))
    assert "new pictures: export" in page.text
    assert "No run is known that trained this model" in page.text
    assert page.all("image")
    assert "othing was learned" in page.text
    assert "Versions and machine" not in page.text
    assert "look at whether the labels belong to the pictures" in page.text


def test_the_page_of_other_images_says_how_the_model_was_trained(stored: Run) -> None:
    told = subject_of(stored)
    asked = {"command": "fastcnn interpret RUN new", "model": "export.pkl", "sha256": "ef" * 32}
    asked |= {"environment": {"torch": "2.99.0"}}
    page = Read(render_page(replace(told, record=None, training_record=stored.record, asked=asked)))
    assert "No run is known" not in page.text
    assert stored.record["command"] in page.text and asked["command"] in page.text
    assert "ef" * 32 in page.text and "2.99.0" in page.text


def test_a_run_that_broke_off_shows_what_there_is(odd: tuple[Run, Read]) -> None:
    text = odd[1].text
    assert "This run failed: TrainingError: the loss became infinite. Not finished: head." in text
    assert "full is right on" in text


def test_a_run_without_a_finished_strategy_has_no_page(tmp_path: Path) -> None:
    run = store_run(tmp_path, CLASSES, strategies=("full",), status="interrupted")
    run.record["strategies"].clear()
    with pytest.raises(UsageError, match="interrupted and has no predictions"):
        subject_of(run)


def test_a_test_part_is_scored_and_not_looked_into(odd: tuple[Run, Read]) -> None:
    run, page = odd
    test = run.record["strategies"]["full"]["test"]["metrics"]
    assert f"{test['accuracy']:.3f} {test['accuracy_ci'][0]:.3f} to" in page.text
    assert "expected calibration error, 60 images" in page.text
    tested = set(pd.read_parquet(run.path / "full" / "test-predictions.parquet")["path"])
    assert tested and not [path for path in tested if path in page.text]


def test_without_the_images_all_else_is_there(odd: tuple[Run, Read]) -> None:
    page = odd[1]
    assert "The images are gone from" in page.text
    assert page.all("image") == [] and "00001 of 1.jpg" in page.text
    assert len(page.all("dialog")) > 8


def test_names_of_all_kinds_are_text(odd: tuple[Run, Read]) -> None:
    page = odd[1]
    assert len(page.all("script")) == 1
    for name in ODD:
        assert name in page.text


def test_repeats_and_a_learning_curve_are_shown_where_they_were_made(
    odd: tuple[Run, Read], one: str
) -> None:
    text = odd[1].text
    assert "Twice as many help." in text and "brought +10.0 points" in text
    assert "0.720 of 3 0.700 to 0.740" in text and "By seed" in text
    assert "By seed" not in one and "Learning curve" not in one


def test_a_page_leaves_out_pictures_until_it_is_small_enough(one: str, stored: Run) -> None:
    limit = len(one.encode()) - 5_000
    smaller = render_page(subject_of(stored), largest=limit)
    assert len(smaller.encode()) <= limit
    assert 0 < smaller.count("<image ") < one.count("<image ")
    assert "more pictures were left out" in smaller and "were left out" not in one


def test_every_command_on_the_page_can_be_copied(one: str) -> None:
    from typer.main import get_command

    said = [*re.findall(r"<pre><code>(.*?)</code>", one)]
    commands = [shlex.split(unescape(text)) for text in said if text.startswith("fastcnn ")]
    assert len(commands) >= 4
    configs = [words[words.index("--config") + 1] for words in commands if "--config" in words]
    assert configs and all(Path(config).is_absolute() for config in configs)
    for _, name, *arguments in commands:
        command = get_command(app).commands[name]  # type: ignore[attr-defined]
        assert command.make_context(name, list(arguments)).args == []
