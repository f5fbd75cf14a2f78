"""Memory that runs out: the work begins again in smaller pieces, and the run goes on."""

import json
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import fastcnn
from fastcnn.assembly import Shared, make_job
from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.views import views
from fastcnn.errors import TrainingError
from fastcnn.narrator import Narrator
from fastcnn.plan import make_plan
from fastcnn.recipe_book import find_recipe
from fastcnn.training.job import Job
from fastcnn.training.out_of_memory import OutOfMemory, attempt
from fastcnn.training.train import train

ROOT = Path(__file__).resolve().parents[2]

RECIPE = '''
"""Pets on a card whose memory ends at LIMIT images, but not at once."""

from collections import Counter

import torch
from fasttransform import Transform

from fastcnn.recipe import Recipe
from fastcnn.recipes import pets


class Card(Transform):
    split_idx, order, seen = 0, 0, Counter()

    def encodes(self, images: torch.Tensor):
        Card.seen[images.shape] += 1
        if images.ndim == 4 and len(images) > LIMIT and Card.seen[images.shape] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return images


def block(settings):
    block = pets.pets(settings)
    block.batch_tfms.append(Card())
    return block


RECIPE = Recipe(title="small card", data_block=block)
'''


def run_on_card(limit: int, out: str, data: Path, weights: Path, **settings: Any) -> fastcnn.Run:
    Path("card.py").write_text(RECIPE.replace("LIMIT", str(limit)))
    common = {"arch": "test_resnet", "size": 32, "precision": "fp32", "strategy": "full"}
    epochs = {"freeze_epochs": 3, "epochs": 1, "lr": 0.01}
    given: dict[str, Any] = {**common, **epochs, "weights": str(weights), **settings}
    return fastcnn.run("card.py", data=data, out=out, **given)


@pytest.mark.slow
def test_a_run_ends_as_if_it_had_begun_with_the_smaller_batches(
    few_pets: Path, tiny_weights: Path, work: Path
) -> None:
    """To the bit, though weights had moved: so everything that moves was put back."""
    small = run_on_card(8, "small", few_pets, tiny_weights, bs=32)
    plain = run_on_card(99, "plain", few_pets, tiny_weights, bs=8, accumulate=4)
    first, second = small.record["events"]
    where = "memory ran out in the phase 'head' of full with batches of"
    again = "it begins again with batches of"
    assert first == f"{where} 32; {again} 16, 2 of them to a step"
    assert second == f"{where} 16; {again} 8, 4 of them to a step"
    assert (small.record["status"], plain.record["events"]) == ("done", [])
    assert small.record["strategies"]["full"]["batches"] == {"bs": 8, "accumulate": 4}
    assert small.predictions().equals(plain.predictions())
    histories = [run.history().drop(columns="seconds") for run in (small, plain)]
    assert histories[0].equals(histories[1])
    assert list(histories[0]["phase"]) == ["head"] * 3 + ["all"]


@pytest.fixture
def given(few_pets: Path, tiny_weights: Path) -> dict[str, Any]:
    """The data and settings of a job that is over in a moment."""
    settings = {"arch": "test_resnet", "weights": str(tiny_weights), "size": 32, "bs": 32}
    return {"data": str(few_pets), **settings, "precision": "fp32", "head": "fastai"}


def job_of(strategy: str, given: dict[str, Any]) -> Job:
    quiet = Narrator(quiet=True)
    settings = {name: value for name, value in given.items() if name != "data"}
    settings["strategy"] = strategy
    plan = make_plan(find_recipe("pets"), given["data"], {}, settings, quiet)
    return make_job(plan, strategy, None, Shared.by(plan, FeatureStore(), quiet), quiet)


class LossOnCard:
    """A loss that a card of so many images has memory for."""

    def __init__(self, loss: Any, limit: int) -> None:
        self.loss, self.limit = loss, limit
        self.graphs: list[weakref.ref[Tensor]] = []

    def __call__(self, predictions: Tensor, targets: Tensor) -> Any:
        if predictions.requires_grad and len(predictions) > self.limit:
            self.graphs.append(weakref.ref(predictions))
            raise torch.OutOfMemoryError("out of memory")
        return self.loss(predictions, targets)


