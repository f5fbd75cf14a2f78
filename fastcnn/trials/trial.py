"""One trial: a training of which only the score is kept."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastcnn.assembly import make_job
from fastcnn.data.image_loader import decode_images
from fastcnn.given_settings import from_nothing
from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.plan import Plan, settle
from fastcnn.setting_uses import PICTURES, VIEWS, does
from fastcnn.settings import Settings
from fastcnn.training.history import EpochRow
from fastcnn.training.phases import Phase, total_epochs
from fastcnn.training.strategies import phases_of
from fastcnn.training.train import train
from fastcnn.trials.kept import Kept
from fastcnn.trials.score import TrialScore

DIGITS = 6


def plan_trial(
    base: Plan, earlier: Mapping[str, Any], given: Mapping[str, Any], kept: Kept
) -> Plan:
    """Return the plan of a trial: the images of `base`, split as they are, under its own settings.

    Args:
        base: what all trials vary.
        earlier: settings of an earlier run.
        given: the trial's own, which win over them.
        kept: what was computed by earlier trials.

    Raises:
        FastcnnError: the settings do not go together, or its network cannot be had.
    """
    narrator = HushedNarrator(quiet=True)
    given = from_nothing(earlier, given)
    settings = settle(base.recipe, earlier, given, is_sample=base.source.is_sample)
    if settings.resize == "auto":
        settings = settings.changed(resize=base.settings.resize)
    named = bool(given.get("arch") or earlier.get("arch"))
    weights, drawing = kept.network(settings, named, len(base.images.classes), narrator)
    file = str(weights.path) if weights.source == "file" else None
    settings = settings.changed(
        arch=weights.architecture.name, weights=file, device=str(base.device)
    )
    return replace(base, settings=settings, weights=weights, blueprint=drawing)


def run_trial(
    plan: Plan, kept: Kept, narrator: Narrator, watcher: Callable[[EpochRow], None] | None = None
) -> TrialScore:
    """Train, and return the score on the held-out images.

    Args:
        plan: what is trained.
        kept: what was computed by earlier trials.
        narrator: shows progress.
        watcher: sees every epoch as it ends, and may end the trial by raising.
    """
    settings = plan.settings
    shared = kept.shared_by(plan, narrator)
    job = make_job(plan, settings.strategy, None, shared, narrator, watcher)
    if VIEWS in does(settings.strategy, settings):
        kept.bring_features(job)
    if PICTURES in does(settings.strategy, settings):
        decode_images(job.learner.dls, narrator)
    trained = train(job)
    row = kept_row(job.history.rows, settings, trained.phases)
    return TrialScore(
        accuracy=round(row.accuracy, DIGITS),
        loss=round(row.valid_loss, DIGITS),
        epochs=trained.n_epochs,
        precisions=dict(shared.choice.chosen),
        history=tuple(job.history.rows),
        seconds=trained.total_seconds,
    )


def n_epochs_of(plan: Plan) -> int:
    """Return how many epochs a trial trains, unless it stops early."""
    settings = plan.settings
    phases = phases_of(settings.strategy, settings, plan.blueprint.group_names, rate=1.0)
    return total_epochs(phases)


def kept_row(rows: list[EpochRow], settings: Settings, phases: tuple[Phase, ...]) -> EpochRow:
    """Return the epoch whose weights are kept: the last one, or the best of the main phase."""
    main = [phase.name for phase in phases if phase.is_main]
    if not settings.save_best or rows[-1].lr_head is None:
        return rows[-1]
    return min((row for row in rows if row.phase in main), key=lambda row: row.valid_loss)
