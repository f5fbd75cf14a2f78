"""Where the images come from: the user's folder, an earlier download, a download, the sample."""

from dataclasses import dataclass
from pathlib import Path

from fastcnn.data.archives import content_of, is_archive, unpacked
from fastcnn.data.download import download, downloaded_folder
from fastcnn.data.fetch import fetched
from fastcnn.data.sample_cache import sample_folder
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator
from fastcnn.network import answers, host_of
from fastcnn.places import shown_path, user_path
from fastcnn.recipe import Recipe


@dataclass(frozen=True)
class DataSource:
    """A folder of images and how it was come by."""

    kind: str
    """given, packaged, downloaded, or sample: what the record calls it."""
    path: Path
    """The folder, absolute; a table or an archive for a recipe that understands them."""
    title: str
    """What it is called wherever it shows."""

    @property
    def label(self) -> str:
        """What the record calls it: a sample by its whole name."""
        return self.title if self.is_sample else self.kind

    @property
    def is_sample(self) -> bool:
        """Whether the images are drawn, not photographed."""
        return self.kind == "sample"


def find_source(recipe: Recipe, given: str | None, narrator: Narrator) -> DataSource:
    """Return the first source that can be had, in the order: given, downloaded, download, sample.

    Raises:
        DataError: the given folder is not there, or the recipe has no data and none was given.
    """
    if given is not None:
        folder = given_path(given) if recipe.understand else given_folder(given, narrator)
        folder = recipe.prepare(folder, narrator) if recipe.prepare else folder
        shown = shown_path(user_path(given))
        return DataSource("given", folder, shown if recipe.understand else f"{shown} (--data)")
    if recipe.packaged is not None:
        return DataSource("packaged", recipe.packaged(), f"{recipe.name}, from its package")
    if source := _downloaded(recipe, narrator):
        return source
    if recipe.sample is None:
        raise DataError(
            f"the recipe {recipe.name} has no images: {_why_not(recipe)}",
            hint=f"fastcnn recipe {recipe.name} --data FOLDER",
        )
    folder = sample_folder(recipe.name, recipe.sample, narrator)
    return DataSource("sample", folder, f"{recipe.name}, {recipe.sample.name}")


def _downloaded(recipe: Recipe, narrator: Narrator) -> DataSource | None:
    """Return the downloaded set, fetching it where the network lets us."""
    if recipe.archive is not None:
        folder = fetched(recipe.archive, narrator)
        return DataSource("downloaded", folder, recipe.name) if folder else None
    if not recipe.url:
        return None
    folder = downloaded_folder(recipe.url, recipe.n_images or 1)
    earlier = ", downloaded earlier" if folder else ""
    if folder is None and answers(recipe.url):
        folder = download(recipe.url, narrator)
    return DataSource("downloaded", folder, recipe.name + earlier) if folder else None


def _why_not(recipe: Recipe) -> str:
    url = recipe.archive.url if recipe.archive else recipe.url
    if not url:
        return "it names no download"
    return f"{host_of(url)} does not hand out its images"


def why_sample(recipe: Recipe) -> str:
    """Return the warning that goes with a drawn sample."""
    return (
        f"{_why_not(recipe)}, so these are drawn pictures, not photographs; "
        "their scores say nothing about the real set. --data FOLDER uses your own"
    )


def given_path(given: str) -> Path:
    """Return what the user named, absolute.

    Raises:
        DataError: it does not exist.
    """
    path = user_path(given).absolute()
    if not path.exists():
        raise DataError(
            f"{given} does not exist, expected a folder of images, a table or an archive",
            hint="look at the path with ls",
        )
    return path


def given_folder(given: str, narrator: Narrator) -> Path:
    """Return the folder that the user named, or `images/` below it; an archive is unpacked first.

    Raises:
        DataError: it does not exist or is neither a folder nor an archive.
    """
    path = user_path(given).absolute()
    is_packed = path.is_file() and is_archive(path)
    folder = content_of(unpacked(path, narrator)) if is_packed else path
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"--data {given} {state}, expected a folder of images",
            hint="look at the path with ls, or leave --data away",
        )
    inside = content_of(folder)
    if (inside / "train").is_dir():  # inaturalist_12K/train/…
        return inside
    return folder / "images" if (folder / "images").is_dir() else folder
