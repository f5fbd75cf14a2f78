"""Parts of the page: the matrix and the doubtful labels."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from stored_run import answers, store_run

from fastcnn.report.page.cells import matrix_of
from fastcnn.report.page.labels import suspects_of
from fastcnn.report.page.page import gather
from fastcnn.report.page.subject import ScoredModel, subject_of
from fastcnn.report.page.verdict import verdict_of
from fastcnn.run_folder import Run


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of one strategy."""
    classes = [f"kind {number}" for number in range(4)]
    return store_run(tmp_path_factory.mktemp("one"), classes, n=12, strategies=("full",))


@pytest.mark.parametrize("n_classes", [2, 10, 37, 60])
def test_the_matrix_counts_every_image(tmp_path: Path, n_classes: int) -> None:
    """Of very many classes it shows those that are confused most."""
    paths = [f"{number}.jpg" for number in range(3 * n_classes)]
    table = answers(paths, [f"c{n}" for n in range(n_classes)], seed=0, skill=2.0)
    matrix = matrix_of(ScoredModel("full", table, tmp_path), "m0")
    counted = sum(cell.count for cell in matrix.cells)
    if n_classes <= 50:
        assert counted == 3 * n_classes
    else:
        assert len(matrix.classes) == 50 and 0 < counted < 3 * n_classes
        wrong = table[~table["correct"]]
        assert set(wrong["target"].value_counts().head(5).index) <= set(matrix.classes)
    for cell in matrix.cells:
        assert 1 <= cell.shade <= 5
        assert len(cell.images) + len(cell.more) + cell.n_unnamed == cell.count
        assert {shown.target for shown in cell.images} == {cell.target}


def test_doubtful_labels_are_shown_with_what_is_suggested(stored: Run) -> None:
    rows = [("00004 of 0.jpg", "doubtful-label", "kind 0", 0.01, "kind 3", 0.97)]
    rows += [("00005 of 1.jpg", "strange", "kind 1", 0.9, "kind 1", 0.9)]
    columns = ["path", "finding", "label", "probability", "suggested", "suggested_probability"]
    doubtful = pd.DataFrame(rows, columns=columns)
    found = suspects_of(replace(subject_of(stored), doubtful=doubtful))
    assert found is not None and found.n_doubtful == 1
    assert [(one.path, one.suggested) for one in found.images] == [("00004 of 0.jpg", "kind 3")]
    assert [one.path for one in found.strange] == ["00005 of 1.jpg"]


def test_a_ranking_of_all_labels_shows_only_those_that_another_class_beats(stored: Run) -> None:
    rows = [("00004 of 0.jpg", "kind 0", 0.1, "kind 2", 0.8, "valid")]
    rows += [("00005 of 1.jpg", "kind 1", 0.9, "kind 1", 0.9, "valid")]
    columns = ["path", "label", "quality", "suggested", "suggested_probability", "split"]
    suspected = pd.DataFrame(rows, columns=columns)
    found = suspects_of(replace(subject_of(stored), suspected=suspected))
    assert found is not None and found.n_ranked == 2
    assert [one.suggested for one in found.images] == ["kind 2"]
    assert suspects_of(subject_of(stored)) is None


def test_no_command_stands_on_the_page_twice(tmp_path: Path) -> None:
    """Confused classes and small pictures both ask for more pixels: it is typed once."""
    run = store_run(tmp_path, [f"kind {number}" for number in range(4)], strategies=("full",))
    settings = run.record["settings"] | {"size": 24}
    subject = replace(subject_of(run), record=run.record | {"settings": settings})
    steps = gather(subject).steps
    asking = [step for step in steps if "wrong answers take" in step.finding or
              "the network sees 24" in step.finding]  # fmt: skip
    assert ["--size 32" in (step.command or "") for step in asking] == [True, False]
    assert asking[1].command is None
    commands = [step.command for step in steps if step.command]
    assert len(commands) == len(set(commands))
    assert gather(replace(subject, is_remembered=True)).steps == []


def test_a_broken_off_run_calls_no_strategy_the_most_accurate(tmp_path: Path) -> None:
    """There is no comparison to say so; the one that scored highest is looked at."""
    run = store_run(tmp_path, ["cat", "dog"], status="interrupted", asked="full-vs-head-vs-lp-ft")
    run.record["comparison"] = None
    subject = subject_of(run)
    scores = {model.name: model.table["correct"].mean() for model in subject.models}
    assert subject.best.name == run.winner == max(scores, key=scores.__getitem__)
    assert not any(row.is_best for row in verdict_of(subject).rows)


def test_advice_knows_the_training_behind_other_images(tmp_path: Path) -> None:
    """What the run tried, and the pixels that it saw; of an unknown one nothing is guessed."""
    run = store_run(tmp_path, [f"kind {number}" for number in range(4)], strategies=("full",))
    subject = replace(subject_of(run), record=None, run_path=None)
    tried = run.record | {"settings": run.record["settings"] | {"strategy": "full-vs-lp-ft"}}
    actions = {}
    for name, training in {"tried": tried, "untried": run.record, "unknown": None}.items():
        steps = gather(replace(subject, training_record=training)).steps
        actions[name] = " ".join(step.action for step in steps)
    assert "let the body learn what tells them apart" in actions["untried"]
    for name in ("tried", "unknown"):
        assert "collect more of both" in actions[name]


def test_the_rise_of_a_loss_has_one_advice(stored: Run) -> None:
    """Not fewer epochs and more of them on one page."""
    rows = [("head", 1.0, 0.4, None), ("all", 0.5, 0.5, 1e-4), ("all", 0.2, 0.9, 1e-4)]
    columns = ["phase", "train_loss", "valid_loss", "lr_body"]
    history = pd.DataFrame(rows, columns=columns).assign(
        epoch=[1, 2, 3], accuracy=0.5, lr_head=1e-3, seconds=1.0
    )
    told = subject_of(stored)
    model = replace(told.best, history=history, table=told.best.table.assign(loss=0.9))
    steps = gather(replace(told, models=[model])).steps
    about = [step.finding for step in steps if step.section == "training"]
    assert len(about) == 1 and "lost when its body was set free" in about[0]
