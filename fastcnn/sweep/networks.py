"""Whether what is searched of networks can be had: found out before the first trial."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from fastcnn.errors import FastcnnError, Problem, UsageError
from fastcnn.models.blueprint import blueprint
from fastcnn.models.learner import require_buildable
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan, weights_for
from fastcnn.settings import Settings
from fastcnn.sweep.order import Order
from fastcnn.sweep.space import Choices, Space, write_search
from fastcnn.sweep.study import whole_settings
from fastcnn.sweep.typed import typed

_Tried = tuple[Mapping[str, Any], FastcnnError | None]
"""A combination, and why it cannot be trained."""
DECIDE = ("arch", "strategy", "weights")
"""The settings by which a network is had, or not."""


def require_networks(order: Order, plan: Plan, narrator: Narrator) -> None:
    """See that every architecture, strategy and file that is searched goes with one other at least.

    Raises:
        FastcnnError: some go with none, or no network has a block that `freeze_until` names.
    """
    space = order.parsed_space()
    tried = [(drawn, _why_not(order, plan, drawn, narrator)) for drawn in _combinations(space)]
    for name in tried[0][0]:
        values = dict.fromkeys(drawn[name] for drawn, _ in tried)
        _require_some(name, {value: _errors(tried, name, value) for value in values})
    _require_blocks(space, plan)


def _errors(tried: Sequence[_Tried], name: str, value: Any) -> list[FastcnnError | None]:
    """Return what came of each combination with a value; None is that it can be trained."""
    return [error for drawn, error in tried if drawn[name] == value]


def _require_some(name: str, found: Mapping[Any, Sequence[FastcnnError | None]]) -> None:
    """See that each value of a setting can be trained in one combination at least.

    Raises:
        FastcnnError: some cannot; of the kind of the first one.
    """
    unfit = {value: errors[0] for value, errors in found.items() if errors[0] and all(errors)}
    problems = [
        Problem(f"--search {name}, {value}: {problem.message}", problem.hint)
        for value, error in unfit.items()
        if error is not None
        for problem in error.problems
    ]
    if problems:
        raise type(next(iter(unfit.values()))).of(problems)


def _combinations(space: Space) -> Iterator[dict[str, Any]]:
    """Yield every choice of what decides, by name; one of nothing where none is searched."""
    searched = {name: space[name] for name in DECIDE if name in space}
    choices = {name: each.values for name, each in searched.items() if isinstance(each, Choices)}
    for values in product(*choices.values()):
        yield {name: typed(name, value) for name, value in zip(choices, values, strict=True)}


def _why_not(
    order: Order, plan: Plan, drawn: Mapping[str, Any], narrator: Narrator
) -> FastcnnError | None:
    """Return why a trial with these choices would fail for want of its network; None is none."""
    if not drawn:  # the plan has found its own
        return None
    settings = Settings(**whole_settings(order, plan, drawn)).changed(size=plan.settings.size)
    named = bool(order.given.get("arch") or order.earlier().get("arch") or drawn.get("arch"))
    try:
        weights = weights_for(settings, named, narrator)
        network = blueprint(weights.architecture, settings, len(plan.images.classes))
        require_buildable(weights, network)
    except FastcnnError as error:
        return error
    return None


def _require_blocks(space: Space, plan: Plan) -> None:
    """See that the network has the blocks that are searched; of several networks one may.

    Raises:
        UsageError: it has not.
    """
    blocks, names = space.get("freeze_until"), plan.blueprint.group_names[:-1]
    unknown = [block for block in getattr(blocks, "values", ()) if block not in names]
    if blocks is not None and unknown and not isinstance(space.get("arch"), Choices):
        raise UsageError(
            f"--search {write_search('freeze_until', blocks)}: {plan.settings.arch} has no block "
            f"{', '.join(unknown)}",
            hint=f"its blocks are {', '.join(names)}",
        )
