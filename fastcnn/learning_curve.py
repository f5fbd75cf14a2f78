"""A learning curve: how accurate is `head` with a tenth of the training images, half, or all?

On features that are computed once it costs seconds. So it comes at the end of a run, whatever its
strategies are: what it says of the images holds for them too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from fastcnn.analysis.learning_curve import CurvePoint, describe_curve
from fastcnn.assembly import Shared, make_job
from fastcnn.data.views import views
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan
from fastcnn.record import RunRecord
from fastcnn.report.learning_curve import write_learning_curve
from fastcnn.run_folder import Run
from fastcnn.setting_uses import VIEWS, does
from fastcnn.training.job import Job
from fastcnn.training.solve import solve_on, weights_of_classes
from fastcnn.training.subsets import (
    Head,
    Numbers,
    nested_order,
    solve_subsets,
    subset_sizes,
)

DRAWS = 5
"""Random subsets of each size but the whole."""


def add_learning_curve(plan: Plan, record: RunRecord, shared: Shared, narrator: Narrator) -> None:
    """Add the curve, where it is asked for, to record and folder; a failure costs nothing else."""
    if not plan.settings.learning_curve:
        return
    if plan.weights.source == "random":
        narrator.say("no learning curve: it is computed from the features of a pretrained body")
        return
    try:
        points = measure_learning_curve(plan, shared, narrator)
        counts = Counter(plan.images.labels[index] for index in plan.images.valid)
        majority = max(counts.values()) / counts.total()
        record.document["learning_curve"] = describe_curve(points, majority)
        record.save()
        curve, title = record.document["learning_curve"], Run(record.folder).title
        write_learning_curve(points, curve, record.folder, title)
    except Exception as error:  # the models are there: this is no reason to lose them
        narrator.warn(f"there is no learning curve: {type(error).__name__}: {error}")


def measure_learning_curve(plan: Plan, shared: Shared, narrator: Narrator) -> list[CurvePoint]:
    """Solve linear heads on growing stratified subsets, each holding the smaller ones of its draw.

    Groups of `--group-by` stay whole. All are scored on the same held-out images. The point of all
    training images is the linear head that the strategy `head` solves, scored on features as they
    were computed.
    """
    if not any(VIEWS in does(name, plan.settings) for name in plan.settings.strategies):
        narrator.say("learning curve: computing features of the pretrained body for it")
    linear = replace(plan, settings=plan.settings.changed(head="linear"))
    job = make_job(linear, "head", None, shared, narrator)
    train = job.head_features(job.images.train, views(job.settings.views))
    valid = job.head_features(job.images.valid, views(1))[:, 0]
    targets = job.targets(job.images.train)
    held_out = job.targets(job.images.valid)
    groups = job.images.groups and [job.images.groups[index] for index in job.images.train]
    seed = job.settings.seed
    orders = [nested_order(targets.numpy(), seed, draw, groups) for draw in range(DRAWS)]
    sizes = subset_sizes(orders)
    points = []
    with narrator.bar("learning curve", len(sizes)) as advance:
        for done, size in enumerate(sizes, 1):
            drawn = orders if size < len(targets) else orders[:1]
            subsets = [order.subset(size) for order in drawn]
            heads = _solve(job, train, targets, subsets)
            learned = (
                float(_right(head, train[subset, 0], targets[subset]).float().mean())
                for head, subset in zip(heads, subsets, strict=True)
            )
            right = torch.stack([_right(head, valid, held_out) for head in heads])
            share = size / len(targets)
            points.append(CurvePoint(size, share, right.numpy(), tuple(learned)))
            advance(done)
    return points


def _solve(job: Job, features: Tensor, targets: Tensor, subsets: Sequence[Numbers]) -> list[Head]:
    """Return a head a subset; the strength that suits the first suits others of its size."""
    first, *others = subsets
    solved = solve_on(job, features[first], targets[first])
    more = solve_subsets(
        *(features, targets, len(job.learner.dls.vocab), others),
        strength=solved.strength,
        class_weights=weights_of_classes(job),
    )
    return [(solved.weight, solved.bias), *more]


def _right(head: Head, features: Tensor, targets: Tensor) -> Tensor:
    """Return which images a head gets right, (N,) bool."""
    return F.linear(features, *head).argmax(1) == targets
