"""The whole flow of a run, from a recipe's name to compared and exported models.

source → images → weights → for each repeat and strategy: learner → training → export →
predictions → metrics → comparison. Each stage takes the object of the one before it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fastcnn.analysis.predictions import write_table
from fastcnn.assembly import Shared, make_job, shared_by
from fastcnn.describe import describe_plan, describe_strategy
from fastcnn.errors import TrainingError, UsageError
from fastcnn.files import link_file, write_bytes
from fastcnn.image_list import write_image_list
from fastcnn.inference.export import export_bytes
from fastcnn.inference.trust import sha256_of, trust
from fastcnn.labels import judge_labels
from fastcnn.learning_curve import add_learning_curve
from fastcnn.narrator import Narrator
from fastcnn.places import user_path
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe_book import find_recipe
from fastcnn.record import RunRecord, require_free, run_folder
from fastcnn.repeats import Gathered, Repeat, compare_gathered, n_learned_later, repeats_of
from fastcnn.report.contact_sheet import write_contact_sheet
from fastcnn.report.curves import write_curves
from fastcnn.report.tables import write_comparison
from fastcnn.reporting import leave_report
from fastcnn.run_folder import (
    CONTACT_SHEET_FILE,
    EXPORT_FILE,
    HISTORY_FILE,
    LR_CURVE_FILE,
    PREDICTIONS_FILE,
    Run,
)
from fastcnn.scoring import score_exported, score_test
from fastcnn.setting_uses import PICTURES, does
from fastcnn.training.job import Job
from fastcnn.training.preview import Preview, preview_jobs
from fastcnn.training.train import train


def run(
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
    """Train a recipe by one or more strategies, compare them, and return the run.

    A recipe with an ablation has its rows compared instead.

    Args:
        recipe: name of a bundled recipe, or path of a `.py` file with a `RECIPE`.
        data: folder of images; None takes the recipe's own, or its drawn sample.
        out: folder of the run; None makes one below `runs/`.
        force: replace the run that `out` holds.
        config: settings of an earlier run (`Run.record["settings"]`), below those given here.
        narrator: where notes and progress go.
        command: what the record calls it; None writes this call.
        **settings: fields of `fastcnn.settings.Settings`.

    Raises:
        FastcnnError: something given is wrong or cannot be had; its class says what.
    """
    narrator = narrator or Narrator()
    source = _data_path(data, config)
    require_free(out, force=force)
    command = command or _as_call(recipe, {"data": source, **settings})
    found = find_recipe(str(recipe))
    if found.ablation:
        from fastcnn.ablation import ablate  # which itself stands on what is here

        return ablate(found, found.ablation, source, out, config or {}, settings, narrator, command)
    plan = make_plan(found, source, config or {}, settings, narrator)
    repeats = repeats_of(plan, narrator)
    folder = run_folder(plan.recipe.name, plan.settings.strategy, out)
    record = RunRecord(folder, command=command, **describe_plan(plan, source))
    train_and_compare(plan, repeats, record, narrator)
    finished = Run(folder)
    leave_report(finished, narrator)
    return finished


def preview(
    recipe: str | Path,
    *,
    data: str | Path | None = None,
    config: Mapping[str, Any] | None = None,
    narrator: Narrator | None = None,
    **settings: Any,
) -> Preview:
    """Return what `run` would do with the same arguments; nothing is trained and no run is begun.

    What is measured for it is remembered, and so are data and weights that it had to fetch.

    Raises:
        FastcnnError: as `run` would.
    """
    narrator = narrator or Narrator()
    source = _data_path(data, config)
    found = find_recipe(str(recipe))
    if found.ablation:
        raise UsageError(
            f"{found.name} compares {len(found.ablation.rows)} rows, which --dry-run does not show",
            hint=f"fastcnn recipe {recipe} --epochs 1 takes the least time",
        )
    plan = make_plan(found, source, config or {}, settings, narrator)
    repeats = repeats_of(plan, narrator)
    names = [repeat.name for repeat in repeats if repeat.name]
    with shared_by(plan, narrator) as shared:
        jobs = (make_job(plan, name, None, shared, narrator) for name in plan.settings.strategies)
        return preview_jobs(jobs, plan.blueprint, names, n_learned_later(repeats))


def train_and_compare(
    plan: Plan, repeats: Sequence[Repeat], record: RunRecord, narrator: Narrator
) -> None:
    """Train as planned, each repeat by each strategy, and fill the record and its folder."""
    gathered = {name: Gathered() for name in plan.settings.strategies}
    with record.kept(narrator), shared_by(plan, narrator) as shared:
        write_image_list(plan.images, record.folder)
        record.document["settings"]["measured"] = shared.choice.chosen  # grows with the run
        for repeat in repeats:
            run_strategies(repeat, record, gathered, shared, narrator)
        score_test(repeats, record, narrator)
        add_learning_curve(plan, record, shared, narrator)


def run_strategies(
    repeat: Repeat,
    record: RunRecord,
    gathered: Mapping[str, Gathered],
    shared: Shared,
    narrator: Narrator,
) -> None:
    """Train by each strategy, write down what there is, and compare them.

    Of the first repeat that is done after each strategy. Of a later one only when all are through:
    strategies with unequally many folds would be scored on unequal images.
    """
    for name in repeat.plan.settings.strategies:
        entry, table = run_strategy(repeat, name, record.folder, shared, narrator)
        gathered[name].add(repeat, entry, table)
        if repeat.is_first:
            write_down(repeat, [name], record, gathered)
            write_curves(record.folder, list(record.strategies), Run(record.folder).title)
    if not repeat.is_first:
        write_down(repeat, repeat.plan.settings.strategies, record, gathered)


def write_down(
    repeat: Repeat, strategies: Sequence[str], record: RunRecord, gathered: Mapping[str, Gathered]
) -> None:
    """Write down what has been gathered of some strategies, and the comparison of all."""
    for name in strategies:
        if repeat.name:
            keep_for_strategy(repeat, gathered[name], record.folder / name)
        record.strategies[name] = gathered[name].entry()
    if all(one.repeats for one in gathered.values()):
        record.document["comparison"] = compare_gathered(gathered)
    write_comparison(record.strategies, record.folder)
    record.save()


def run_strategy(
    repeat: Repeat, strategy: str, run_folder: Path, shared: Shared, narrator: Narrator
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Train by one strategy, export the model, and score the exported model."""
    plan, folder = repeat.plan, run_folder / strategy / repeat.name
    job = make_job(plan, strategy, folder, shared, narrator)
    if repeat.is_first and PICTURES in does(strategy, plan.settings):
        show_pictures(job, run_folder)
    trained = train(job)
    content = export_bytes(job.learner)
    write_bytes(folder / EXPORT_FILE, content)
    sha256 = trust_export(content, folder / EXPORT_FILE, narrator)
    table = score_exported(content, plan.images, plan.images.valid)
    write_table(table, folder / PREDICTIONS_FILE)
    entry = describe_strategy(trained, table, job, checkpoint_sha256=sha256)
    # The body must not have learned from the labels.
    if repeat.is_first and trained.solved and not trained.n_epochs:
        judge_labels(job, trained.solved, run_folder)
    accuracy, seconds = entry["metrics"]["accuracy"], entry["seconds"]["total"]
    where = f"{repeat.words}, {strategy}" if repeat.name else strategy
    narrator.say(f"{where}: accuracy {accuracy:.3f} in {seconds:.0f} s")
    return entry, table


