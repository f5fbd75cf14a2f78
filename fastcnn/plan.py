"""Everything that is known, and every mistake that can be found, before the training starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from fastcnn.data.loading import ImageSet
from fastcnn.data.source import DataSource, find_source, why_sample
from fastcnn.data.understanding import Understood, tell_faults, understand
from fastcnn.errors import UsageError
from fastcnn.given_settings import from_nothing
from fastcnn.learning_rate import scaled
from fastcnn.models.blueprint import Blueprint, blueprint
from fastcnn.models.learner import choose_device, require_buildable
from fastcnn.models.networks import is_own
from fastcnn.models.weights import Weights, find_weights, no_weights
from fastcnn.narrator import Narrator
from fastcnn.recipe import Recipe
from fastcnn.setting_uses import refuse_unused
from fastcnn.settings import Settings, known_settings, resolve_settings
from fastcnn.training.optimizers import usual_rate
from fastcnn.training.phases import Phase
from fastcnn.training.strategies import phases_of

if TYPE_CHECKING:
    from fastai.data.block import DataBlock


@dataclass(frozen=True)
class Plan:
    """What a training needs, found and checked."""

    recipe: Recipe
    """What is trained."""
    settings: Settings
    """Every setting, resolved: the architecture that is used, the device that is there."""
    source: DataSource
    """Where the images come from."""
    images: ImageSet
    """Listed, labelled and split: the same for every strategy."""
    weights: Weights
    """What the body starts from."""
    device: torch.device
    """Where the training runs."""
    blueprint: Blueprint
    """The network that every strategy trains, without its numbers."""
    block: Callable[[Settings], "DataBlock"]
    """Builds the recipe's `DataBlock` of these images."""
    split: Callable[[Settings, int], ImageSet]
    """Splits the images by the seed of other settings, holding out the fold of that number."""


def make_plan(
    recipe: Recipe,
    data: str | None,
    config: Mapping[str, Any],
    given: Mapping[str, Any],
    narrator: Narrator,
) -> Plan:
    """Find data and weights and say which; settings given win over `config`, that over the recipe.

    Raises:
        FastcnnError: a setting is wrong, or the data or weights cannot be had.
    """
    config = known_settings(config)
    given = from_nothing(config, given)
    settings = resolve_settings(recipe.defaults, config, given)
    if problems := refuse_unused(given, settings):
        raise UsageError.of(problems)
    device = choose_device(settings.device)
    source = find_source(recipe, data, narrator)
    settings = settle(recipe, config, given, is_sample=source.is_sample)
    understood = understand(recipe, settings, source.path, narrator)
    images, settings = understood.images, understood.settings
    _tell_data(recipe, source, understood, narrator)
    _tell_given_parts(given, settings, images, narrator)
    weights = weights_for(settings, bool(given.get("arch") or config.get("arch")), narrator)
    drawn = draw(weights, settings, len(images.classes), narrator)
    narrator.say(f"body: {weights.architecture.name}, {weights.describe()}")
    file = str(weights.path) if weights.source == "file" else None
    settings = settings.changed(arch=weights.architecture.name, weights=file, device=str(device))
    block, split = understood.block, understood.split
    return Plan(recipe, settings, source, images, weights, device, drawn, block, split)


def settle(
    recipe: Recipe, config: Mapping[str, Any], given: Mapping[str, Any], *, is_sample: bool
) -> Settings:
    """Lay the settings over each other; a rate that nobody gave becomes what suits the optimizer.

    Raises:
        UsageError: with every problem found.
    """
    sample = recipe.sample.defaults if is_sample and recipe.sample else {}
    settings = resolve_settings(recipe.defaults, sample, config, given)
    if given.get("lr") or config.get("lr"):
        return settings
    return settings.changed(lr=scaled(settings.lr, usual_rate(settings.opt)))


def draw(weights: Weights, settings: Settings, n_classes: int, narrator: Narrator) -> Blueprint:
    """Draw the network that is trained, and find out that the strategies can train it.

    Raises:
        FastcnnError: the weights do not fit, the pictures are too small, or a block is unknown.
    """
    drawn = blueprint(weights.architecture, settings, n_classes)
    require_buildable(weights, drawn)
    for name in settings.strategies:  # an unknown block is found here, not after the first strategy
        phases = phases_of(name, settings, drawn.group_names, rate=1.0)
        _tell_never_reached(name, phases, drawn, narrator)
    return drawn


def weights_for(settings: Settings, arch_was_named: bool, narrator: Narrator) -> Weights:
    """Find what the body starts from; where every strategy starts from random, nothing."""
    arch_was_named = arch_was_named or is_own(settings.arch)  # ImageNet is no stand-in for it
    if settings.strategies == ("scratch",):
        if settings.weights:
            narrator.say(f"--weights {settings.weights} is not used: scratch starts from random")
        return no_weights(settings.arch)
    return find_weights(
        settings.arch, settings.weights, arch_was_named=arch_was_named, narrator=narrator
    )


def _tell_never_reached(
    strategy: str, phases: Sequence[Phase], drawn: Blueprint, narrator: Narrator
) -> None:
    """Say where `gradual` has too few epochs to come down to the stem."""
    never = min(phase.n_frozen for phase in phases)
    if strategy == "gradual" and never:
        names = drawn.group_names
        narrator.say(
            f"gradual: {len(phases)} epochs reach {names[never]} and above; --epochs {len(names)} "
            f"would reach {names[0]}"
        )


def _tell_given_parts(
    given: Mapping[str, Any], settings: Settings, images: ImageSet, narrator: Narrator
) -> None:
    """Say that `--valid-pct` was given in vain where the data or the recipe hold out another part.

    A drawn split is told by its size: it differs from what was asked for by less than an image.
    """
    held_out = len(images.valid) + len(images.unscored_items)
    asked = settings.valid_pct * (len(images.train) + held_out)
    drawn = settings.split != "auto" or settings.group_by or abs(held_out - asked) <= 1
    if given.get("valid_pct") and not drawn:
        narrator.warn(
            f"--valid-pct {settings.valid_pct} is not used: the data say what is held out; "
            "--split random draws anew"
        )


def _tell_data(
    recipe: Recipe, source: DataSource, understood: Understood, narrator: Narrator
) -> None:
    images = understood.images
    n_used = len(images.train) + len(images.valid) + len(images.test)
    of_test = f", {len(images.test):,} for the test at the end" if images.test else ""
    narrator.always_say(
        f"data: {source.title}: {n_used:,} images of {len(images.classes)} classes, "
        f"{len(images.train):,} to learn from and {len(images.valid):,} held out{of_test}"
    )
    if understood.words:
        narrator.say(f"understood: {understood.words}; {_shape_in_words(understood.settings)}")
    if recipe.licence:
        narrator.say(f"licence of the images: {recipe.licence}")
    if source.is_sample:
        narrator.warn(why_sample(recipe))
    if images.unscored:
        narrator.warn(f"not scored, since no training image shows it: {', '.join(images.unscored)}")
    tell_faults(understood, narrator)


def _shape_in_words(settings: Settings) -> str:
    ways = {
        "crop": "the middle of each is cut out as a square",
        "pad": "each is padded to a square",
        "squish": "each is squeezed to a square",
    }
    return ways.get(settings.resize, "made square as the recipe says")
