"""An ablation: trainings that differ in one thing each, every one repeated with several seeds.

recipe → for each seed: images → for each row and column: training → table and curves.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fastcnn.analysis.ablation import Cell, summary
from fastcnn.assembly import shared_by
from fastcnn.describe import describe_plan
from fastcnn.errors import UsageError
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe import Ablation, Recipe
from fastcnn.recipe_book import find_recipe
from fastcnn.record import RunRecord, require_free, run_folder
from fastcnn.report.ablation_files import write_ablation
from fastcnn.run_folder import Run
from fastcnn.setting_checks import option
from fastcnn.sweep.kept import Kept, kept_between_trials
from fastcnn.sweep.order import Order
from fastcnn.sweep.trial import plan_trial, run_trial
from fastcnn.training.history import EpochRow
from fastcnn.training.kept_memory import memory_kept
from fastcnn.workflow import data_path


def ablate(
    recipe: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    force: bool = False,
    config: Mapping[str, Any] | None = None,
    narrator: Narrator | None = None,
    command: str | None = None,
    **settings: Any,
) -> Run:
    """Train every row of a recipe's ablation in every column, with every seed, and compare them.

    The arguments are those of `fastcnn.run`. The folder holds `run.json`, `ablation.csv` with a
    line a training, and `ablation.png`. Trainings are scored on held-out images, and no model is
    kept.

    Raises:
        FastcnnError: something given is wrong or cannot be had; its class says what.
    """
    narrator = narrator or Narrator()
    found, source = find_recipe(str(recipe)), data_path(data, config)
    if found.ablation is None:
        raise UsageError(
            f"{found.name} has no rows to compare", hint=f"fastcnn recipe {recipe} trains it"
        )
    given = {name: value for name, value in settings.items() if value is not None}
    _refuse_fixed(found.ablation, given)
    require_free(out, force=force)
    order = Order(str(recipe), source, given, dict(config or {}), space=())
    plan = make_plan(found, source, order.config, given, narrator)
    folder = run_folder(found.name, plan.settings.strategy, out)
    command = command or f"fastcnn.ablate({str(recipe)!r})"
    record = RunRecord(folder, command=command, **describe_plan(plan, source))
    cells: list[Cell] = []
    with record.kept(narrator), shared_by(plan, narrator), memory_kept():
        with kept_between_trials(plan, {}, folder, n_processes=1) as kept:
            for cell in _trained(plan, order, found, kept, narrator):
                cells.append(cell)
                record.document["ablation"] = summary(cells)
                record.save()
                write_ablation(cells, folder, found.title)
    return Run(folder)


def _refuse_fixed(ablation: Ablation, given: Mapping[str, Any]) -> None:
    """Raise where a setting was given that rows or columns set themselves.

    Raises:
        UsageError: it was.
    """
    tables = (*ablation.rows.values(), *ablation.columns.values())
    fixed = {name for table in tables for name in table}
    if named := sorted(fixed & set(given)):
        raise UsageError(
            f"{', '.join(map(option, named))} would do nothing: the rows and columns of the "
            "ablation set it themselves",
            hint="leave it away, or copy the recipe (fastcnn recipes --copy) and change its rows",
        )


def _trained(
    plan: Plan, order: Order, recipe: Recipe, kept: Kept, narrator: Narrator
) -> Iterator[Cell]:
    """Train seed by seed, so that a broken-off ablation has compared all rows with the first."""
    ablation = recipe.ablation or Ablation({}, {})
    first = plan.settings.seed
    n_cells = ablation.n_seeds * len(ablation.rows) * len(ablation.columns)
    number = 0
    for seed in range(first, first + ablation.n_seeds):
        given = {**order.given, "seed": seed}
        quiet = narrator if seed == first else Narrator(quiet=True)
        of_seed = (
            plan if seed == first else make_plan(recipe, order.data, order.config, given, quiet)
        )
        for row, changes in ablation.rows.items():
            for column, besides in ablation.columns.items():
                number += 1
                drawn = {**changes, **besides, "seed": seed}
                cell = _train(plan_trial(of_seed, order, drawn, kept), kept, (row, column))
                narrator.say(
                    f"{number} of {n_cells}: {row}, {column}, seed {seed}: "
                    f"accuracy {cell.accuracy:.3f} in {cell.seconds:.0f} s"
                )
                yield cell


def _train(plan: Plan, kept: Kept, place: tuple[str, str]) -> Cell:
    epochs: list[EpochRow] = []
    started = time.perf_counter()
    score = run_trial(plan, kept, Narrator(quiet=True), epochs.append)
    seconds = time.perf_counter() - started
    row, column = place
    return Cell(row, column, plan.settings.seed, score.accuracy, score.loss, seconds, tuple(epochs))