def keep_for_strategy(repeat: Repeat, gathered: Gathered, folder: Path) -> None:
    """Keep the first repeat's files as the strategy's own; of folds, the table of all images."""
    if repeat.is_first:
        for name in (EXPORT_FILE, HISTORY_FILE, PREDICTIONS_FILE, LR_CURVE_FILE):
            if (folder / repeat.name / name).is_file():  # not every training has a range test
                link_file(folder / repeat.name / name, folder / name)
    if repeat.plan.settings.folds:
        write_table(gathered.table, folder / PREDICTIONS_FILE)


def show_pictures(job: Job, folder: Path) -> None:
    """Write the sheet of what the network will see, once a run."""
    if not (folder / CONTACT_SHEET_FILE).exists():
        title = f"{job.strategy}: what the network sees"
        write_contact_sheet(job.learner.dls, folder, title, augment=job.settings.augment)


def trust_export(content: bytes, path: Path, narrator: Narrator) -> str:
    """Remember the export as one's own; a home that cannot be written to costs only that."""
    try:
        trust(content, f"exported to {path}")
    except TrainingError as error:
        narrator.warn(f"{error}; fastcnn predict will ask for --trust")
    return sha256_of(content)


def _data_path(data: str | Path | None, config: Mapping[str, Any] | None) -> str | None:
    """Return the absolute path of the data that was given, now or to the earlier run."""
    given = data or (config or {}).get("data")
    return str(user_path(given).absolute()) if given else None


def _as_call(recipe: str | Path, arguments: Mapping[str, Any]) -> str:
    given = [f"{name}={value!r}" for name, value in arguments.items() if value is not None]
    return f"fastcnn.run({', '.join([repr(str(recipe)), *given])})"
