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


def test_no_command_stands_on_the_page_twice(stored: Run) -> None:
    """Two findings may ask for the same: what to type is said with the first."""
    subject = subject_of(stored)
    contents = gather(subject)
    commands = [step.command for step in contents.steps if step.command]
    assert len(contents.steps) > 1 and len(commands) == len(set(commands))
    assert gather(replace(subject, is_remembered=True)).steps == []
