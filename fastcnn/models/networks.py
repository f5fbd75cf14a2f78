"""fastcnn's own small networks as settings: what `--arch five-block:kernel=5,activation=gelu` says.

Everything is told before a layer is built, so this module needs no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from fastcnn.errors import Problem, UsageError, did_you_mean

ACTIVATIONS = ("relu", "gelu", "silu", "mish")
"""What may follow a convolution."""
NORMS = ("none", "batch", "evonorm-s0", "evonorm-b0")
"""What may stand between the two; an EvoNorm takes the place of both."""
MOST_FILTERS = 4096
LARGEST_KERNEL = 11
DEEPEST = 8


@dataclass(frozen=True)
class NetworkSettings:
    """How one of fastcnn's own networks is built."""

    filters: tuple[int, ...]
    """Filters of each block, from the picture on; one number holds for all blocks."""
    kernel: int = 3
    """Side of the convolutions' kernels in pixels, odd: the map keeps its size."""
    depth: int = 1
    """Convolutions of each block."""
    activation: str = "mish"
    """relu, gelu, silu or mish."""
    norm: str = "none"
    """none, batch, evonorm-s0 or evonorm-b0."""
    dropout: float = 0.0
    """Part of the features that is left out at random before the last layer."""
    dense: int = 0
    """Neurons of a dense layer before the last one; 0 is none."""

    @property
    def is_evonorm(self) -> bool:
        """Whether norm and activation are one layer."""
        return self.norm.startswith("evonorm")


@dataclass(frozen=True)
class OwnNetwork:
    """A network by name, with the settings that it has unless others are given."""

    name: str
    """three-conv, five-block or sprint: what `fastcnn.models.scratch` builds."""
    settings: NetworkSettings
    """What the name alone says."""
    size: int
    """Side of the pictures that it was made for, in pixels."""


THREE = NetworkSettings(filters=(32, 64, 128))
OWN_NETWORKS: dict[str, OwnNetwork] = {
    "three-conv": OwnNetwork("three-conv", THREE, 32),
    "three-conv-bn": OwnNetwork("three-conv", replace(THREE, norm="batch"), 32),
    "three-conv-evonorm-s0": OwnNetwork("three-conv", replace(THREE, norm="evonorm-s0"), 32),
    "three-conv-evonorm-b0": OwnNetwork("three-conv", replace(THREE, norm="evonorm-b0"), 32),
    "five-block": OwnNetwork(
        "five-block",
        NetworkSettings((32, 64, 128, 256, 256), activation="relu", norm="batch", dropout=0.2),
        128,
    ),
    "sprint": OwnNetwork(
        "sprint", NetworkSettings((64, 256, 256), depth=2, activation="gelu", norm="batch"), 32
    ),
}
"""Every name that `--arch` takes besides those of torchvision and timm."""


def is_own(arch: str) -> bool:
    """Return whether `arch` names one of fastcnn's own networks, with settings or without."""
    return arch.partition(":")[0] in OWN_NETWORKS


def parse_network(arch: str) -> OwnNetwork:
    """Return the network that `NAME` or `NAME:SETTING=VALUE,SETTING=VALUE` describes.

    Raises:
        UsageError: with everything that is wrong with the settings.
    """
    network = OWN_NETWORKS[arch.partition(":")[0]]
    pairs = _pairs(arch)
    given = dict(pairs)
    twice = len(given) < len(pairs)
    problems = [_problem(arch, "it says one setting twice", "each once")] * twice
    problems += [problem for key in given if (problem := _wrong(arch, key, given, network))]
    if problems:
        raise UsageError.of(problems)
    values = {key: PARSERS[key](value) for key, value in given.items()}
    if len(values.get("filters", ())) == 1:
        values["filters"] *= len(network.settings.filters)
    return replace(network, settings=replace(network.settings, **values))


def stated_settings(arch: str) -> dict[str, str]:
    """Return what stands behind the colon of an `--arch`, by name, as it was typed.

    >>> stated_settings("five-block: kernel=5, filters=16")
    {'kernel': '5', 'filters': '16'}
    """
    return dict(_pairs(arch))


def _pairs(arch: str) -> list[tuple[str, str]]:
    text = arch.partition(":")[2]
    pairs = [pair.partition("=") for pair in text.split(",") if text]
    return [(key.strip(), value.strip()) for key, _, value in pairs]


