"""What each strategy moves, tensor by tensor, on real photographs."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from fastai.learner import Learner
from torch import Tensor

from fastcnn.assembly import Shared, make_job
from fastcnn.data.feature_store import FeatureStore
from fastcnn.errors import TrainingError
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan, make_plan
from fastcnn.recipe_book import find_recipe
from fastcnn.setting_checks import STRATEGY_NAMES
from fastcnn.training.job import Job
from fastcnn.training.phases import Method
from fastcnn.training.precision import PRECISIONS, Precision
from fastcnn.training.rate_search import search_on_features
from fastcnn.training.train import Trained, train

BLOCKS = {"resnet18": "layer2", "test_resnet": "layer2"}


class Bench:
    """A plan on few photographs, and jobs made of it."""

    def __init__(self, data: Path, weights_file: Path, folder: Path, arch: str) -> None:
        self.data, self.file, self.folder, self.arch = data, weights_file, folder, arch

    def plan(self, strategy: str, **changes: object) -> Plan:
        given = {
            "arch": self.arch,
            "weights": str(self.file),
            "size": 64,
            "bs": 16,
            "precision": "fp32",
            "strategy": strategy,
            **changes,
        }
        quiet = Narrator(quiet=True)
        return make_plan(find_recipe("pets"), str(self.data), {}, given, quiet)

    def job(self, strategy: str, **changes: object) -> Job:
        quiet = Narrator(quiet=True)
        plan = self.plan(strategy, **changes)
        shared = Shared.by(plan, FeatureStore(), quiet)
        return make_job(plan, strategy, self.folder / strategy, shared, quiet)


def body_state(job: Job) -> dict[str, Tensor]:
    """Copy every weight and statistic of the body."""
    return {name: tensor.clone() for name, tensor in job.learner.model[0].state_dict().items()}


def still(before: dict[str, Tensor], job: Job) -> set[str]:
    """Return the names of the tensors of the body that are bit for bit as before."""
    after = job.learner.model[0].state_dict()
    return {name for name in before if torch.equal(before[name], after[name])}


@pytest.fixture(params=list(BLOCKS))
def bench(
    request: pytest.FixtureRequest, few_pets: Path, tiny_weights: Path, tmp_path: Path
) -> Bench:
    """One network of timm's and one of torchvision's."""
    if request.param == "resnet18":
        import torchvision

        torch.manual_seed(0)
        tiny_weights = tmp_path / "resnet18.pth"
        torch.save(torchvision.models.resnet18().state_dict(), tiny_weights)
    return Bench(few_pets, tiny_weights, tmp_path, request.param)


@pytest.fixture
def tiny(few_pets: Path, tiny_weights: Path, tmp_path: Path) -> Bench:
    """The network that trains in a second."""
    return Bench(few_pets, tiny_weights, tmp_path, "test_resnet")


@pytest.mark.parametrize("head", ["linear", "fastai"])
def test_head_moves_no_tensor_and_no_statistic_of_the_body(bench: Bench, head: str) -> None:
    epochs = {"epochs": 2} if head == "fastai" else {}
    job = bench.job("head", head=head, **epochs)
    before, layers = body_state(job), job.learner.model[1][-1].weight.clone()
    train(job)
    assert still(before, job) == set(before)
    assert not torch.equal(layers, job.learner.model[1][-1].weight)


def test_a_frozen_body_runs_in_evaluation_mode_without_gradients(bench: Bench) -> None:
    seen: list[tuple[bool, bool]] = []

    def note(module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if len(inputs[0]) == job.settings.bs:  # folding looks with one picture
            seen.append((module.training, output.requires_grad))

    job = bench.job("full", epochs=1)
    n_batches = len(job.learner.dls.train)
    job.learner.model[0].register_forward_hook(note)
    train(job)
    assert seen == [(False, False)] * n_batches + [(True, True)] * n_batches


def test_after_the_frozen_phase_the_body_is_its_own_and_measured_as_it_learns(
    tiny: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folded copy computes in its place, and the optimizer of that phase holds the copy."""
    job = tiny.job("full", epochs=1)
    body, learning = job.learner.model[0], []

    def measured(learner: Learner, *_: object) -> Precision:
        learning.append([p.requires_grad for p in learner.model[0].parameters()])
        return PRECISIONS["fp32"]

    monkeypatch.setattr(job.choice, "for_training", measured)
    train(job)
    assert job.learner.model[0] is body
    assert len(learning) == 1 and all(learning[0])


