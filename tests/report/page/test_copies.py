"""What the doctor found, told as the run has labelled and split its images."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from stored_run import answers, store_run

from fastcnn.analysis.predictions import write_table
from fastcnn.narrator import HushedNarrator
from fastcnn.report.page.copies import copies_across, groups_of, restated
from fastcnn.report.page.page import gather
from fastcnn.report.page.subject import Subject, subject_of
from fastcnn.run_findings import findings_of

Found = dict[str, str]


def found(path: str, finding: str, detail: str) -> Found:
    return {"path": path, "finding": finding, "severity": "warning", "detail": detail}


def subject(images: dict[str, tuple[str, str]], folds: dict[str, str] | None = None) -> Subject:
    """A subject with a label and a part for each path."""
    rows = [(path, label, part, 1) for path, (label, part) in images.items()]
    table = pd.DataFrame(rows, columns=["path", "label", "part", "bytes"])
    return Subject("x", {"data": {"skipped": []}}, [], images=table, folds=folds or {})


PATIENTS = {
    "patient1/a.jpg": ("sick", "train"),
    "patient2/b.jpg": ("sick", "train"),
    "patient3/c.jpg": ("well", "train"),
    "patient4/d.jpg": ("well", "valid"),
}
"""Labelled by a table: the folders say something else."""


def test_copies_in_two_folders_have_one_label_where_a_table_says_so() -> None:
    doctor = [
        found("patient1/a.jpg", "conflicting-label", "same bytes as patient2/b.jpg, which is p2"),
        found("patient2/b.jpg", "conflicting-label", "same bytes as patient1/a.jpg, which is p1"),
        found(".", "imbalance", "3 images of patient1"),
        found("patient9", "empty-class", "class patient9 has no images"),
        found("patient1/a.jpg", "single-image", "the only image of class patient1"),
    ]
    assert restated(doctor, subject(PATIENTS)) == [
        found("patient2/b.jpg", "duplicate", "same bytes as patient1/a.jpg")
    ]


def test_copies_in_one_folder_have_two_labels_where_a_table_says_so() -> None:
    doctor = [found("patient3/c.jpg", "duplicate", "same bytes as patient1/a.jpg")]
    told = restated(doctor, subject(PATIENTS))
    assert [(one["path"], one["finding"], one["severity"]) for one in told] == [
        ("patient1/a.jpg", "conflicting-label", "error"),
        ("patient3/c.jpg", "conflicting-label", "error"),
    ]
    assert told[0]["detail"] == "same bytes as patient3/c.jpg, which is well"


def test_files_that_are_none_of_the_run_s_images_do_not_count() -> None:
    doctor = [
        found("other/e.jpg", "blank", "one colour all over"),
        found("other/f.jpg", "duplicate", "same bytes as other/e.jpg"),
        found("patient1/a.jpg", "near-duplicate", "looks the same as other/e.jpg"),
        found("patient1/a.jpg", "blank", "one colour all over"),
    ]
    assert restated(doctor, subject(PATIENTS)) == doctor[-1:]


def test_a_near_copy_names_the_side_that_is_held_out() -> None:
    doctor = [found("patient3/c.jpg", "near-duplicate", "looks the same as patient4/d.jpg")]
    (told,) = restated(doctor, subject(PATIENTS))
    assert (told["path"], told["finding"]) == ("patient4/d.jpg", "near-leak")
    assert told["detail"] == "looks the same as patient3/c.jpg"


def test_folders_that_are_the_labels_are_judged_as_such() -> None:
    images = {"cat/a.jpg": ("cat", "train"), "dog/b.jpg": ("dog", "valid")}
    doctor = [found(".", "imbalance", "9 images of cat, 1 of dog")]
    assert restated(doctor, subject(images)) == doctor
    assert subject(images).is_by_folder and not subject(PATIENTS).is_by_folder


def test_pairs_that_share_an_image_are_one_group() -> None:
    assert groups_of([("b", "a"), ("d", "c"), ("c", "b"), ("y", "x")]) == [
        ["a", "b", "c", "d"],
        ["x", "y"],
    ]


@pytest.mark.parametrize("first", ["train", "valid"])
def test_every_held_out_copy_of_a_group_leaks(first: str) -> None:
    """The doctor names only the first for each: it may be held out, as all but one."""
    parts = {"1.jpg": first, "2.jpg": "valid", "3.jpg": "valid", "4.jpg": "train"}
    told = subject({path: ("cat", part) for path, part in parts.items()})
    findings = [
        found(path, "duplicate", "same bytes as 1.jpg") for path in ("2.jpg", "3.jpg", "4.jpg")
    ]
    leaks = {path for path, _ in copies_across(replace(told, findings=findings))}
    assert leaks == {path for path, part in parts.items() if part == "valid"}


def test_copies_in_one_fold_do_not_leak() -> None:
    folds = {"1.jpg": "fold-1", "2.jpg": "fold-1", "3.jpg": "fold-2", "4.jpg": "fold-2"}
    told = subject(dict.fromkeys(folds, ("cat", "train")), folds)
    pairs = [("2.jpg", "1.jpg"), ("4.jpg", "3.jpg")]
    together = [found(one, "duplicate", f"same bytes as {other}") for one, other in pairs]
    assert copies_across(replace(told, findings=together)) == []
    apart = [found("3.jpg", "duplicate", "same bytes as 1.jpg")]
    assert copies_across(replace(told, findings=apart)) == [
        ("1.jpg", "3.jpg"),
        ("3.jpg", "1.jpg"),
    ]


def test_of_folds_no_page_tells_the_numbers_of_the_first(tmp_path: Path) -> None:
    classes = ["cat", "dog"]
    run = store_run(tmp_path, classes, n=20, strategies=("head",))
    run.record["settings"]["folds"] = 2
    paths = pd.read_csv(run.path / "images.csv")["path"].tolist()
    for fold in (0, 1):
        table = answers(paths[fold::2], classes, seed=fold, skill=2.0)
        write_table(table, run.path / "head" / f"fold-{fold + 1}" / "predictions.parquet")
    told = subject_of(run)
    assert len(told.folds) == len(paths) == 100
    assert sum(told.learned.values()) == 100
    assert all(row["learned"] is None for row in gather(told).closer.classes)


def test_what_is_no_run_of_the_user_s_is_not_examined(tmp_path: Path) -> None:
    told = subject_of(store_run(tmp_path, ["cat", "dog"], n=6, strategies=("head",)))
    narrator = HushedNarrator(quiet=True)
    assert findings_of(told, narrator) is None
    assert narrator.events and not (tmp_path / "run" / "doctor.csv").exists()


@pytest.mark.parametrize("by_folder", [True, False])
def test_files_are_moved_aside_only_where_the_doctor_knows_the_labels(by_folder: bool) -> None:
    from fastcnn.analysis.advice import part_the_copies

    advice = part_the_copies(2, 10, 0, by_folder=by_folder)
    assert advice is not None and ("--quarantine" in advice.options) == by_folder