def arch_problems(arch: str) -> tuple[Problem, ...]:
    """Return what is wrong with the settings in an `--arch`; of others' networks nothing."""
    try:
        if is_own(arch):
            parse_network(arch)
    except UsageError as error:
        return error.problems
    return ()


def network_name(name: str, changes: Mapping[str, Any]) -> str:
    """Return the `--arch` of a network with some settings changed; `parse_network` reads it.

    >>> network_name("five-block", {"kernel": 5, "filters": (16, 32, 64, 64, 64)})
    'five-block:kernel=5,filters=16-32-64-64-64'
    """
    words = [f"{key}={_written(value)}" for key, value in changes.items()]
    return f"{name}:{','.join(words)}" if words else name


def written_out(arch: str) -> str:
    """Return the `--arch` of one of fastcnn's own networks with every setting named.

    It means the same network when what a name alone says has changed.

    >>> written_out("three-conv-evonorm-s0:filters=16-32-64")
    'three-conv:filters=16-32-64,kernel=3,depth=1,norm=evonorm-s0,dropout=0.0,dense=0'
    """
    return _written_out(parse_network(arch))


def timed_as(arch: str) -> str:
    """Return the `--arch` whose steps take as long: of dropout the part left out costs nothing.

    Others' networks are timed as they are.
    """
    if not is_own(arch):
        return arch
    network = parse_network(arch)
    return _written_out(replace(network, settings=replace(network.settings, dropout=0.0)))


def _written_out(network: OwnNetwork) -> str:
    implied = {"activation"} if network.settings.is_evonorm else set()  # a norm that is one
    named = {key: value for key, value in vars(network.settings).items() if key not in implied}
    return network_name(network.name, named)


def _written(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _filters(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("-"))


PARSERS: dict[str, Callable[[str], Any]] = {
    "filters": _filters,
    "kernel": int,
    "depth": int,
    "activation": str,
    "norm": str,
    "dropout": float,
    "dense": int,
}
EXPECTED = {
    "filters": f"one number from 1 to {MOST_FILTERS} for all blocks, or one a block as 16-32-64",
    "kernel": f"an odd number from 1 to {LARGEST_KERNEL}",
    "depth": f"a number from 1 to {DEEPEST}",
    "activation": f"one of {', '.join(ACTIVATIONS)}",
    "norm": f"one of {', '.join(NORMS)}",
    "dropout": "a number of at least 0 and below 1",
    "dense": f"a number from 0 to {MOST_FILTERS}",
}
"""What each setting takes, in words."""


def _is_possible(key: str, value: Any, n_blocks: int) -> bool:
    match key:
        case "filters":
            fits = all(1 <= number <= MOST_FILTERS for number in value)
            return fits and len(value) in (1, n_blocks)
        case "kernel":
            return bool(value % 2 == 1 and 1 <= value <= LARGEST_KERNEL)
        case "depth":
            return bool(1 <= value <= DEEPEST)
        case "activation":
            return value in ACTIVATIONS
        case "norm":
            return value in NORMS
        case "dropout":
            return bool(0 <= value < 1)
        case _:
            return bool(0 <= value <= MOST_FILTERS)


def _wrong(arch: str, key: str, given: Mapping[str, str], network: OwnNetwork) -> Problem | None:
    """Return what is wrong with one setting, None if nothing is."""
    names = [field.name for field in fields(NetworkSettings)]
    if key not in names:
        return _problem(
            arch, f"it says {key!r}{did_you_mean(key, names)}", f"settings of {', '.join(names)}"
        )
    norm = given.get("norm", network.settings.norm)
    if key == "activation" and norm.startswith("evonorm"):
        return _problem(arch, f"{norm} is an activation itself", "no activation beside it")
    n_blocks = len(network.settings.filters)
    try:
        possible = _is_possible(key, PARSERS[key](given[key]), n_blocks)
    except ValueError:
        possible = False
    words = EXPECTED[key] + (f" ({n_blocks} blocks)" if key == "filters" else "")
    return None if possible else _problem(arch, f"{key} is {given[key]!r}", words)


def _problem(arch: str, what: str, expected: str) -> Problem:
    return Problem(
        f"--arch is {arch!r}: {what}, expected {expected}",
        "for example --arch five-block:kernel=5,activation=gelu,filters=16-32-64-128-128",
    )
