"""Settings of fastcnn's own networks in a search: `net.kernel=3,5` changes what `--arch` says."""

from collections.abc import Mapping
from dataclasses import fields

from fastcnn.errors import Problem, UsageError, did_you_mean
from fastcnn.models.networks import (
    OWN_NETWORKS,
    NetworkSettings,
    is_own,
    network_name,
    parse_network,
    stated_settings,
)
from fastcnn.sweep.space import Choices, Range, Space, Values, ends, write_search

PREFIX = "net."
EXAMPLES = {
    "filters": "16,32-64-128-128-128",
    "kernel": "3,5",
    "depth": "1,2",
    "activation": "relu,gelu,mish",
    "norm": "none,batch",
    "dropout": "0..0.5",
    "dense": "0,128,256",
}
"""What `--search net.NAME=` takes, for each setting of a network."""
NETWORK_SETTINGS = tuple(field.name for field in fields(NetworkSettings))
KINDS = {field.name: field.type for field in fields(NetworkSettings)}


def is_of_network(name: str) -> bool:
    """Return whether a name is that of a network's setting."""
    return name.startswith(PREFIX)


def with_network(arch: str, values: Mapping[str, str]) -> str:
    """Return `arch` with settings changed, by their names with `net.`.

    Those that it has no use for are left out: an activation beside an EvoNorm is none.
    """
    name = arch.partition(":")[0]
    given = stated_settings(arch)
    given |= {key.removeprefix(PREFIX): value for key, value in values.items()}
    norm = given.get("norm", OWN_NETWORKS[name].settings.norm)
    if norm.startswith("evonorm"):
        given.pop("activation", None)
    return network_name(name, given)


def usual_value(name: str, values: Values, arch: str) -> float | str | None:
    """Return which of the values of `net.*` leaves a network as it is; None if none does."""
    if not is_used(name, arch, {}):
        return None
    if isinstance(values, Choices):
        return next((word for word in values.values if _leaves(name, word, arch)), None)
    value = getattr(parse_network(arch).settings, name.removeprefix(PREFIX))
    return float(value) if isinstance(value, int | float) else None


def _leaves(name: str, word: str, arch: str) -> bool:
    try:
        return parse_network(with_network(arch, {name: word})) == parse_network(arch)
    except UsageError:  # filters of a network with another number of blocks
        return False


def is_used(name: str, arch: str, chosen: Mapping[str, str]) -> bool:
    """Return whether a network has a use for a setting, those in `chosen` being changed."""
    if not is_own(arch):
        return False
    norm = parse_network(with_network(arch, chosen)).settings.norm
    return name != f"{PREFIX}activation" or not norm.startswith("evonorm")


def has_use(name: str, space: Space, archs: tuple[str, ...]) -> bool:
    """Return whether a searched setting of networks is used in one trial at least."""
    norms = space.get(f"{PREFIX}norm")
    chosen = norms.values if isinstance(norms, Choices) else ()
    drawn = [{f"{PREFIX}norm": norm} for norm in chosen] or [{}]
    return any(is_used(name, arch, own) for arch in archs for own in drawn)


def takes_whole_numbers(name: str) -> bool:
    """Return whether a network's setting is a whole number."""
    return KINDS[name.removeprefix(PREFIX)] is int


def network_problems(space: Space, archs: tuple[str, ...]) -> list[Problem]:
    """Return what is wrong with the searched settings of networks, for the networks of `archs`."""
    searched = [name for name in space if is_of_network(name)]
    own = [arch for arch in archs if is_own(arch)]
    if searched and not own:
        return [
            Problem(
                f"{', '.join(searched)}: only fastcnn's own networks have such settings, and none "
                "is given",
                f"name one, for example --arch {next(reversed(OWN_NETWORKS))}; "
                f"there are {', '.join(OWN_NETWORKS)}",
            )
        ]
    problems = [problem for name in searched if (problem := _wrong_name(name))]
    if problems:
        return problems
    return [problem for name in searched if (problem := _wrong_values(name, space, own))]


def _wrong_name(name: str) -> Problem | None:
    key = name.removeprefix(PREFIX)
    if key in NETWORK_SETTINGS:
        return None
    return Problem(
        f"--search {name}: a network has no setting {key!r}{did_you_mean(key, NETWORK_SETTINGS)}",
        f"the settings are {', '.join(PREFIX + one for one in NETWORK_SETTINGS)}",
    )


def _wrong_values(name: str, space: Space, own: list[str]) -> Problem | None:
    """Return what is wrong with the values: each must suit every network, or trials would fail."""
    key, values = name.removeprefix(PREFIX), space[name]
    if isinstance(values, Range) and KINDS[key] not in (int, float):
        return Problem(
            f"--search {write_search(name, values)}: it is no number, expected choices",
            _example(name),
        )
    for value in (*ends(values), *_between(key, values)):
        reasons = [_refusal(arch.partition(":")[0], key, value) for arch in own]
        if found := [reason for reason in reasons if reason]:
            return Problem(f"--search {write_search(name, values)}: {found[0]}", _example(name))
    return None


def _between(key: str, values: Choices | Range) -> tuple[float | str, ...]:
    """Return a neighbour of the smallest: the kernel's step must keep it odd."""
    if isinstance(values, Range) and KINDS[key] is int:
        return (values.low + (values.step or 1),)
    return ()


def _refusal(arch: str, key: str, value: float | str) -> str | None:
    # An EvoNorm is an activation itself: whether one can be given is a matter of the norm.
    norm = ",norm=none" if key == "activation" else ""
    try:
        parse_network(f"{arch}:{key}={value}{norm}")
    except UsageError as error:
        return error.problems[0].message.partition(": ")[2]
    return None


def _example(name: str) -> str:
    return f"for example --search {name}={EXAMPLES[name.removeprefix(PREFIX)]}"
