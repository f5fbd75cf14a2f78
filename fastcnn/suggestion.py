"""Which networks suit a data set, this machine and a time: what `fastcnn models --suggest` says.

What can be measured is measured: each candidate's steps and pictures on this machine, by what
`--dry-run` uses. What is a judgement, which of two that fit will score higher, is a rule of
thumb (`suggestion_rules`), with the reason that is printed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from fastcnn.data.looks import look_at_all
from fastcnn.errors import UsageError
from fastcnn.models import packaged
from fastcnn.models.architectures import find_architecture, native_size
from fastcnn.models.catalogue import (
    CACHED,
    DOWNLOADABLE,
    NONE,
    PACKAGED,
    RECOMMENDED,
    place_of_weights,
)
from fastcnn.models.sizes import sizes_of
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.plan import Plan, make_plan
from fastcnn.quantities import short_duration
from fastcnn.recipe_book import FOLDER_RECIPE, find_recipe
from fastcnn.suggestion_costs import Cost, Trial, cost_of
from fastcnn.suggestion_rules import Facts, command_of, rank_of, reason_of

ENLARGED, FOLD = 5, 32
"""Small pictures are enlarged so many times, to a multiple of what networks divide sides by."""
REDUCED = 128
"""Side that pictures are reduced to where nothing fits the time at a network's own."""
MOST_MEASURED = 3
"""Networks with weights that are tried out; each takes some seconds the first time."""
FEWEST_FROM_NOTHING = 500
"""Images below which a network from nothing is no use."""
MOST_EPOCHS = {"lp-ft": 5, "scratch": 30}
LEAST_EPOCHS = {"lp-ft": 1, "scratch": 5}
"""Of fewer nothing comes."""


@dataclass(frozen=True)
class Suggestion:
    """One network and how to train it."""

    arch: str
    strategy: str
    size: int
    """Side of the picture that the network sees, in pixels."""
    epochs: int | None
    """None where the head is solved."""
    seconds: float
    """Estimated from what a few images cost on this machine."""
    fits: bool
    """Whether that is within the budget."""
    weights: str
    """packaged, cached or none."""
    parameters: int | None
    multiply_adds: int | None
    """For one picture of the network's own input size."""
    reason: str
    command: str
    """To copy."""


@dataclass(frozen=True)
class Advice:
    """What suits a data set."""

    facts: Facts
    budget: float
    """Seconds."""
    suggestions: Sequence[Suggestion]
    """The best first."""
    elsewhere: Sequence[str]
    """Recommended networks whose weights would have to be downloaded; they were not measured."""
    notes: Sequence[str]
    """What did not fit, and why."""

    def to_json(self) -> dict[str, Any]:
        """Return everything by name."""
        return asdict(self)


def suggest(folder: str, budget: float, narrator: Narrator) -> Advice:
    """Look at the pictures, try out a few networks on this machine, and name those that suit.

    Args:
        folder: what `fastcnn train` takes: a folder of classes, a table, an archive.
        budget: seconds that a training may take.
        narrator: where notes go.

    Raises:
        FastcnnError: the data cannot be used.
    """
    given = {"arch": packaged.ARCHITECTURE, "strategy": "head"}
    quiet = Narrator(narrator.console, quiet=True)
    plan = make_plan(find_recipe(FOLDER_RECIPE), str(user_path(folder)), {}, given, quiet)
    facts = _facts(plan, folder, quiet)
    trials = list(_trials(facts))
    costs = []
    with narrator.bar("trying out", len(trials)) as advance:
        for done, trial in enumerate(trials, start=1):
            try:
                costs.append(cost_of(trial, plan, quiet))
            except UsageError as error:  # a network for one size of picture, and that is another
                narrator.warn(f"{trial.arch} was left out: {error}")
            advance(done, trial.arch)
    fitted = [_fitted(cost, budget) for cost in costs]
    if not any(cost.seconds <= budget for cost in fitted) and not facts.is_small:
        smaller = Trial(packaged.ARCHITECTURE, "head", REDUCED)
        fitted.append(cost_of(smaller, plan, quiet))
    return advise(facts, budget, fitted)


