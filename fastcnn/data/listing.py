"""What the images of a data set are, what says their classes, and which part each belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
    """What must not be torn apart by a split (an animal, a patient), where the data says it."""

    @property
    def images(self) -> list[Path]:
        """Every image that is no test image, in the order of the paths."""
        return [path for path in self.labels if self.parts.get(path) != "test"]

    @property
    def test_images(self) -> list[Path]:
        """The images that are scored once, at the end."""
        return [path for path in self.labels if self.parts.get(path) == "test"]
