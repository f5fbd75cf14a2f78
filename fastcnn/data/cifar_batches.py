"""CIFAR-10 as torchvision keeps it, five batches of pixels, turned into folders of pictures."""

from pathlib import Path

from PIL import Image

from fastcnn.errors import DataError
from fastcnn.files import whole_folder
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder, shown_path

BATCHES = "cifar-10-batches-py"
"""The folder that torchvision unpacks, and expects."""


def as_folders(folder: Path, narrator: Narrator) -> Path:
    """Return the folder of `train` and `test`, written from torchvision's batches if need be.

    torchvision compares the batches with hashes that it knows before it opens them: they are
    pickles, which could run anything.

    Raises:
        DataError: there is neither a folder `train` nor a folder of whole batches.
        TrainingError: there is no room for the pictures.
    """
    if (folder / "train").is_dir():
        return folder
    root = folder.parent if folder.name == BATCHES else folder
    if not (root / BATCHES).is_dir():
        raise DataError(
            f"{shown_path(folder)} holds neither train/ and test/ nor {BATCHES}/",
            hint="give cifar10.zip, its unpacked folder, or what torchvision downloaded",
        )
    target = cache_folder() / "unpacked" / "cifar10-from-batches"
    if target.is_dir():
        return target
    with whole_folder(target, "name another folder in FASTCNN_CACHE") as temporary:
        _write(root, temporary, narrator)
    return target


def _write(root: Path, target: Path, narrator: Narrator) -> None:
    from torchvision.datasets import CIFAR10

    for part, is_train in (("train", True), ("test", False)):
        try:
            pictures = CIFAR10(str(root), train=is_train)
        except RuntimeError as error:
            raise DataError(
                f"{shown_path(root / BATCHES)} is not the CIFAR-10 that torchvision knows: {error}",
                hint="let torchvision download it again",
            ) from error
        for name in pictures.classes:
            (target / part / name).mkdir(parents=True)
        with narrator.bar(f"writing {part}", len(pictures)) as advance:
            for number, (pixels, label) in enumerate(
                zip(pictures.data, pictures.targets, strict=True)
            ):
                file = target / part / pictures.classes[label] / f"{number:05d}.png"
                Image.fromarray(pixels).save(file)
                advance(number + 1)
