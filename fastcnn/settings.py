"""Every setting of a run in one frozen object, resolved once and stored in the run's record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from fastcnn.errors import Problem, UsageError, did_you_mean
from fastcnn.learning_rate import LearningRate, parse_learning_rate
from fastcnn.setting_checks import find_problems, type_problems


@dataclass(frozen=True)
class Settings:
    """What a training needs to know beside its data and weights."""

    arch: str = "resnet34"
    """Architecture: resnet18, resnet34, resnet50, vgg16_bn, a network of fastcnn's own (three-conv,
    five-block, sprint) with settings as `five-block:kernel=5`, or any name that timm knows."""
    weights: str | None = None
    """A file of body weights (safetensors or .pth); None looks in the usual places."""
    head: str = "linear"
    """linear: average pooling and one layer; fastai: its concat-pool head of two layers."""
    strategy: str = "full-vs-head"
    """How the weights are trained; `A-vs-B` trains both and compares them."""
    views: int = 2
    """Fixed pictures of each training image that a frozen body sees: plain, flipped, crops."""
    epochs: int = 5
    """Epochs of the main phase; of all phases together for `gradual`."""
    freeze_epochs: int = 1
    """Epochs with a frozen body before the main phase of `full` and `partial`."""
    freeze_until: str | None = None
    """The last block that `partial` keeps frozen, by the name that `--dry-run` prints."""
    lr: str = "0.004"
    """Base learning rate: a number, `auto`, or a slice from the first body group to the head."""
    opt: str = "adam"
    """Optimizer: adam, adamw, radam, lamb, ranger, rmsprop, sgd (with momentum), lion or muon."""
    schedule: str = "one-cycle"
    """one-cycle: up, then down; flat-cosine: level, then down."""
    loss: str = "cross-entropy"
    """cross-entropy, label-smoothing (0.1) or focal (gamma 2)."""
    wd: float | None = None
    """Weight decay; None is the optimizer's own (0.01 for fastai's)."""
    clip: float | None = None
    """Norm that gradients are cut to."""
    accumulate: int = 1
    """Batches whose gradients are added up before a step."""
    mixup: float = 0.0
    """Alpha of mixup (0.4 is usual); 0 mixes nothing."""
    cutmix: float = 0.0
    """Alpha of cutmix (1 is usual); 0 pastes nothing."""
    ema: float = 0.0
    """Decay of an exponential moving average of the weights (0.99); 0 keeps none."""
    early_stop: int | None = None
    """Epochs without a lower validation loss after which the main phase ends."""
    save_best: bool = False
    """Whether the epoch of the lowest validation loss is kept, not the last."""
    progressive: int | None = None
    """Side of the picture in the first half of the main phase's epochs, in pixels."""
    balance: str = "none"
    """What rare classes get: nothing, a weight in the loss, or more draws (sampling)."""
    augment: str = "default"
    """default: what the recipe writes; none, light or strong instead of it."""
    bs: int = 32
    """Images in a batch."""
    size: int = 224
    """Side of the square that the network sees, in pixels."""
    seed: int = 42
    """Seed of the split, the order of images, the augmentation and the new layers."""
    seeds: int = 1
    """Trainings by every strategy: with `seed`, with the next one and so on, each its own split."""
    folds: int | None = None
    """Parts that the images are dealt out to; each is held out once. None holds out one part."""
    learning_curve: bool = False
    """Whether the accuracy of `head` is told by the number of images that it learns from."""
    valid_pct: float = 0.2
    """Part of the images that is held out for validation, between 0 and 1."""
    split: str = "auto"
    """auto: as data or recipe say, else at random; random or stratified: drawn in any case."""
    group_by: str | None = None
    """A rule for paths, or a column: images of which it says the same stay in one part."""
    label_regex: str | None = None
    """Reads the class from a file's name: its first group, or all that it matches."""
    image_col: str | None = None
    """Column of a table that holds the paths of the images."""
    label_col: str | None = None
    """Column of a table that holds the classes."""
    split_col: str | None = None
    """Column of a table that says train, valid or test."""
    resize: str = "default"
    """How pictures become squares: default (the recipe's way), crop, pad, squish, or auto."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps; auto is CUDA where there is one, else the processor."""
    precision: str = "auto"
    """fp32, bf16 or fp16 (CUDA); auto times a few steps of each and takes the fastest."""
    measured: Mapping[str, str] = field(default_factory=dict)
    """What `precision: auto` chose, by what was measured; a repeated run uses it."""
    deterministic: bool = False
    """Whether torch may use only kernels that give the same bits every time."""

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names between the `-vs-`, in the order given."""
        return tuple(self.strategy.split("-vs-"))

    @property
    def learning_rate(self) -> LearningRate:
        """`lr`, parsed."""
        return parse_learning_rate(self.lr)

    def to_json(self) -> dict[str, Any]:
        """Return every setting by name, as it is stored in `run.json`."""
        return asdict(self)

    def changed(self, **changes: Any) -> "Settings":
        """Return a copy with some settings changed."""
        return replace(self, **changes)


SETTING_NAMES = tuple(field.name for field in fields(Settings))
REPEATED_BY = {"seeds": "folds", "folds": "seeds"}
"""Two ways to repeat a training: a layer that asks for one has those below it forget the other."""


def known_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that are settings by name."""
    return {name: value for name, value in values.items() if name in SETTING_NAMES}


def resolve_settings(*layers: Mapping[str, Any]) -> Settings:
    """Lay the given settings over each other, the last one on top, and check the result.

    A value of None in a layer means that the layer does not say.

    Raises:
        UsageError: with every problem found, not only the first.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        said = {name: value for name, value in layer.items() if value is not None}
        instead = {REPEATED_BY[name] for name in said if name in REPEATED_BY}
        values = {name: value for name, value in values.items() if name not in instead} | said
    problems = [
        Problem(
            f"no setting is called {name!r}{did_you_mean(name, SETTING_NAMES)}",
            f"the settings are {', '.join(SETTING_NAMES)}",
        )
        for name in values
        if name not in SETTING_NAMES
    ]
    if type(values.get("lr")) in (int, float):
        values["lr"] = repr(values["lr"])
    if isinstance(values.get("weights"), Path):
        values["weights"] = str(values["weights"])
    if not problems:
        types = {field.name: field.type for field in fields(Settings)}
        problems = type_problems(values, types, Settings()) or find_problems(Settings(**values))
    if problems:
        raise UsageError.of(problems)
    return Settings(**values)
