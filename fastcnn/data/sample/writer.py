"""Writes the drawn sample as a folder of JPEG pictures, named as in the Oxford pets set."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from io import BytesIO
from pathlib import Path

from fastcnn.data.processes import map_in_processes
from fastcnn.data.sample.breeds import BREEDS
from fastcnn.data.sample.scene import draw_picture

SAMPLE_NAME = "drawn sample (37 invented breeds)"
"""What reports and pages call this data set."""

JPEG_QUALITY = 88
"""Quality of the written pictures, 1 to 95."""


def write_sample(
    folder: Path,
    *,
    per_breed: int = 20,
    seed: int = 0,
    processes: int | None = None,
    on_image: Callable[[int, int], None] | None = None,
) -> None:
    """Draw `per_breed` pictures of each of the 37 breeds into `folder`.

    The files are called `<Breed_Name>_<n>.jpg`, n from 1. The same seed gives the same bytes,
    however many processes draw. Only this process writes, one file after the other.

    Args:
        folder: where to write; made if missing. Not cleaned up after a failure.
        per_breed: pictures of each breed, at least 1.
        seed: 0 or more.
        processes: how many draw at once, at least 1; None for one a core, but no more than 4.
            Where processes cannot be forked (Windows, macOS) it is always one.
        on_image: called after each picture with (pictures done, pictures in total).
    """
    for name, number in (("per_breed", per_breed), ("processes", processes)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    folder.mkdir(parents=True, exist_ok=True)
    plan = [(breed, image) for breed in range(len(BREEDS)) for image in range(per_breed)]
    with closing(map_in_processes(partial(_draw_jpeg, seed), plan, processes)) as pictures:
        for done, ((breed, image), picture) in enumerate(zip(plan, pictures, strict=True), 1):
            (folder / f"{BREEDS[breed].name}_{image + 1}.jpg").write_bytes(picture)
            if on_image is not None:
                on_image(done, len(plan))


def _draw_jpeg(seed: int, place: tuple[int, int]) -> bytes:
    """The file of one picture, given its breed's index and its own among the breed's, from 0."""
    file = BytesIO()
    draw_picture(*place, seed).save(file, format="JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
