"""Every setting of a run in one frozen object, resolved once and stored in the run's record."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from fastcnn.errors import Problem, UsageError, did_you_mean
from fastcnn.learning_rate import PATTERN, LearningRate, parse_learning_rate

STRATEGY_NAMES = ("head", "full")
SEEDS = 2**32
"""NumPy and the splitters of fastai take seeds below this."""
DEVICE_PATTERN = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class Settings:
    """What a training needs to know beside its data and weights."""

    arch: str = "resnet34"
    """Architecture: resnet18, resnet34, resnet50, vgg16_bn, or any name that timm knows."""
    weights: str | None = None
    """A file of body weights (safetensors or .pth); None looks in the usual places."""
    strategy: str = "full-vs-head"
    """How the weights are trained; `A-vs-B` trains both and compares them."""
    epochs: int = 5
    """Epochs of the main phase."""
    freeze_epochs: int = 1
    """Epochs with a frozen body before the main phase of `full`."""
    lr: str = "0.004"
    """Base learning rate: a number, `auto`, or a slice from the first body group to the head."""
    bs: int = 32
    """Images in a batch."""
    size: int = 224
    """Side of the square that the network sees, in pixels."""
    seed: int = 42
    """Seed of the split, the order of images, the augmentation and the new layers."""
    valid_pct: float = 0.2
    """Part of the images that is held out for validation, between 0 and 1."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps; auto is CUDA where there is one, else the processor."""
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
TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    str | None: (str, type(None)),
}
WORDS: dict[Any, str] = {
    str: "a word",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str | None: "a path",
}


def resolve_settings(*layers: Mapping[str, Any]) -> Settings:
    """Lay the given settings over each other, the last one on top, and check the result.

    A value of None in a layer means that the layer does not say.

    Raises:
        UsageError: with every problem found, not only the first.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {name: value for name, value in layer.items() if value is not None}
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
        problems = type_problems(values) or find_problems(Settings(**values))
    if problems:
        raise UsageError.of(problems)
    return Settings(**values)


def type_problems(values: Mapping[str, Any]) -> list[Problem]:
    """Return the values that are of another type than their setting, as in an edited config."""
    wanted = {field.name: field.type for field in fields(Settings)}
    return [
        Problem(
            f"--{name.replace('_', '-')} is {value!r}, expected {WORDS[wanted[name]]}",
            f"for example --{name.replace('_', '-')} {getattr(Settings, name)}",
        )
        for name, value in values.items()
        if type(value) not in TYPES[wanted[name]]
    ]


def find_problems(settings: Settings) -> list[Problem]:
    """Return everything that is wrong with the values of `settings`."""
    at_least = {"epochs": 1, "freeze_epochs": 0, "bs": 1, "size": 8, "seed": 0}
    problems = [
        Problem(
            f"--{name.replace('_', '-')} is {getattr(settings, name)!r}, "
            f"expected a whole number of at least {least}",
            f"for example --{name.replace('_', '-')} {getattr(Settings, name)}",
        )
        for name, least in at_least.items()
        if getattr(settings, name) < least
    ]
    if settings.seed >= SEEDS:
        problems.append(
            Problem(
                f"--seed is {settings.seed}, expected one below {SEEDS}", "for example --seed 42"
            )
        )
    if not 0 < settings.valid_pct < 1:
        problems.append(
            Problem(
                f"--valid-pct is {settings.valid_pct!r}, expected a number between 0 and 1",
                "for example --valid-pct 0.2",
            )
        )
    if not DEVICE_PATTERN.fullmatch(settings.device):
        problems.append(
            Problem(
                f"--device is {settings.device!r}, expected auto, cpu, cuda, cuda:N or mps",
                "leave --device away to let fastcnn choose",
            )
        )
    return problems + _rate_problems(settings.lr) + strategy_problems(settings.strategies)


def strategy_problems(names: Sequence[str]) -> list[Problem]:
    """Return what is wrong with the strategies asked for: unknown names, or one given twice."""
    hint = f"the strategies are {', '.join(STRATEGY_NAMES)}; compare two as full-vs-head"
    problems = [
        Problem(f"--strategy names {name!r}{did_you_mean(name, STRATEGY_NAMES)}, not known", hint)
        for name in names
        if name not in STRATEGY_NAMES
    ]
    if len(set(names)) < len(names):
        problems.append(Problem(f"--strategy {'-vs-'.join(names)} names one twice", hint))
    return problems


def _rate_problems(text: str) -> list[Problem]:
    try:
        parse_learning_rate(text)
    except ValueError as error:
        return [
            Problem(f"--lr is {text!r} ({error}), expected {PATTERN}", "for example --lr 0.004")
        ]
    return []
