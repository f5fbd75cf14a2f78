"""What a sweep was asked for, in the file `sweep.json` that every process of it reads."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fastcnn.errors import UsageError
from fastcnn.files import write_json
from fastcnn.places import shown_path, user_path
from fastcnn.recipe import Recipe
from fastcnn.recipe_book import FOLDER_RECIPE, find_recipe
from fastcnn.settings import known_settings
from fastcnn.sweep.space import Space, parse_search

PRUNERS = ("median", "halving", "none")
"""What gives up a bad trial early."""
USUAL_TRIALS = 20
ORDER_FILE = "sweep.json"
SCHEMA_VERSION = 1
STRATEGY = "head"
"""Where nobody names one: the strategy whose trials cost a second."""


NOT_ASKED = ("n_trials", "storage", "created", "command", "data", "config_path")
"""Fields of an order that do not say which sweep it is."""


@dataclass(frozen=True)
class Order:
    """Everything that the trials of a sweep have in common."""

    recipe: str
    """Name or file of the recipe."""
    data: str | None
    """Where the images are, absolute; None is where the recipe looks."""
    given: Mapping[str, Any]
    """Settings that the command fixed."""
    config: Mapping[str, Any]
    """Settings of an earlier run, below them."""
    space: tuple[str, ...]
    """What is searched, each as `--search` takes it."""
    pruner: str = "median"
    """median, halving or none."""
    storage: str | None = None
    """A database; None is the journal in the folder."""
    n_trials: int = USUAL_TRIALS
    """How many are wanted."""
    split_sha256: str = ""
    """Which image lies in which part."""
    config_path: str | None = None
    """Where the earlier run lies, to be named in commands."""
    created: str = field(default="", compare=False)
    """When it began."""
    command: str = field(default="", compare=False)
    """How it was asked for."""

    @property
    def name(self) -> str:
        """What its study is called in a database: the same order has the same name everywhere.

        Where the images lie does not count, for machines differ in that: `split_sha256` says which
        they are. Of a recipe's file it is the text that counts.
        """
        asked = {**asdict(self), **dict.fromkeys(NOT_ASKED), "recipe": _recipe_itself(self.recipe)}
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return f"fastcnn-{Path(self.recipe).stem}-{digest[:16]}"

    @property
    def is_train(self) -> bool:
        """Whether `fastcnn train` would do it: the images are anyone's."""
        return self.recipe == FOLDER_RECIPE and self.data is not None

    def find_recipe(self) -> Recipe:
        """Return the recipe, with the strategy of trials where it names none."""
        recipe = find_recipe(self.recipe)
        return replace(recipe, defaults={"strategy": STRATEGY, **recipe.defaults})

    def parsed_space(self) -> Space:
        """Return what is searched."""
        return dict(parse_search(text) for text in self.space)

    def earlier(self) -> dict[str, Any]:
        """Return what an earlier run says of settings."""
        return known_settings(self.config)

    def same_search(self, other: "Order") -> bool:
        """Return whether trials of both are trials of one sweep."""
        return self.name == other.name and self.storage == other.storage

    def write(self, folder: Path) -> None:
        """Write `sweep.json`, whole."""
        write_json(folder / ORDER_FILE, {"schema_version": SCHEMA_VERSION, **asdict(self)})


def placed(url: str) -> str:
    """Return a database's URL, with a whole path where it names an SQLite file."""
    start, three_slashes, path = url.partition(":///")
    if start.split("+")[0] != "sqlite" or not three_slashes or path in ("", ":memory:"):
        return url
    return f"{start}:///{user_path(path).absolute()}"


def _recipe_itself(recipe: str) -> str:
    return Path(recipe).read_text("utf-8") if Path(recipe).is_file() else recipe


def read_order(folder: str | Path) -> Order:
    """Return what the sweep in a folder was asked for.

    Raises:
        UsageError: the folder holds no sweep.
    """
    path = user_path(folder).absolute() / ORDER_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        document.pop("schema_version")
        return Order(**{**document, "space": tuple(document["space"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{folder} is not the folder of a sweep: {ORDER_FILE} cannot be read ({error})",
            hint="ls sweeps shows the sweeps; fastcnn sweep NAME begins one",
        ) from error


@dataclass(frozen=True)
class Effort:
    """What is spent on a sweep this time."""

    n_workers: int = 1
    """Processes on this machine."""
    seconds: float | None = None
    """After so many no trial begins; None is no limit."""
    n_trials: int | None = None
    """How many trials the sweep shall have in all; None is what it was begun with."""

    def deadline(self) -> float:
        """Return the time, as `time.time()`, after which no trial begins."""
        return time.time() + self.seconds if self.seconds is not None else float("inf")


def resume_command(folder: Path) -> list[str]:
    """Return the words of the command that goes on with a sweep."""
    return ["fastcnn", "sweep", "--resume", shown_path(folder)]
