"""What the images of a data set are, what says their classes, and which part each belongs to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

Split = Callable[[Sequence[Path]], tuple[Sequence[int], Sequence[int]]]
"""A splitter as fastai knows them: images in, places of both parts out."""


@dataclass(frozen=True)
class Listing:
    """Images as a folder, a table or an archive lists them; nothing of them has been opened."""

    folder: Path
    """What stored paths are relative to."""
    understood: str
    """In words: what the images were found in, and what says their classes."""
    labels: Mapping[Path, str]
    """The class of every image, in the order of the paths."""
    parts: Mapping[Path, str] = field(default_factory=dict)
    """train, valid or test of every image, where the data says it."""
    groups: Mapping[Path, str] = field(default_factory=dict)
    """What must not be torn apart by a split (an animal, a patient), where a column says it."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Relative paths of images that are not of the set, and why."""

    @property
    def images(self) -> list[Path]:
        """Return what is learned from and held out."""
        return [path for path in self.labels if self.parts.get(path) != "test"]

    @property
    def test_images(self) -> list[Path]:
        """Return the images that are scored once, at the end."""
        return [path for path in self.labels if self.parts.get(path) == "test"]

    @property
    def says_what_is_held_out(self) -> bool:
        """Return whether the data have a part to validate on."""
        return "valid" in self.parts.values()

    def splitter(self, valid_pct: float, seed: int) -> Split:
        """Return what splits the images as the data says, or holds out a random part of them."""
        from fastai.data.transforms import RandomSplitter

        if self.says_what_is_held_out:
            return partial(_given_parts, self.parts)  # a method fastai would bind to itself
        random: Split = RandomSplitter(valid_pct, seed=seed)
        return random


def _given_parts(parts: Mapping[Path, str], images: Sequence[Path]) -> tuple[list[int], list[int]]:
    is_valid = [parts.get(Path(image)) == "valid" for image in images]
    places = range(len(is_valid))
    return [i for i in places if not is_valid[i]], [i for i in places if is_valid[i]]
