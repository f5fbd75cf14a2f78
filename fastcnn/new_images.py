"""Images that a model has not been trained on, as a user gives them: with labels or without."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastcnn.data.hugging_face import is_saved_dataset
from fastcnn.data.listing import Listing
from fastcnn.data.loading import relative_to
from fastcnn.data.looks import look_at_all
from fastcnn.data.parts import part_of
from fastcnn.data.reader import read_listing
from fastcnn.data.walk import walk
from fastcnn.errors import DataError, UsageError
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.settings import Settings


@dataclass(frozen=True)
class NewImages:
    """Images that a model can classify, and what was left out."""

    folder: Path
    """What stored paths are relative to."""
    paths: list[Path]
    """The files, (N,)."""
    labels: list[str] = field(default_factory=list)
    """The class of each, (N,), each of them one of the model's; empty where nothing says it."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Relative paths of images that are left out, and why."""


def named_part(given: str | None) -> str | None:
    """Return train, valid or test as `--part` names it in any of its spellings.

    Raises:
        UsageError: it names none of them.
    """
    part = None if given is None else part_of(given)
    if given is not None and part is None:
        raise UsageError(
            f"--part is {given!r}, expected train, valid or test", hint="for example --part test"
        )
    return part


def labelled_images(
    data: str | Path,
    part: str | None,
    classes: Sequence[str],
    settings: Settings,
    narrator: Narrator,
) -> NewImages:
    """Return the images of a folder, table or archive whose class the model knows.

    Raises:
        DataError: the data cannot be understood, or there is no such image.
    """
    listing = read_listing(data, settings, narrator)
    if part is None and len(parts := sorted(set(listing.parts.values()))) > 1:
        narrator.warn(f"all parts are taken together: {', '.join(parts)}; --part names one")
    return _scorable(listing, part, classes, narrator)


def any_images(
    data: str | Path,
    part: str | None,
    classes: Sequence[str],
    settings: Settings,
    narrator: Narrator,
) -> NewImages:
    """Return the images with labels, or without where no folder is called as one of the classes.

    Raises:
        DataError: there is no image, or what is no folder cannot be understood.
    """
    folder = user_path(data).absolute()
    if settings.label_regex is None and folder.is_dir() and not is_saved_dataset(folder):
        seen = [one for one in walk(folder) if one.is_image]
        labels = {one.label for one in seen if one.label is not None}
        if not labels & set(classes):
            if labels:
                narrator.warn(
                    f"the model knows none of {', '.join(sorted(labels)[:3])} …: these are taken "
                    f"for images without labels; it knows {', '.join(classes[:3])} …"
                )
            paths = [folder / one.path for one in seen if part in (None, one.part)]
            return _readable(folder, paths, narrator)
    return labelled_images(data, part, classes, settings, narrator)


def _readable(folder: Path, paths: list[Path], narrator: Narrator) -> NewImages:
    if not paths:
        raise DataError(
            f"{shown_path(folder)} holds no images, expected a folder of images",
            hint="look at the path with ls",
        )
    looks = look_at_all(paths, narrator)
    skipped = {
        relative_to(folder, path): ": ".join(look.problem)
        for path, look in zip(paths, looks, strict=True)
        if look.problem
    }
    readable = [path for path in paths if relative_to(folder, path) not in skipped]
    if not readable:
        raise DataError(
            f"none of the {len(paths)} files can be read as an image",
            hint=f"fastcnn doctor {shown_path(folder)} says what is the matter with each",
        )
    return NewImages(folder, readable, skipped=skipped)


def _scorable(
    listing: Listing, part: str | None, classes: Sequence[str], narrator: Narrator
) -> NewImages:
    """Return the images that can be scored, and why the others cannot."""
    paths = [path for path in listing.labels if part in (None, listing.parts.get(path))]
    if not paths:
        there = ", ".join(sorted(set(listing.parts.values()))) or "none"
        raise DataError(
            f"there is no part {part}; the parts of these data: {there}", hint="leave --part away"
        )
    looks = look_at_all(paths, narrator)
    skipped = dict(listing.ignored)
    scorable = []
    for path, look in zip(paths, looks, strict=True):
        label = listing.labels[path]
        if look.problem:
            skipped[relative_to(listing.folder, path)] = ": ".join(look.problem)
        elif label not in classes:
            skipped[relative_to(listing.folder, path)] = f"the model knows no class {label}"
        else:
            scorable.append(path)
    if not scorable:
        raise DataError(
            f"none of the {len(paths)} images can be scored; the model knows the classes "
            f"{', '.join(classes[:10])}",
            hint="give a folder with a folder for each of these classes",
        )
    labels = [listing.labels[path] for path in scorable]
    return NewImages(listing.folder, scorable, labels, skipped)
