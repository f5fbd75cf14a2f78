"""The learning-rate range test as a flow of its own: from a recipe or folder to four readings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastcnn.assembly import make_job, shared_by
from fastcnn.errors import UsageError
from fastcnn.given_settings import from_nothing
from fastcnn.narrator import Narrator
from fastcnn.places import user_path
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe import Recipe
from fastcnn.recipe_book import find_recipe, recipe_or_folder
from fastcnn.setting_checks import option
from fastcnn.setting_uses import OF_WHOLE_RUNS
from fastcnn.training.rate_search import reading_for
from fastcnn.training.train import compute_first_layer, search_rates

NO_PART = (
    *("epochs", "freeze_epochs", "freeze_until", "lr", "schedule", "clip", "accumulate"),
    *("mixup", "cutmix", "ema", "early_stop", "save_best", "progressive"),
    *OF_WHOLE_RUNS,
)
"""Settings of the training that the rate is for, which change nothing in the test."""
ON_PICTURES, ON_FEATURES = ("augment",), ("views",)
"""Settings that matter only for a test on pictures, or on the features of a frozen body."""


@dataclass(frozen=True)
class Rates:
    """What a range test found, and on what."""

    data: str
    """Which images."""
    arch: str
    """Which network."""
    tested: str
    """What of it learned."""
    suggestions: dict[str, float]
    """fastai's four readings of the curve: valley, minimum, steep, slide."""
    reading: str
    """The one that `--lr auto` takes here."""
    curve: list[tuple[float, float]]
    """Rate and smoothed loss of every step whose loss was a finite number."""

    @property
    def rate(self) -> float:
        """Return what `--lr auto` would train with."""
        return self.suggestions[self.reading]

    def to_json(self) -> dict[str, Any]:
        """Return the document of `fastcnn lr-find --json`."""
        return {"suggestions": self.suggestions, "curve": [list(point) for point in self.curve]}


def find_recipe_or_folder(name: str, data: str | None) -> tuple[Recipe, str | None]:
    """Return the recipe that `name` means, and where its images are, None for the recipe's own.

    Raises:
        UsageError: there is neither, or the folder was given data besides.
    """
    recipe, source = recipe_or_folder(name, data, "lr-find")
    return find_recipe(recipe), source


def find_rates(
    recipe: Recipe,
    *,
    data: str | Path | None = None,
    config: Mapping[str, Any] | None = None,
    narrator: Narrator | None = None,
    **settings: Any,
) -> Rates:
    """Run the range test that suits a strategy; `head` where none is named.

    The head is tested on the features of a frozen body, which are stored and found again; with
    the strategy `scratch` the whole network is tested, on pictures.

    Args:
        recipe: says what the images are.
        data: folder of images; None takes the recipe's own, or its drawn sample.
        config: settings of an earlier run, below those given here.
        narrator: where notes and progress go.
        **settings: any field of `fastcnn.settings.Settings`.

    Raises:
        FastcnnError: something given is wrong or cannot be had; its class says what.
    """
    narrator, config = narrator or Narrator(), config or {}
    folder = data or config.get("data")
    source = str(user_path(folder).absolute()) if folder else None
    given = {name: value for name, value in settings.items() if value is not None}
    given = dict(from_nothing(config, given))
    recipe = replace(recipe, defaults={"strategy": "head", **recipe.defaults})
    strategy = _tested(recipe, config, given)
    # As a config: nothing that belongs to the training that follows is refused for being unused.
    beneath = {**config, **given}
    beneath = {name: value for name, value in beneath.items() if name not in OF_WHOLE_RUNS}
    plan = make_plan(recipe, source, beneath, {}, narrator)
    _tell_what_plays_no_part(given, strategy, narrator)
    return _search(plan, strategy, narrator)


def _search(plan: Plan, strategy: str, narrator: Narrator) -> Rates:
    with shared_by(plan, narrator) as shared:
        job = make_job(plan, strategy, None, shared, narrator)
        compute_first_layer(job)
        found = search_rates(job)
    return Rates(
        data=plan.source.title,
        arch=plan.settings.arch,
        tested="whole network" if strategy == "scratch" else "head on a frozen body",
        suggestions=found.suggestions,
        reading=reading_for(found.suggestions, strategy, plan.settings.head),
        curve=[(rate, loss) for rate, loss in found.curve if math.isfinite(loss)],
    )


def _tested(recipe: Recipe, *layers: Mapping[str, Any]) -> str:
    """Return the strategy whose test is run; all but `scratch` begin with the same frozen body.

    Raises:
        UsageError: two different tests are asked for.
    """
    asked = [layer["strategy"] for layer in (recipe.defaults, *layers) if "strategy" in layer][-1]
    first, *more = str(asked).split("-vs-")
    if more and "scratch" in (first, *more):
        raise UsageError(
            f"--strategy {asked} asks for two range tests, expected one",
            hint="--strategy scratch tests the whole network, --strategy head its head",
        )
    return first


def _tell_what_plays_no_part(given: Mapping[str, Any], strategy: str, narrator: Narrator) -> None:
    idle = {*NO_PART, *(ON_FEATURES if strategy == "scratch" else ON_PICTURES)}
    names = [option(name) for name in given if name in idle]
    if names:
        narrator.say(f"no part in the range test: {', '.join(names)}")
