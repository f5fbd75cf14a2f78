"""A convolutional network of three groups on pictures of eight pixels: a fit takes a moment."""

from typing import Any

import fastai.callback.progress  # noqa: F401  gives every Learner `no_bar`
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from torch import Tensor, nn

from fastcnn.settings import Settings
from fastcnn.training.callbacks import FrozenStaysFrozen
from fastcnn.training.losses import loss_for
from fastcnn.training.optimizers import optimizer_for
from fastcnn.training.phases import Method, Phase
from fastcnn.training.schedule import fit_by_schedule

N_CLASSES = 3
State = dict[str, Tensor]


def pictures(n_images: int, seed: int = 0, size: int = 8) -> list[tuple[Tensor, Tensor]]:
    """Noise in which each class has a brighter channel."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(n_images, 3, size, size, generator=generator)
    targets = torch.randint(N_CLASSES, (n_images,), generator=generator)
    images[torch.arange(n_images), targets] += 1.0
    return list(zip(images, targets, strict=True))


def loaders(n_train: int = 48, bs: int = 8, size: int = 8, drop_last: bool = False) -> DataLoaders:
    """Training batches in a fixed order, and 24 pictures to validate on."""
    train = DataLoader(pictures(n_train, size=size), bs=bs, drop_last=drop_last, num_workers=0)
    valid = DataLoader(pictures(24, seed=1, size=size), bs=24, num_workers=0)
    return DataLoaders(train, valid, device=torch.device("cpu"))


def network(with_batchnorm: bool = True) -> nn.Sequential:
    """Stem, block and head; the head starts at zero."""
    torch.manual_seed(0)

    def stage(n_inputs: int) -> nn.Sequential:
        norm: nn.Module = nn.BatchNorm2d(8) if with_batchnorm else nn.Identity()
        return nn.Sequential(nn.Conv2d(n_inputs, 8, 3, padding=1), norm, nn.ReLU())

    linear = nn.Linear(8, N_CLASSES)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)
    return nn.Sequential(stage(3), stage(8), head)


def small_learner(
    settings: Settings | None = None,
    dls: DataLoaders | None = None,
    *,
    with_batchnorm: bool = True,
    **changes: Any,
) -> Learner:
    """Return a learner of three groups with the optimizer and the loss of the settings."""
    settings = settings or Settings()
    given = {
        "loss_func": loss_for(settings, None),
        "opt_func": optimizer_for(settings),
        "splitter": lambda model: [list(part.parameters()) for part in model],
    }
    model = network(with_batchnorm)
    return Learner(dls or loaders(), model, metrics=accuracy, train_bn=False, **given | changes)


def phase(n_frozen: int = 0, rate: float = 0.01, epochs: int = 2, **changes: Any) -> Phase:
    """Return a phase of the small learner with the same rate for all that learns."""
    return Phase("all", Method.FIT, n_frozen, (rate,) * (3 - n_frozen), epochs, **changes)


def fit(learner: Learner, one: Phase, settings: Settings, *callbacks: Any) -> None:
    """Fit without a word."""
    with learner.no_logging(), learner.no_bar():
        fit_by_schedule(learner, one, settings, [FrozenStaysFrozen(), *callbacks])


def state_of(model: nn.Module) -> dict[str, bytes]:
    """Return every bit of every tensor, buffers too."""
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


def loss_on_training(learner: Learner) -> float:
    """Return the cross-entropy on the training pictures, in evaluation mode."""
    images, targets = map(torch.stack, zip(*pictures(48), strict=True))
    with torch.no_grad():
        logits = learner.model.eval()(images)
    return float(CrossEntropyLossFlat()(logits, targets))


def copy_of(learner: Learner) -> State:
    return {name: tensor.clone() for name, tensor in learner.model.state_dict().items()}


def same(one: State, other: State) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def near(one: State, other: State, tolerance: float = 1e-5) -> bool:
    return all(torch.allclose(one[name], other[name], atol=tolerance, rtol=0) for name in one)


class Watch(Callback):
    """Notes the weights after each step, in each validation and after each epoch."""

    order = 62  # after what keeps the best epoch, before what stops early

    def __init__(self) -> None:
        super().__init__()
        self.trained: list[State] = []
        self.validated: list[State] = []
        self.left: list[State] = []
        self.losses: list[float] = []

    def after_step(self) -> None:
        self.trained.append(copy_of(self.learn))

    def before_batch(self) -> None:
        if not self.learn.training:
            self.validated.append(copy_of(self.learn))

    def after_epoch(self) -> None:
        self.left.append(copy_of(self.learn))
        self.losses.append(float(self.learn.recorder.values[-1][1]))
