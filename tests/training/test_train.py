"""What each strategy moves, tensor by tensor, on real photographs."""

from pathlib import Path

import pytest
import torch
from fastai.learner import Learner
from torch import Tensor

from fastcnn.data.loading import make_loaders, read_images
from fastcnn.errors import TrainingError
from fastcnn.models.groups import parameter_groups
from fastcnn.models.learner import add_normalisation, build_learner, choose_device
from fastcnn.models.weights import Weights, find_weights
from fastcnn.narrator import Narrator
from fastcnn.recipe_book import find_recipe
from fastcnn.settings import Settings
from fastcnn.training.history import History
from fastcnn.training.train import Trained, find_rate, train


class Bench:
    """A learner and what is needed to train it."""

    def __init__(self, data: Path, weights_file: Path, folder: Path, arch: str) -> None:
        self.settings = Settings(
            arch=arch, weights=str(weights_file), size=64, bs=16, epochs=1, lr="0.01"
        )
        self.weights: Weights = find_weights(
            arch, str(weights_file), arch_was_named=True, narrator=Narrator()
        )
        block = find_recipe("pets").data_block(self.settings)
        images = read_images(block, data)
        dls = make_loaders(block, images, self.settings, choose_device("cpu"))
        add_normalisation(dls, self.weights.architecture)
        self.learner: Learner = build_learner(dls, self.weights, self.settings)
        self.groups = parameter_groups(self.learner.model, self.weights.architecture)
        self.history = History(folder / "history.csv")

    def state(self) -> dict[str, Tensor]:
        return {name: t.clone() for name, t in self.learner.model[0].state_dict().items()}

    def train(self, strategy: str, **changes: object) -> Trained:
        settings = self.settings.changed(**changes)
        return train(self.learner, strategy, settings, len(self.groups), self.history, Narrator())


@pytest.fixture(params=["test_resnet", "resnet18"])
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


def test_head_moves_no_tensor_and_no_statistic_of_the_body(bench: Bench) -> None:
    before = bench.state()
    head = bench.learner.model[1][-1].weight.clone()
    bench.train("head")
    after = bench.state()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(head, bench.learner.model[1][-1].weight)


def test_a_frozen_body_runs_in_evaluation_mode_without_gradients(bench: Bench) -> None:
    seen: list[tuple[bool, bool]] = []
    body = bench.learner.model[0]
    body.register_forward_hook(
        lambda module, inputs, output: seen.append((module.training, output.requires_grad))
    )
    bench.train("head")
    assert seen and set(seen) == {(False, False)}


def test_full_moves_everything_after_the_frozen_phase(bench: Bench) -> None:
    before = bench.state()
    trained = bench.train("full")
    after = bench.state()
    assert [phase.name for phase in trained.phases] == ["head", "all"]
    assert [phase.n_frozen for phase in trained.phases] == [len(bench.groups) - 1, 0]
    still = [name for name in before if torch.equal(before[name], after[name])]
    assert still == []
    assert all(p.requires_grad for group in bench.groups for p in group.parameters)


def test_the_rates_in_the_record_are_those_of_the_optimizer(bench: Bench) -> None:
    trained = bench.train("full")
    rates = trained.rates(bench.groups, "0.01")["phases"][1]["groups"]
    assert list(rates) == [group.name for group in bench.groups]
    assert rates["head"] == pytest.approx(0.005)
    assert rates["stem"] == pytest.approx(0.00005)
    last = bench.history.rows[-1]
    assert last.lr_head <= 0.005 and last.lr_head > 0.003
    assert last.lr_body is not None and rates["stem"] < last.lr_body < last.lr_head


def test_the_rate_search_leaves_no_trace_and_auto_uses_it(
    few_pets: Path, tiny_weights: Path, work: Path
) -> None:
    bench = Bench(few_pets, tiny_weights, work, "test_resnet")
    before = {name: t.clone() for name, t in bench.learner.model.state_dict().items()}
    rate = find_rate(bench.learner, Narrator())
    assert 1e-6 < rate < 10
    after = bench.learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert bench.learner.opt is None
    assert list(work.iterdir()) == []
    trained = bench.train("head", lr="auto")
    assert trained.phases[0].rates[-1] == trained.base_rate == pytest.approx(rate)


def test_a_training_that_diverges_says_so(few_pets: Path, tiny_weights: Path, work: Path) -> None:
    bench = Bench(few_pets, tiny_weights, work, "test_resnet")
    with pytest.raises(TrainingError, match="diverged"):
        bench.train("full", lr="1e30")
