"""The drawn sample lives in the cache: drawn once, whole or not at all."""

from pathlib import Path

from fastcnn.files import whole_folder
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder
from fastcnn.recipe import Sample


def sample_folder(recipe_name: str, sample: Sample, narrator: Narrator) -> Path:
    """Return the folder of the drawn sample, drawing it first where it is not there yet.

    Two processes may draw at once: each into a folder of its own, and the first to finish
    gives it the name.
    """
    folder = cache_folder() / "samples" / f"{recipe_name}-drawn-v{sample.version}"
    if folder.is_dir():
        return folder
    with whole_folder(folder, "name another folder in FASTCNN_CACHE") as temporary:
        _draw(temporary, sample, narrator)
    return folder


def _draw(folder: Path, sample: Sample, narrator: Narrator) -> None:
    with narrator.bar(f"drawing the {sample.name}") as advance:
        sample.write(folder, on_image=lambda done, total: advance(done, total=total))
