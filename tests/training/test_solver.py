"""The head solved on frozen features: an optimum, whatever was done to the rows."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional as F

from fastcnn.errors import TrainingError
from fastcnn.training.solver import STRENGTHS, SolvedHead, solve_head

quick = settings(max_examples=8)
seeds = st.integers(0, 10_000)


def clusters(
    n_rows: int, n_features: int, n_classes: int, *, seed: int = 0, apart: float = 2.0
) -> tuple[Tensor, Tensor]:
    """Draw rows around one centre a class, in random order, every class as often."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(n_classes, n_features, generator=generator)
    centres *= apart / centres.norm(dim=1, keepdim=True)
    targets = (torch.arange(n_rows) % n_classes)[torch.randperm(n_rows, generator=generator)]
    return centres[targets] + torch.randn(n_rows, n_features, generator=generator), targets


def probabilities(head: SolvedHead, features: Tensor) -> Tensor:
    return F.linear(features.double(), head.weight.double(), head.bias.double()).softmax(1)


def unit_scale(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the features as the strengths mean them, float64, and what they were divided by."""
    centred = features.double() - features.double().mean(0)
    scale = centred.square().mean().sqrt()
    return centred / scale, scale


def objective_and_gradient(
    head: SolvedHead, features: Tensor, targets: Tensor, class_weights: Tensor | None = None
) -> tuple[float, float]:
    """Return what the solver minimises, and the norm of its gradient, by autograd."""
    scaled, scale = unit_scale(features)
    weight = (head.weight.double() * scale).requires_grad_()
    bias = (head.bias.double() + head.weight.double() @ features.double().mean(0)).requires_grad_()
    weights = None if class_weights is None else class_weights.double()
    loss = F.cross_entropy(F.linear(scaled, weight, bias), targets, weights)
    loss = loss + head.strength / 2 * weight.square().sum()
    gradients = torch.autograd.grad(loss, (weight, bias))
    return loss.item(), torch.cat([part.flatten() for part in gradients]).norm().item()


def by_sklearn(head: SolvedHead, features: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Solve the same problem with scikit-learn; its C counts the rows, our strength their mean."""
    scaled = unit_scale(features)[0].numpy()
    row_weights = weights.double()[targets].numpy()
    model = LogisticRegression(C=1 / (head.strength * row_weights.sum()), tol=1e-9, max_iter=20_000)
    model.fit(scaled, targets.numpy(), sample_weight=row_weights)
    return torch.from_numpy(model.predict_proba(scaled))


@pytest.mark.parametrize(("n_rows", "n_features"), [(40, 120), (300, 25), (64, 64)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_optimum_is_that_of_scikit_learn(n_rows: int, n_features: int, weighted: bool) -> None:
    features, targets = clusters(n_rows, n_features, 4)
    features = features * 3 + 5
    class_weights = torch.tensor([0.5, 1.0, 2.0, 4.0]) if weighted else torch.ones(4)
    head = solve_head(features, targets, 4, class_weights=class_weights, seed=0)
    ours = probabilities(head, features)
    theirs = by_sklearn(head, features, targets, class_weights)
    assert float((ours - theirs).abs().max()) < 1e-3
    losses = [
        F.nll_loss(some.log(), targets, class_weights.double()).item() for some in (ours, theirs)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@given(seeds, st.integers(3, 80), st.integers(1, 60), st.integers(2, 6), st.floats(0, 20))
@quick
def test_the_gradient_vanishes(
    seed: int, n_rows: int, n_features: int, n_classes: int, apart: float
) -> None:
    """So far that the objective is within a millionth of its minimum."""
    features, targets = clusters(n_rows, n_features, min(n_classes, n_rows), seed=seed, apart=apart)
    head = solve_head(features, targets, min(n_classes, n_rows), seed=seed)
    value, gradient = objective_and_gradient(head, features, targets)
    assert gradient**2 / (2 * head.strength) < 1e-6 * value + 1e-9


def test_many_rows_in_float32_and_one_fold() -> None:
    features, targets = clusters(10_500, 400, 3)
    head = solve_head(features, targets, 3, seed=0)
    value, gradient = objective_and_gradient(head, features, targets)
    assert gradient**2 / (2 * head.strength) < 1e-5 * value
    assert head.stages[-1].cross_validated_loss < 0.7


def test_rows_and_classes_too_many_for_one_block() -> None:
    features, targets = clusters(3600, 60, 300, apart=0)
    head = solve_head(features, targets, 300, seed=0, n_folds=2)
    value, gradient = objective_and_gradient(head, features, targets)
    assert gradient**2 / (2 * head.strength) < 1e-6 * value


def test_the_same_input_gives_the_same_bits_and_the_threads_are_given_back() -> None:
    features, targets = clusters(60, 200, 5)
    torch.set_num_threads(2)
    first, second = (solve_head(features, targets, 5, seed=3) for _ in range(2))
    assert torch.equal(first.weight, second.weight) and torch.equal(first.bias, second.bias)
    assert first.stages[0].cross_validated_loss == second.stages[0].cross_validated_loss
    with pytest.raises(TrainingError):
        solve_head(features * math.nan, targets, 5, seed=3)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert n_threads == 2


def test_the_stages_are_the_way_to_the_head() -> None:
    features, targets = clusters(200, 30, 4)
    head = solve_head(features, targets, 4, seed=0)
    last = head.stages[-1]
    assert head.weight.dtype == head.bias.dtype == torch.float32
    assert (head.weight.shape, head.bias.shape) == ((4, 30), (4,))
    assert (head.weight is last.weight, head.bias is last.bias) == (True, True)
    assert tuple(stage.strength for stage in head.stages) == STRENGTHS[: len(head.stages)]
    losses = [stage.cross_validated_loss for stage in head.stages]
    assert (head.strength, last.cross_validated_loss) == (last.strength, min(losses))
    assert all(a.train_loss > b.train_loss for a, b in zip(head.stages, head.stages[1:]))  # noqa: B905
    for stage in head.stages:
        logits = F.linear(features, stage.weight, stage.bias)
        assert stage.train_loss == pytest.approx(F.cross_entropy(logits, targets).item(), abs=1e-5)


def assert_same(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, atol=1e-3, rtol=0)


@given(seeds, st.floats(-50, 50), st.floats(1e-3, 1e3))
@quick
def test_shift_and_scale_of_the_features_change_no_prediction(
    seed: int, shift: float, scale: float
) -> None:
    features, targets = clusters(40, 20, 3, seed=seed)
    moved = features * scale + shift * scale
    plain, other = (solve_head(some, targets, 3, seed=0) for some in (features, moved))
    assume(plain.strength == other.strength)  # two strengths may be as good as each other
    assert_same(probabilities(plain, features), probabilities(other, moved))


@given(seeds)
@quick
def test_the_order_of_the_rows_is_nothing(seed: int) -> None:
    features, targets = clusters(40, 20, 3, seed=seed)
    images = torch.arange(40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(seed))
    plain = solve_head(features, targets, 3, groups=images, seed=0)
    mixed = solve_head(features[order], targets[order], 3, groups=images[order], seed=0)
    assume(plain.strength == mixed.strength)
    assert_same(probabilities(plain, features), probabilities(mixed, features))


@given(seeds, st.permutations(range(4)))
@quick
def test_permuting_the_classes_permutes_the_rows_of_the_weight(
    seed: int, renamed: list[int]
) -> None:
    features, targets = clusters(48, 20, 4, seed=seed)
    names = torch.tensor(renamed)
    plain, other = (solve_head(features, some, 4, seed=0) for some in (targets, names[targets]))
    assume(plain.strength == other.strength)
    torch.testing.assert_close(other.weight[names], plain.weight, atol=2e-3, rtol=1e-2)
    torch.testing.assert_close(other.bias[names], plain.bias, atol=2e-3, rtol=1e-2)


@given(seeds, st.integers(2, 3))
@quick
def test_every_row_twice_is_every_row_once(seed: int, n_times: int) -> None:
    """Copies of an image are no further images."""
    features, targets = clusters(40, 20, 3, seed=seed)
    images = torch.arange(40).repeat(n_times)
    once = solve_head(features, targets, 3, seed=0)
    often = solve_head(
        features.repeat(n_times, 1), targets.repeat(n_times), 3, groups=images, seed=0
    )
    assume(once.strength == often.strength)
    assert_same(probabilities(once, features), probabilities(often, features))


@given(st.floats(0.01, 100))
@quick
def test_equal_class_weights_are_none(weight: float) -> None:
    features, targets = clusters(40, 20, 3)
    plain = solve_head(features, targets, 3, seed=0)
    weighted = solve_head(features, targets, 3, class_weights=torch.full((3,), weight), seed=0)
    assert_same(probabilities(plain, features), probabilities(weighted, features))


def test_views_in_one_fold_are_not_mistaken_for_knowledge() -> None:
    """Labels at random: near copies in other folds would let a weak penalty look good."""
    features, _ = clusters(40, 50, 2)
    targets = torch.arange(40) % 2
    copies, images = features.repeat(4, 1), torch.arange(40).repeat(4)
    copies = copies + 0.01 * torch.randn(copies.shape, generator=torch.Generator().manual_seed(0))
    apart = solve_head(copies, targets.repeat(4), 2, seed=0)
    together = solve_head(copies, targets.repeat(4), 2, groups=images, seed=0)
    assert apart.strength < 0.01 < together.strength


def test_class_weights_move_predictions_to_the_rare_class() -> None:
    features, targets = clusters(400, 5, 2, apart=0.7)
    kept = torch.nonzero((targets == 0) | (torch.arange(400) % 8 == 0))[:, 0]
    features, targets = features[kept], targets[kept]
    balanced = len(targets) / targets.bincount()
    plain = solve_head(features, targets, 2, seed=0)
    weighted = solve_head(features, targets, 2, class_weights=balanced, seed=0)
    n_rare = [int(probabilities(head, features).argmax(1).sum()) for head in (plain, weighted)]
    assert n_rare[1] > 2 * n_rare[0]
    _, gradient = objective_and_gradient(weighted, features, targets, balanced)
    assert gradient < 1e-3


def test_noise_wants_a_strong_penalty_and_clear_classes_a_weak_one() -> None:
    noise, targets = clusters(100, 60, 4, apart=0.0)
    clear, of_clear = clusters(100, 60, 4, apart=12.0)
    strong, weak = solve_head(noise, targets, 4, seed=0), solve_head(clear, of_clear, 4, seed=0)
    assert strong.strength >= 1 > 1e-2 >= weak.strength
    assert weak.stages[-1].cross_validated_loss < 0.01


@pytest.mark.parametrize("classes", [[0], [0, 1], [2, 2], [0, 1, 2], [0, 0, 1], [0, 0, 0, 1, 1]])
def test_tiny_training_sets_are_solved(classes: list[int]) -> None:
    """One image a class can be learned, but not judged."""
    targets = torch.tensor(classes)
    features, _ = clusters(len(classes), 8, 1)
    head = solve_head(features, targets, 3, seed=0)
    assert torch.equal(probabilities(head, features).argmax(1), targets)
    judged = len(set(classes)) < len(classes)
    assert math.isnan(head.stages[-1].cross_validated_loss) is not judged
    assert judged or head.strength == 1e-2


def test_a_class_without_rows_is_never_predicted() -> None:
    features, targets = clusters(30, 10, 2)
    head = solve_head(features, targets * 2 + 1, 5, seed=0)
    far = 100 * torch.randn(500, 10, generator=torch.Generator().manual_seed(1))
    assert float(probabilities(head, far)[:, [0, 2, 4]].max()) < 1e-12


def test_features_that_say_nothing_leave_the_frequencies() -> None:
    """Constant columns, or nothing but them."""
    targets = torch.tensor([0] * 6 + [1] * 3 + [2] * 3)
    head = solve_head(torch.ones(12, 7), targets, 3, seed=0)
    assert_same(probabilities(head, torch.ones(1, 7))[0], torch.tensor([0.5, 0.25, 0.25]).double())
    features, targets = clusters(30, 4, 3)
    padded = torch.cat([features, torch.full((30, 3), 7.0), features], 1)
    head = solve_head(padded, targets, 3, seed=0)
    value, gradient = objective_and_gradient(head, padded, targets)
    assert gradient**2 / (2 * head.strength) < 1e-6 * value
    assert float(head.weight[:, 4:7].abs().max()) < 1e-5


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_features_that_are_no_numbers_are_refused(wrong: float) -> None:
    features, targets = clusters(20, 6, 2)
    features[3, 2] = wrong
    with pytest.raises(TrainingError, match="not finite") as caught:
        solve_head(features, targets, 2, seed=0)
    assert caught.value.problems[0].hint