@pytest.mark.parametrize("strategy", ["head", "full", "scratch"])
def test_phases_on_features_and_on_pictures_begin_again(
    given: dict[str, Any], strategy: str
) -> None:
    job = job_of(strategy, given)
    job.learner.loss_func = loss = LossOnCard(job.learner.loss_func, limit=20)
    train(job)
    assert (job.settings.bs, job.settings.accumulate) == (16, 2)
    assert [loader.bs for loader in job.learner.dls.loaders] == [16, 16]
    assert [row.epoch for row in job.history.rows] == list(range(1, len(job.history.rows) + 1))
    assert [graph() for graph in loss.graphs] == [None], "what failed is still in memory"
    assert len(job.narrator.events) == 1


@pytest.mark.slow
def test_the_smallest_batch_is_the_end(given: dict[str, Any]) -> None:
    """One of two, since fastai's head normalises vectors over the batch."""
    job = job_of("full", given)
    job.learner.loss_func = LossOnCard(job.learner.loss_func, limit=0)
    with pytest.raises(TrainingError, match="batches of 2 already: out of memory") as error:
        train(job)
    assert "--size" in error.value.problems[0].hint
    assert len(job.narrator.events) == 4


@pytest.mark.slow
def test_the_rate_search_on_pictures_begins_again(given: dict[str, Any]) -> None:
    job = job_of("scratch", {**given, "lr": "auto", "epochs": 1, "bs": 4, "augment": "none"})
    job.learner.loss_func = LossOnCard(job.learner.loss_func, limit=2)
    train(job)
    assert "the rate search" in job.narrator.events[0]
    assert job.settings.bs == 2


def test_features_go_on_where_they_were(given: dict[str, Any]) -> None:
    whole = job_of("head", given)
    paths = list(whole.images.items[:24])
    expected = whole.bank.features(paths, views(2))
    job = job_of("head", {**given, "seed": 1})
    job.bank.store.clear()
    computed: list[int] = []

    def forward(module: object, inputs: tuple[Tensor, ...]) -> None:
        if len(computed) > 1 and len(inputs[0]) > 5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to …")
        if len(inputs[0]) > 1:  # folding looks with one picture
            computed.append(len(inputs[0]))

    job.learner.model[0].register_forward_pre_hook(forward)
    found = job.bank.features(paths, views(2))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert computed == [16, 16, 4, 4, 4, 4]  # two views; nothing is computed two times
    assert [event.split(";")[1] for event in job.narrator.events] == [
        " it goes on with 8 pictures at a time",
        " it goes on with 4 pictures at a time",
    ]


def test_features_of_one_picture_are_the_end(given: dict[str, Any]) -> None:
    job = job_of("head", given)

    def forward(*_: object) -> None:
        raise MemoryError

    job.learner.model[0].register_forward_pre_hook(forward)
    with pytest.raises(TrainingError, match="one picture"):
        job.bank.features(list(job.images.items[:3]), views(1))


def test_other_errors_are_none_of_this() -> None:
    def fail() -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        attempt(fail)


def test_nothing_is_held_of_an_attempt() -> None:
    tensors: list[weakref.ref[Tensor]] = []

    def work() -> None:
        big = torch.ones(1000)
        tensors.append(weakref.ref(big))
        try:
            raise MemoryError
        except MemoryError as error:
            kept = error  # a circle: the exception holds this frame, and the frame holds it
            raise RuntimeError("out of memory") from kept

    assert attempt(work) == OutOfMemory("out of memory")
    assert tensors[0]() is None


UNDER_A_LIMIT = """
import json, resource, sys
from pathlib import Path
from tests.training.test_out_of_memory import job_of
from fastcnn.training.train import train

job = job_of("scratch", json.loads(sys.argv[1]))
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
train(job)
print(json.dumps([job.settings.bs, job.settings.accumulate, job.narrator.events]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux'")
def test_a_real_limit(given: dict[str, Any]) -> None:
    """32 images take 1.8 GB and 16 half of that; there are 1.3 GB."""
    given |= {"size": 448, "epochs": 1, "augment": "none", "head": "linear"}
    command = [sys.executable, "-W", "ignore", "-c", UNDER_A_LIMIT, json.dumps(given)]
    # Each thread would reserve addresses of its own, and these are what is limited.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [*command, str(1300 * 2**20)], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    bs, accumulate, events = json.loads(result.stdout.splitlines()[-1])
    assert (bs, accumulate) == (16, 2), events
    assert len(events) == 1