def test_a_frozen_phase_that_breaks_off_leaves_the_body(tiny: Bench) -> None:
    job = tiny.job("full", epochs=1, lr="1e30")
    body = job.learner.model[0]
    with pytest.raises(TrainingError, match="diverged"):
        train(job)
    assert job.learner.model[0] is body


def test_full_moves_everything_after_the_frozen_phase(bench: Bench) -> None:
    job = bench.job("full", epochs=1, lr=0.05)  # steps that rounding does not swallow
    before = body_state(job)
    trained = train(job)
    assert [phase.name for phase in trained.phases] == ["head", "all"]
    assert [phase.n_frozen for phase in trained.phases] == [len(job.groups) - 1, 0]
    assert still(before, job) == set()
    assert all(p.requires_grad for group in job.groups for p in group.parameters)


def test_partial_moves_what_lies_above_the_block_and_nothing_else(bench: Bench) -> None:
    """No weight and no statistic of the frozen blocks; every one of those above."""
    job = bench.job("partial", freeze_until=BLOCKS[bench.arch], epochs=1)
    n_frozen = job.group_names.index(BLOCKS[bench.arch]) + 1
    frozen = {id(p) for group in job.groups[:n_frozen] for p in group.parameters}
    names = {name for name, p in job.learner.model[0].named_parameters() if id(p) in frozen}
    modules = {name.rpartition(".")[0] for name in names}
    before = body_state(job)
    train(job)
    assert names
    assert still(before, job) == {
        name for name in before if name in names or name.rpartition(".")[0] in modules
    }


def test_gradual_unfreezes_from_the_head_down(tiny: Bench) -> None:
    job = tiny.job("gradual", epochs=3)
    before = body_state(job)
    trained = train(job)
    assert [phase.n_frozen for phase in trained.phases] == [5, 4, 3]
    moved = {name.removeprefix("model.") for name in set(before) - still(before, job)}
    assert {name.split(".")[0] for name in moved} == {"layer3", "layer4"}


def test_lp_ft_starts_from_the_head_that_head_ends_with(tiny: Bench) -> None:
    head = tiny.job("head")
    train(head)
    job = tiny.job("lp-ft", epochs=1, lr=1e-9)
    trained = train(job)
    assert [phase.method for phase in trained.phases] == [Method.SOLVE, Method.FIT]
    assert torch.allclose(
        job.learner.model[1][-1].weight, head.learner.model[1][-1].weight, atol=1e-4
    )
    assert [row.phase for row in job.history.rows].count("all") == 1


def test_lp_ft_moves_the_weights_and_leaves_the_statistics_that_the_head_was_solved_on(
    tiny: Bench,
) -> None:
    job = tiny.job("lp-ft", epochs=1, lr=1.0)
    before = body_state(job)
    train(job)
    kept = still(before, job)
    statistics = {name for name in before if "running_" in name}
    weights = {name for name in before if name.endswith(("weight", "bias"))}
    assert statistics and statistics <= kept
    assert not weights & kept


def test_scratch_starts_from_other_weights_than_those_given(tiny: Bench) -> None:
    scratch, given = tiny.job("scratch", epochs=1), tiny.job("full")
    assert not torch.equal(
        next(scratch.learner.model.parameters()), next(given.learner.model.parameters())
    )
    trained = train(scratch)
    assert [phase.n_frozen for phase in trained.phases] == [0]


