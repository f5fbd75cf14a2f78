"""An ablation: trainings that differ in one thing each, every one repeated with several seeds.

recipe → for each seed: images → for each row and column: training → table and curves.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastcnn.analysis.ablation import Cell, summary
from fastcnn.assembly import shared_by
from fastcnn.describe import describe_plan
from fastcnn.errors import Problem, TrainingError, UsageError
from fastcnn.models.networks import written_out
from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe import Ablation, Recipe
from fastcnn.record import RunRecord, run_folder
from fastcnn.report.ablation_files import write_ablation
from fastcnn.run_folder import Run
from fastcnn.setting_checks import option
from fastcnn.setting_uses import OF_WHOLE_RUNS
from fastcnn.settings import known_settings
from fastcnn.trials.kept import Kept, kept_between_trials
from fastcnn.trials.trial import plan_trial, run_trial


@dataclass(frozen=True)
class _Asked:
    """What was asked for besides the rows, as `ablate` takes it."""

    data: str | None
    config: Mapping[str, Any]
    given: Mapping[str, Any]


@dataclass(frozen=True)
class _Place:
    """A row in a column."""

    row: str
    column: str
    changes: Mapping[str, Any]


def ablate(
    recipe: Recipe,
    ablation: Ablation,
    data: str | None,
    out: str | Path | None,
    config: Mapping[str, Any],
    given: Mapping[str, Any],
    narrator: Narrator,
    command: str,
) -> Run:
    """Train every row of a recipe's ablation in every column, with every seed, and compare them.

    The folder holds `run.json`, `ablation.csv` with a line a training, `ablation_history.csv` with
    a line an epoch, and `ablation.png`. Trainings are scored on held-out images, and no model is
    kept. One that fails is noted with its reason, and the others go on.

    Args:
        recipe: what is trained, and by which settings where no row says otherwise.
        ablation: its rows and columns.
        data: folder of images; None takes the recipe's own.
        out: folder of the run; None makes one below `runs/`.
        config: settings of an earlier run; what the rows set themselves is not taken from it.
        given: settings that hold for all rows.
        narrator: where notes and progress go.
        command: what the record calls the command.

    Raises:
        FastcnnError: something given is wrong or cannot be had; its class says what.
    """
    fixed = _fixed(ablation)
    given = {name: value for name, value in given.items() if value is not None}
    beside = {*fixed, *OF_WHOLE_RUNS}
    config = known_settings(config)
    config = {name: value for name, value in config.items() if name not in beside}
    _refuse(fixed, given)
    asked = _Asked(data, config, given)
    plan = make_plan(recipe, data, config, given, narrator)
    folder = run_folder(recipe.name, plan.settings.strategy, out)
    record = RunRecord(folder, command=command, **describe_plan(plan, data))
    cells: list[Cell] = []
    with record.kept(narrator), shared_by(plan, narrator):
        with kept_between_trials(
            plan, folder, n_processes=1, most_views=plan.settings.views
        ) as kept:
            for cell in _trained(plan, asked, ablation, kept, narrator):
                cells.append(cell)
                _noted(record, cells)
                write_ablation(cells, folder, recipe.title)
        _require_one(cells)
    return Run(folder)


def _fixed(ablation: Ablation) -> set[str]:
    """Return the settings that rows or columns set themselves."""
    tables = (*ablation.rows.values(), *ablation.columns.values())
    return {name for table in tables for name in table}


def _refuse(fixed: Set[str], given: Mapping[str, Any]) -> None:
    """Raise where a setting was given that does nothing, or asks for several strategies.

    Raises:
        UsageError: it was.
    """
    problems = []
    if named := sorted(fixed & set(given)):
        problems.append(
            Problem(
                f"{', '.join(map(option, named))} would do nothing: the rows and columns of the "
                "ablation set it themselves",
                "leave it away, or copy the recipe (fastcnn recipes --copy) and change its rows",
            )
        )
    if asked := [option(name) for name in OF_WHOLE_RUNS if given.get(name)]:
        problems.append(
            Problem(
                f"{', '.join(asked)} would do nothing: an ablation repeats each row with seeds of "
                "its own",
                "leave it away; copy the recipe (fastcnn recipes --copy) to change n_seeds",
            )
        )
    if "-vs-" in str(given.get("strategy")):
        problems.append(
            Problem(
                f"--strategy is {given['strategy']}, expected one: the rows are what is compared",
                "leave it away, or give for example --strategy scratch",
            )
        )
    if problems:
        raise UsageError.of(problems)


def _trained(
    plan: Plan, asked: _Asked, ablation: Ablation, kept: Kept, narrator: Narrator
) -> Iterator[Cell]:
    """Train seed by seed, so that a broken-off ablation has compared all rows with the first."""
    for place in _places(ablation):  # what is wrong with a row is told before the first training
        plan_trial(plan, asked.config, {**asked.given, **place.changes}, kept)
    first = plan.settings.seed
    n_cells = ablation.n_seeds * len(ablation.rows) * len(ablation.columns)
    number = 0
    for seed in range(first, first + ablation.n_seeds):
        of_seed = plan if seed == first else _plan_again(plan, asked, seed)
        for place in _places(ablation):
            number += 1
            drawn = {**asked.given, **place.changes, "seed": seed}
            planned = plan_trial(of_seed, asked.config, drawn, kept)
            cell, said = _train(planned, kept, place)
            for event in said:
                narrator.warn(f"{place.row}, {place.column}, seed {seed}: {event}")
            narrator.say(f"{number} of {n_cells}: {_in_words(cell)}")
            yield cell


def _places(ablation: Ablation) -> Iterator[_Place]:
    """Yield every row in every column; a column wins over a row where both set the same."""
    for row, changes in ablation.rows.items():
        for column, besides in ablation.columns.items():
            yield _Place(row, column, {**changes, **besides})


def _plan_again(plan: Plan, asked: _Asked, seed: int) -> Plan:
    """Return the plan by another seed, which splits anew; its notes were told by the first."""
    given = {**asked.given, "seed": seed}
    return make_plan(plan.recipe, asked.data, asked.config, given, HushedNarrator(quiet=True))


def _train(plan: Plan, kept: Kept, place: _Place) -> tuple[Cell, list[str]]:
    """Return one training, and what was warned of; one that fails ends no other."""
    narrator = HushedNarrator(quiet=True)
    architecture = plan.weights.architecture
    network = written_out(architecture.name) if architecture.is_own else None
    cell = Cell(place.row, place.column, plan.settings.seed, place.changes, network)
    try:
        cell = replace(cell, score=run_trial(plan, kept, narrator))
    except TrainingError as error:
        cell = replace(cell, reason=str(error))
    return cell, narrator.events


def _in_words(cell: Cell) -> str:
    where = f"{cell.row}, {cell.column}, seed {cell.seed}"
    if cell.score is None:
        return f"{where}: failed: {cell.reason}"
    return f"{where}: accuracy {cell.score.accuracy:.3f} in {cell.score.seconds:.0f} s"


def _noted(record: RunRecord, cells: Sequence[Cell]) -> None:
    """Write what there is by now into the record, with every precision that was measured."""
    record.document["ablation"] = summary(cells)
    found = [cell.score.precisions for cell in cells if cell.score is not None]
    measured = {name: precision for one in found for name, precision in one.items()}
    record.document["settings"]["measured"] = measured
    record.save()


def _require_one(cells: Sequence[Cell]) -> None:
    """Raise where every training has failed.

    Raises:
        TrainingError: they have; with the reason of the last.
    """
    if not any(cell.score for cell in cells):
        raise TrainingError(
            f"all {len(cells)} trainings failed; the last: {cells[-1].reason}",
            hint="ablation.csv lists the reasons; a lower --lr keeps most trainings finite",
        )
