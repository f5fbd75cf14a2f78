"""The whole flow of a run, from a recipe's name to compared and exported models.

source → images → weights → for each strategy: learner → training → export → predictions →
metrics → comparison. Each stage takes the object of the one before it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import prediction_table, write_table
from fastcnn.assembly import Shared, make_job, shared_by
from fastcnn.data.loading import ImageSet
from fastcnn.describe import describe_plan, describe_strategy
from fastcnn.errors import TrainingError, UsageError
from fastcnn.files import write_bytes
from fastcnn.inference.export import export_bytes
from fastcnn.inference.predictor import open_predictor
from fastcnn.inference.trust import sha256_of, trust
from fastcnn.labels import judge_labels
from fastcnn.narrator import Narrator
from fastcnn.places import user_path
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe_book import find_recipe
from fastcnn.record import RunRecord, require_free, run_folder
from fastcnn.report.contact_sheet import write_contact_sheet
from fastcnn.report.curves import write_curves
from fastcnn.report.tables import write_comparison
from fastcnn.run_folder import (
    CONTACT_SHEET_FILE,
    EXPORT_FILE,
    PREDICTIONS_FILE,
    TEST_PREDICTIONS_FILE,
    Run,
)
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
        command: what the record calls the command; None writes this call.
        **settings: any field of `fastcnn.settings.Settings`.

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
    folder = run_folder(plan.recipe.name, plan.settings.strategy, out)
    record = RunRecord(folder, command=command, **describe_plan(plan, source))
    with record.kept(narrator), shared_by(plan, narrator) as shared:
        record.document["settings"]["measured"] = shared.choice.chosen  # grows with the run
        tables = run_strategies(plan, record, shared, narrator)
        score_test(plan, record, narrator)
        record.document["comparison"] = compare(tables, *costs(record.strategies))
    return Run(folder)


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
    with shared_by(plan, narrator) as shared:
        jobs = (make_job(plan, name, None, shared, narrator) for name in plan.settings.strategies)
        return preview_jobs(jobs, plan.blueprint)


def run_strategies(
    plan: Plan, record: RunRecord, shared: Shared, narrator: Narrator
) -> dict[str, pd.DataFrame]:
    """Train by each strategy, write down what there is after each, and return the predictions."""
    tables: dict[str, pd.DataFrame] = {}
    for name in plan.settings.strategies:
        entry, tables[name] = run_strategy(plan, name, record.folder / name, shared, narrator)
        record.add_strategy(name, entry)
        write_comparison(record.strategies, record.folder)
        write_curves(record.folder, list(tables), Run(record.folder).title)
    return tables


def run_strategy(
    plan: Plan, strategy: str, folder: Path, shared: Shared, narrator: Narrator
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Train by one strategy, export the model, and score the exported model."""
    job = make_job(plan, strategy, folder, shared, narrator)
    if PICTURES in does(strategy, plan.settings):
        show_pictures(job, folder.parent)
    trained = train(job)
    content = export_bytes(job.learner)
    write_bytes(folder / EXPORT_FILE, content)
    sha256 = trust_export(content, folder / EXPORT_FILE, narrator)
    table = score_exported(content, plan.images, plan.images.valid)
    write_table(table, folder / PREDICTIONS_FILE)
    entry = describe_strategy(trained, table, job, checkpoint_sha256=sha256)
    if trained.solved and not trained.n_epochs:  # the body has not learned from the labels
        judge_labels(job, trained.solved, folder.parent)
    accuracy, seconds = entry["metrics"]["accuracy"], entry["seconds"]["total"]
    narrator.say(f"{strategy}: accuracy {accuracy:.3f} in {seconds:.0f} s")
    return entry, table


def costs(strategies: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """Return the seconds of each strategy, and which of them found all features in the cache."""
    seconds = {name: entry["seconds"]["total"] for name, entry in strategies.items()}
    features = {name: entry["features"] for name, entry in strategies.items()}
    found = [name for name, one in features.items() if one["found"] and not one["computed"]]
    return seconds, found


def show_pictures(job: Job, folder: Path) -> None:
    """Write the sheet of what the network will see, once a run."""
    if not (folder / CONTACT_SHEET_FILE).exists():
        title = f"{job.strategy}: what the network sees"
        write_contact_sheet(job.learner.dls, folder, title, augment=job.settings.augment)


def score_test(plan: Plan, record: RunRecord, narrator: Narrator) -> None:
    """Score the test part, where there is one, once: when every strategy has been trained.

    The rows are kept beside those of the held-out images, in `test-predictions.parquet`.
    """
    if not plan.images.test:
        return
    for name, entry in record.strategies.items():
        folder = record.folder / name
        content = (folder / EXPORT_FILE).read_bytes()
        table = score_exported(content, plan.images, plan.images.test)
        write_table(table, folder / TEST_PREDICTIONS_FILE)
        metrics = metrics_of(table)
        entry["test"] = {"n": len(table), "metrics": metrics}
        narrator.always_say(f"{name}: accuracy on the test part {metrics['accuracy']:.3f}")
    record.save()


def score_exported(content: bytes, images: ImageSet, indices: Sequence[int]) -> pd.DataFrame:
    """Return the exported model's table of predictions of some images.

    What is scored is what the user takes away: the file's own float32 model, through the same
    path from image file to probability as `fastcnn predict`.
    """
    predictor = open_predictor(content, EXPORT_FILE)
    return prediction_table(
        [images.relative(index) for index in indices],
        [images.labels[index] for index in indices],
        predictor.probabilities(images.paths(indices)),
        predictor.classes,
    )


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
