"""What is wrong with the values of settings: each mistake with the option that mends it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastcnn.errors import Problem, did_you_mean
from fastcnn.learning_rate import PATTERN, parse_learning_rate
from fastcnn.models.networks import arch_problems

if TYPE_CHECKING:
    from fastcnn.settings import Settings

STRATEGY_NAMES = ("head", "full", "partial", "gradual", "lp-ft", "scratch")
SEEDS = 2**32
"""NumPy and the splitters of fastai take seeds below this."""
DEVICE_PATTERN = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
CHOICES = {
    "head": ("linear", "fastai"),
    "opt": ("adam", "adamw", "radam", "lamb", "ranger", "rmsprop", "sgd", "lion", "muon"),
    "schedule": ("one-cycle", "flat-cosine"),
    "loss": ("cross-entropy", "label-smoothing", "focal"),
    "balance": ("none", "weights", "sampling"),
    "augment": ("none", "light", "default", "strong"),
    "split": ("auto", "random", "stratified"),
    "resize": ("default", "crop", "pad", "squish", "auto"),
    "precision": ("auto", "fp32", "bf16", "fp16"),
}
"""The words that a setting takes."""
AT_LEAST = {
    "views": 1,
    "epochs": 1,
    "freeze_epochs": 0,
    "accumulate": 1,
    "early_stop": 1,
    "progressive": 8,
    "bs": 1,
    "size": 8,
    "seed": 0,
    "seeds": 1,
    "folds": 2,
}
"""The smallest whole number that a setting takes."""
AT_MOST = {"views": 8}
"""And the largest."""


@dataclass(frozen=True)
class Between:
    """The numbers that a setting takes, in words and as a test."""

    words: str
    low: float
    high: float
    low_is_in: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether the number lies between; a NaN does not."""
        return self.low < value < self.high or (self.low_is_in and value == self.low)


INFINITY = float("inf")
RANGES = {
    "valid_pct": Between("a number between 0 and 1", 0, 1),
    "wd": Between("a number of at least 0", 0, INFINITY, low_is_in=True),
    "clip": Between("a number above 0", 0, INFINITY),
    "mixup": Between("a number of at least 0", 0, INFINITY, low_is_in=True),
    "cutmix": Between("a number of at least 0", 0, INFINITY, low_is_in=True),
    "ema": Between("a decay of at least 0 and below 1", 0, 1, low_is_in=True),
}
"""The numbers that a setting takes."""
EXAMPLES = {
    "weights": "body.safetensors",
    "freeze_until": "layer2",
    "group_by": "'(.+)_frame'",
    "label_regex": "'(.+)_[0-9]+'",
    "image_col": "path",
    "label_col": "label",
    "split_col": "split",
    "wd": 0.01,
    "clip": 1.0,
    "mixup": 0.4,
    "cutmix": 1.0,
    "ema": 0.99,
    "early_stop": 3,
    "progressive": 128,
    "seeds": 3,
    "folds": 5,
}
"""Values to show where the default says nothing."""
TYPES: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a word"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    bool: ((bool,), "true or false"),
    str | None: ((str, type(None)), "a word or a path"),
    int | None: ((int, type(None)), "a whole number"),
    float | None: ((float, int, type(None)), "a number"),
    Mapping[str, str]: ((dict,), "names and words"),
}


def option(name: str) -> str:
    """Return the option of a setting, as the command line spells it."""
    return f"--{name.replace('_', '-')}"


def type_problems(
    values: Mapping[str, Any], types: Mapping[str, Any], defaults: "Settings"
) -> list[Problem]:
    """Return the values that are of another type than their setting, as in an edited config."""
    return [
        Problem(
            f"{option(name)} is {value!r}, expected {TYPES[types[name]][1]}",
            _for_example(name, defaults),
        )
        for name, value in values.items()
        if type(value) not in TYPES[types[name]][0]
    ]


def find_problems(settings: "Settings") -> list[Problem]:
    """Return everything that is wrong with the values of `settings`."""
    expected = {name: word for name in _checked(settings) if (word := _expected(name, settings))}
    problems = [
        Problem(
            f"{option(name)} is {getattr(settings, name)!r}, expected {words}",
            _for_example(name, type(settings)()),
        )
        for name, words in expected.items()
    ]
    return [
        *problems,
        *arch_problems(settings.arch),
        *_rate_problems(settings.lr),
        *_strategy_problems(settings),
        *_pair_problems(settings),
        *_rule_problems(settings),
    ]