def test_the_solved_head_predicts_the_same_through_the_picture_path(tiny: Bench) -> None:
    """To 1e-3 in probability, whatever went through the cache."""
    job = tiny.job("head")
    train(job)
    with job.learner.no_bar():
        probabilities, targets = job.learner.get_preds()
    loss = torch.nn.functional.nll_loss(probabilities.log(), targets)
    right = (probabilities.argmax(1) == targets).float().mean()
    last = job.history.rows[-1]
    assert float(loss) == pytest.approx(last.valid_loss, abs=1e-3)
    assert float(right) == pytest.approx(last.accuracy)
    from fastcnn.data.views import views

    features = job.head_features(job.images.valid, views(1))[:, 0]
    with torch.no_grad():
        through_cache = job.learner.model[1][-1](features).softmax(1)
    assert float((through_cache - probabilities).abs().max()) < 1e-3


def test_features_are_found_the_second_time_and_do_not_change_the_result(tiny: Bench) -> None:
    first, second = tiny.job("head"), tiny.job("head")
    trained = train(first)
    assert trained.images_per_second["together"] is not None
    again = train(second)
    assert again.images_per_second == {"loader": None, "model": None, "together": None}
    weights = [job.learner.model[1][-1].weight for job in (first, second)]
    assert torch.equal(*weights)


@pytest.mark.slow
def test_another_body_size_or_view_does_not_find_them(tiny: Bench) -> None:
    train(tiny.job("head", views=1))
    for changes in ({"views": 2}, {"views": 1, "size": 96}, {"views": 1, "precision": "bf16"}):
        assert train(tiny.job("head", **changes)).images_per_second["together"] is not None


def test_the_rates_in_the_record_are_those_of_the_optimizer(bench: Bench) -> None:
    job = bench.job("full", epochs=1, lr=0.01)
    rates = train(job).rates(job.groups, "0.01")["phases"][1]["groups"]
    assert list(rates) == job.group_names
    assert rates["head"] == pytest.approx(0.005)
    assert rates["stem"] == pytest.approx(0.00005)
    last = job.history.rows[-1]
    assert last.lr_head is not None and 0.003 < last.lr_head <= 0.005
    assert last.lr_body is not None and rates["stem"] < last.lr_body < last.lr_head


def test_the_rate_search_leaves_no_trace_and_auto_uses_it(tiny: Bench, work: Path) -> None:
    job = tiny.job("full", epochs=1, lr="auto")
    before = {name: t.clone() for name, t in job.learner.model.state_dict().items()}
    rate = search_on_features(job).suggestions["slide"]
    assert 1e-6 < rate < 10
    after = job.learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert job.learner.opt is None
    assert list(work.iterdir()) == [] or all(path.is_dir() for path in work.iterdir())
    job.history.path = work / "history.csv"
    trained = train(job)
    assert trained.phases[0].rates[-1] == trained.base_rate == pytest.approx(rate)
    curve = pd.read_csv(work / "lr_curve.csv")
    assert curve["lr"].is_monotonic_increasing and curve["loss"].between(0, 100).any()
    said = trained.rates(job.groups, "auto")["suggestions"]
    assert said["slide"] == pytest.approx(rate)


def test_a_training_that_diverges_says_so(tiny: Bench) -> None:
    with pytest.raises(TrainingError, match="diverged"):
        train(tiny.job("full", lr="1e30"))


@pytest.mark.parametrize("strategy", STRATEGY_NAMES)
@pytest.mark.parametrize("head", ["linear", "fastai"])
def test_every_strategy_and_head_learns_something(tiny: Bench, strategy: str, head: str) -> None:
    """The history has a row an epoch, and its last loss is a number."""
    solved = strategy == "head" and head == "linear"
    changes: dict[str, object] = {} if solved else {"epochs": 2}
    if strategy == "partial":
        changes["freeze_until"] = "layer2"
    job = tiny.job(strategy, head=head, **changes)
    trained: Trained = train(job)
    assert trained.total_seconds >= trained.features_seconds
    assert [row.epoch for row in job.history.rows] == list(range(1, len(job.history.rows) + 1))
    assert 0 < job.history.rows[-1].valid_loss < 10
