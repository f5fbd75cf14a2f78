"""An ablation: trainings that differ in one thing each, every one repeated with several seeds.

recipe → for each seed: images → for each row and column: training → table and curves.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcnn.analysis.ablation import Cell, summary
from fastcnn.assembly import shared_by
from fastcnn.describe import describe_plan
from fastcnn.errors import Problem, UsageError
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

    The folder holds `run.json`, `ablation.csv` with a line a training, and `ablation.png`.
    Trainings are scored on held-out images, and no model is kept.

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
                record.document["ablation"] = summary(cells)
                record.save()
                write_ablation(cells, folder, recipe.title)
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
    first = plan.settings.seed
    n_cells = ablation.n_seeds * len(ablation.rows) * len(ablation.columns)
    number = 0
    for seed in range(first, first + ablation.n_seeds):
        given = {**asked.given, "seed": seed}
        quiet = narrator if seed == first else HushedNarrator(quiet=True)
        of_seed = (
            plan
            if seed == first
            else make_plan(plan.recipe, asked.data, asked.config, given, quiet)
        )
        for row, changes in ablation.rows.items():
            for column, besides in ablation.columns.items():
                number += 1
                drawn = {**asked.given, **changes, **besides, "seed": seed}
                planned = plan_trial(of_seed, asked.config, drawn, kept)
                cell, said = _train(planned, kept, (row, column))
                for event in said:
                    narrator.warn(f"{row}, {column}, seed {seed}: {event}")
                narrator.say(
                    f"{number} of {n_cells}: {row}, {column}, seed {seed}: "
                    f"accuracy {cell.accuracy:.3f} in {cell.seconds:.0f} s"
                )
                yield cell


def _train(plan: Plan, kept: Kept, place: tuple[str, str]) -> tuple[Cell, list[str]]:
    """Return the training at a row and column, and what was warned of."""
    narrator = HushedNarrator(quiet=True)
    score = run_trial(plan, kept, narrator)
    cell = Cell(
        *place, plan.settings.seed, score.accuracy, score.loss, score.seconds, score.history
    )
    return cell, narrator.events