def _checked(settings: "Settings") -> list[str]:
    """Return the settings with a value to look at; what is None says nothing."""
    names = [*AT_LEAST, *RANGES, *CHOICES, "device"]
    return [name for name in names if getattr(settings, name) is not None]


def _expected(name: str, settings: "Settings") -> str | None:
    """Return what was expected of a value that is wrong, None where it is right."""
    value = getattr(settings, name)
    if name == "seed" and value >= SEEDS:
        return f"one below {SEEDS}"
    if name in AT_LEAST and not AT_LEAST[name] <= value <= AT_MOST.get(name, value):
        most = f" and at most {AT_MOST[name]}" if name in AT_MOST else ""
        return f"a whole number of at least {AT_LEAST[name]}{most}"
    if name in RANGES and value not in RANGES[name]:
        return RANGES[name].words
    if name in CHOICES and value not in CHOICES[name]:
        return f"one of {', '.join(CHOICES[name])}{did_you_mean(value, CHOICES[name])}"
    if name == "device" and not DEVICE_PATTERN.fullmatch(value):
        return "auto, cpu, cuda, cuda:N or mps"
    return None


def _for_example(name: str, defaults: "Settings") -> str:
    return f"for example {option(name)} {EXAMPLES.get(name, getattr(defaults, name))}"


def _strategy_problems(settings: "Settings") -> list[Problem]:
    """Return what is wrong with the strategies: unknown names, one given twice, a block missing."""
    names: Sequence[str] = settings.strategies
    hint = f"the strategies are {', '.join(STRATEGY_NAMES)}; compare two as full-vs-head"
    problems = [
        Problem(f"--strategy names {name!r}{did_you_mean(name, STRATEGY_NAMES)}, not known", hint)
        for name in names
        if name not in STRATEGY_NAMES
    ]
    if len(set(names)) < len(names):
        problems.append(Problem(f"--strategy {'-vs-'.join(names)} names one twice", hint))
    if "partial" in names and settings.freeze_until is None:
        problems.append(
            Problem(
                "--strategy partial was given no --freeze-until, expected a block of the body",
                "for example --freeze-until layer2 (resnets) or blocks.3 (efficientnets); "
                "--dry-run with another strategy lists the blocks",
            )
        )
    return problems


def _rule_problems(settings: "Settings") -> list[Problem]:
    """Return the rule for names that is no regular expression; `group_by` may name a column."""
    try:
        re.compile(settings.label_regex or "")
    except re.error as error:
        return [
            Problem(
                f"--label-regex is {settings.label_regex!r} ({error}), expected a regular "
                "expression",
                f"for example --label-regex {EXAMPLES['label_regex']}",
            )
        ]
    return []


def _pair_problems(settings: "Settings") -> list[Problem]:
    """Return what is wrong with two settings together, each of them being possible alone."""
    problems = _repeat_problems(settings)
    if settings.head == "fastai" and settings.bs == 1:
        problems.append(
            Problem(
                "--bs is 1, expected at least 2 with --head fastai: its BatchNorm compares images",
                "for example --bs 16; --accumulate makes small batches act as a large one",
            )
        )
    return problems


def _repeat_problems(settings: "Settings") -> list[Problem]:
    """Return what is wrong with the ways to repeat a training."""
    problems = []
    if settings.folds and settings.seeds > 1:
        problems.append(
            Problem(
                f"--seeds {settings.seeds} and --folds {settings.folds} were given, expected one "
                "of them",
                "--folds scores every image once, --seeds another part each time",
            )
        )
    if settings.folds and settings.split == "random":
        problems.append(
            Problem(
                "--split is 'random', expected stratified with --folds: each fold has its share "
                "of every class",
                f"for example --folds {settings.folds} --split stratified",
            )
        )
    if settings.seed < SEEDS < settings.seed + settings.seeds:
        problems.append(
            Problem(
                f"--seeds is {settings.seeds} from --seed {settings.seed} on, expected seeds "
                f"below {SEEDS}",
                "for example --seed 42",
            )
        )
    return problems


def _rate_problems(text: str) -> list[Problem]:
    try:
        parse_learning_rate(text)
    except ValueError as error:
        return [
            Problem(f"--lr is {text!r} ({error}), expected {PATTERN}", "for example --lr 0.004")
        ]
    return []
