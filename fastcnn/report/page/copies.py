"""Findings of the doctor, told as a run has labelled and split its images.

The doctor takes labels and parts from folders. A run may have them from a table, from names or
from a recipe, and its split is mostly drawn: which copies have two labels, and which lie on both
sides, is said here of the run's own images and of no other file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastcnn.data.doctor.copies import SAME_BYTES, SAME_LOOK
from fastcnn.data.doctor.findings import SEVERITIES, UNUSABLE
from fastcnn.report.page.subject import Subject

OF_FOLDERS = frozenset({"no-classes", "imbalance", "empty-class", "unscored-class"})
"""Findings about the folders that make classes."""
OF_LABELS = frozenset({"single-image", "stray", "unseen-class"})
"""Findings about a file for the folder in which it lies."""

Finding = Mapping[str, str]


def restated(findings: Sequence[Finding], subject: Subject) -> list[Finding]:
    """Return the findings about a run's images, with the run's labels and parts.

    Args:
        findings: path, finding, severity and detail, as the doctor has them.
        subject: of a run; one that kept no list of its images is told what the doctor said.
    """
    if subject.images is None:
        return list(findings)
    found = [*_of_files(findings, subject), *_same_bytes(findings, subject)]
    found += _same_look(findings, subject)
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    return sorted(found, key=lambda one: (rank.get(one["finding"], len(rank)), one["path"]))


def copies_across(subject: Subject) -> list[tuple[str, str]]:
    """Return each held-out image of which a copy was learned from, with one such copy.

    Of folds, in which every image is held out once, those of which a copy lies in another fold.
    """
    parts = subject.parts
    learned_from = _in_another_fold if subject.folds else _in_training
    found = []
    for group in groups_of(filter(None, map(copy_of, subject.findings or ()))):
        members = [path for path in group if path in parts]
        for path in members:
            copies = (one for one in members if learned_from(parts[path], parts[one]))
            found += [(path, copy) for copy in list(copies)[:1]]
    return sorted(found)


def copy_of(finding: Finding) -> tuple[str, str] | None:
    """Return the two files that a finding says are the same."""
    for begin in (SAME_BYTES, SAME_LOOK):
        if finding["detail"].startswith(begin):
            return finding["path"], finding["detail"].removeprefix(begin).split(", which is ")[0]
    return None


def groups_of(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the groups of paths that pairs connect, each in order.

    The doctor names one other copy for each: of three it is the first that two findings share.
    """
    group_of: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(joined, joined)
    return [sorted(group) for group in {id(group): group for group in group_of.values()}.values()]


def _in_training(part: str, other: str) -> bool:
    return part != "train" and other == "train"


def _in_another_fold(part: str, other: str) -> bool:
    return part != other


def _of_files(findings: Sequence[Finding], subject: Subject) -> Iterator[Finding]:
    """Yield what concerns single files of the run, those that it left out, or its classes."""
    skipped = {one["path"] for one in (subject.record or {})["data"].get("skipped") or ()}
    for one in findings:
        name, path = one["finding"], one["path"]
        if copy_of(one) or (name in OF_FOLDERS | OF_LABELS and not subject.is_by_folder):
            continue
        if path in subject.parts or name in OF_FOLDERS or (name in UNUSABLE and path in skipped):
            yield one


def _same_bytes(findings: Sequence[Finding], subject: Subject) -> Iterator[Finding]:
    """Yield the copies under two labels of the run, and the others that are there twice."""
    labels = subject.labels
    pairs = (copy_of(one) for one in findings if one["detail"].startswith(SAME_BYTES))
    for group in groups_of(filter(None, pairs)):
        members = _training_first((path for path in group if path in labels), subject)
        if len({labels[path] for path in members}) > 1:
            for path in members:
                other = next(one for one in members if labels[one] != labels[path])
                detail = f"{SAME_BYTES}{other}, which is {labels[other]}"
                yield _finding(path, "conflicting-label", detail)
            continue
        for path in members[1:]:
            name = "leak" if _is_leak(path, members[0], subject) else "duplicate"
            yield _finding(path, name, f"{SAME_BYTES}{members[0]}")


def _same_look(findings: Sequence[Finding], subject: Subject) -> Iterator[Finding]:
    labels = subject.labels
    for one in findings:
        pair = copy_of(one) if one["detail"].startswith(SAME_LOOK) else None
        if pair is None or not set(pair) <= labels.keys():
            continue
        kept, path = _training_first(reversed(pair), subject)
        name = "near-leak" if _is_leak(path, kept, subject) else "near-duplicate"
        which = f", which is {labels[kept]}" if labels[kept] != labels[path] else ""
        yield _finding(path, name, f"{SAME_LOOK}{kept}{which}")


def _training_first(paths: Iterable[str], subject: Subject) -> list[str]:
    if subject.folds:
        return list(paths)
    return sorted(paths, key=lambda path: subject.parts[path] != "train")


def _is_leak(path: str, other: str, subject: Subject) -> bool:
    return not subject.folds and _in_training(subject.parts[path], subject.parts[other])


def _finding(path: str, name: str, detail: str) -> Finding:
    return {"path": path, "finding": name, "severity": SEVERITIES[name], "detail": detail}