def _facts(plan: Plan, folder: str, narrator: Narrator) -> Facts:
    images = plan.images
    sample = images.paths(images.train)[:: max(1, len(images.train) // 500)]
    sides = [min(look.width, look.height) for look in look_at_all(sample, narrator)]
    return Facts(
        folder=shown_path(user_path(folder).absolute()),
        images=len(images.train) + len(images.valid),
        training_images=len(images.train),
        classes=len(images.classes),
        side=int(median(sides)),
    )


def _trials(facts: Facts) -> Iterator[Trial]:
    """Yield what may suit: every network with weights here, and those that need none."""
    for arch in _with_weights()[:MOST_MEASURED]:
        size = native_size(find_architecture(arch))
        if facts.is_small:
            size = min(size, FOLD * max(1, round(ENLARGED * facts.side / FOLD)))
        yield Trial(arch, "head", size)
        yield Trial(arch, "lp-ft", size, MOST_EPOCHS["lp-ft"])
    if facts.is_small and facts.training_images >= FEWEST_FROM_NOTHING:
        yield Trial("sprint", "scratch", 32, MOST_EPOCHS["scratch"])


def _with_weights() -> list[str]:
    """Return the recommended networks whose weights are here, the packaged one first."""
    here = [(place_of_weights(find_architecture(name)), name) for name in RECOMMENDED]
    first = [name for place, name in here if place == PACKAGED]
    return first + [name for place, name in here if place == CACHED]


def _fitted(cost: Cost, budget: float) -> Cost:
    """Return the cost with as many epochs as the budget has room for, at least the fewest."""
    if cost.trial.epochs is None or cost.seconds <= budget:
        return cost
    room = int((budget - cost.fixed_seconds) / cost.epoch_seconds)
    return cost.with_epochs(max(room, LEAST_EPOCHS[cost.trial.strategy]))


def advise(facts: Facts, budget: float, costs: Sequence[Cost]) -> Advice:
    """Put what fits the budget in order; where nothing does, name the quickest alone."""
    fitting = [cost for cost in costs if cost.seconds <= budget]
    chosen = sorted(fitting, key=lambda cost: rank_of(cost, facts), reverse=True)
    if not chosen:
        chosen = [min(costs, key=lambda cost: cost.seconds)]
    notes = [
        f"{cost.trial.arch}, {cost.trial.strategy}{_epochs(cost)}: {short_duration(cost.seconds)}"
        for cost in costs
        if cost not in chosen
    ]
    elsewhere = [
        name for name in RECOMMENDED if place_of_weights(find_architecture(name)) == DOWNLOADABLE
    ]
    suggestions = [_suggestion(cost, facts, budget) for cost in chosen]
    return Advice(facts, budget, suggestions, elsewhere, notes)


def _suggestion(cost: Cost, facts: Facts, budget: float) -> Suggestion:
    trial = cost.trial
    architecture = find_architecture(trial.arch)
    sizes = sizes_of([architecture], Narrator(quiet=True))[trial.arch]
    return Suggestion(
        arch=trial.arch,
        strategy=trial.strategy,
        size=trial.size,
        epochs=trial.epochs,
        seconds=cost.seconds,
        fits=cost.seconds <= budget,
        weights=NONE if trial.strategy == "scratch" else place_of_weights(architecture),
        parameters=sizes.parameters if sizes else None,
        multiply_adds=sizes.multiply_adds if sizes else None,
        reason=reason_of(trial, facts),
        command=command_of(trial, facts),
    )


def _epochs(cost: Cost) -> str:
    n = cost.trial.epochs
    return "" if n is None else f", {n} epoch{'s' * (n > 1)}"
