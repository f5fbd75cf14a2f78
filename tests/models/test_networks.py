"""What `--arch` says of our own networks: read, written, and refused with everything wrong."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fastcnn.errors import UsageError
from fastcnn.models.architectures import bare_body, feature_shape, find_architecture
from fastcnn.models.groups import parameter_groups
from fastcnn.models.networks import (
    ACTIVATIONS,
    NORMS,
    OWN_NETWORKS,
    NetworkSettings,
    OwnNetwork,
    network_name,
    parse_network,
    timed_as,
    written_out,
)

OTHERS = (
    *("sprint:depth=1", "sprint:norm=none", "sprint:norm=none,depth=8", "five-block:depth=3"),
    *("five-block:norm=none,depth=8", "three-conv:depth=8", "three-conv:depth=8,activation=relu"),
)
"""Deep ones, and such without a norm, whose signal only their first weights keep alive."""
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.tuples(*[st.integers(1, 64)] * 5),
        "kernel": st.sampled_from([1, 3, 5, 7]),
        "depth": st.integers(1, 3),
        "norm": st.sampled_from([norm for norm in NORMS if "evonorm" not in norm]),
        "activation": st.sampled_from(ACTIVATIONS),
        "dropout": st.floats(0, 0.99),
        "dense": st.integers(0, 64),
    },
)


@given(SETTINGS)
def test_what_is_written_is_read(changes: dict[str, object]) -> None:
    settings = parse_network(network_name("five-block", changes)).settings
    plain = parse_network("five-block").settings
    for name in vars(plain):
        assert getattr(settings, name) == changes.get(name, getattr(plain, name))


@given(st.sampled_from(list(OWN_NETWORKS)), SETTINGS)
def test_written_out_it_is_the_same_network_with_every_setting_named(
    name: str, changes: dict[str, object]
) -> None:
    n_blocks = len(OWN_NETWORKS[name].settings.filters)
    given = {key: value for key, value in changes.items() if key not in ("norm", "activation")}
    if "filters" in given:
        given["filters"] = changes["filters"][:n_blocks]
    arch = network_name(name, given)
    full = written_out(arch)
    assert parse_network(full).settings == parse_network(arch).settings
    implied = {"activation"} if parse_network(arch).settings.is_evonorm else set()
    assert {field for field in vars(NetworkSettings((1,))) if f"{field}=" not in full} == implied


def test_a_changed_default_changes_nothing_that_is_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full, was = written_out("sprint"), parse_network("sprint")
    changed = OwnNetwork("sprint", NetworkSettings((8, 8, 8), norm="none", dense=4), 32)
    monkeypatch.setitem(OWN_NETWORKS, "sprint", changed)
    assert parse_network(full) == was != parse_network("sprint")


@given(SETTINGS, st.floats(0, 0.99))
def test_networks_that_differ_in_dropout_alone_are_timed_once(
    changes: dict[str, object], dropout: float
) -> None:
    one, other = ({**changes, "dropout": value} for value in (dropout, 0.0))
    timed = timed_as(network_name("five-block", one))
    assert timed == timed_as(timed) == written_out(network_name("five-block", other))


def test_networks_of_others_are_timed_by_their_names() -> None:
    assert timed_as("resnet18") == "resnet18"


@pytest.mark.slow
@given(SETTINGS)
def test_what_is_read_can_be_built(changes: dict[str, object]) -> None:
    architecture = find_architecture(network_name("five-block", changes))
    channels = changes.get("dense") or changes.get("filters", (32, 64, 128, 256, 256))[-1]
    assert feature_shape(architecture, 32)[1] == channels


@given(st.text(max_size=30))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    try:
        assert isinstance(parse_network(f"three-conv:{text}").settings, NetworkSettings)
    except UsageError as error:
        assert all("--arch" in problem.message for problem in error.problems)


def test_one_number_holds_for_all_blocks() -> None:
    assert parse_network("sprint:filters=16").settings.filters == (16, 16, 16)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        find_architecture("sprint:kernel=4,filters=8-16,colour=red,activation=tanh,dropout=1")
    messages = [problem.message for problem in caught.value.problems]
    assert len(messages) == 5
    for word in ("'4'", "3 blocks", "'colour'", "'tanh'", "below 1"):
        assert sum(word in message for message in messages) == 1


@pytest.mark.parametrize("depth", ["0", "9", "two", "1.5"])
def test_a_depth_that_cannot_be_is_refused(depth: str) -> None:
    with pytest.raises(UsageError, match="expected a number from 1 to 8"):
        parse_network(f"sprint:depth={depth}")


def test_an_activation_beside_an_evonorm_is_refused() -> None:
    with pytest.raises(UsageError, match="is an activation itself"):
        parse_network("three-conv-evonorm-s0:activation=relu")
    with pytest.raises(UsageError, match="is an activation itself"):
        parse_network("five-block:norm=evonorm-b0,activation=relu")


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse_network("sprint:kernel=3,kernel=5")


@pytest.mark.parametrize("name", [*OWN_NETWORKS, "five-block:dense=16,dropout=0.5"])
def test_the_blocks_are_the_groups(name: str) -> None:
    architecture = find_architecture(name)
    model = nn.Sequential(bare_body(architecture), nn.Linear(2, 2))
    groups = parameter_groups(model, architecture)
    n_blocks = len(parse_network(name).settings.filters)
    first = "whitening block1" if name == "sprint" else "stem"
    blocks = [*first.split(), *(f"block{number}" for number in range(2, n_blocks + 1))]
    dense = ["dense"] if "dense" in name else []
    assert [group.name for group in groups] == [*blocks, *dense, "head"]
    assert sum(group.size for group in groups) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", ["three-conv", "five-block", "sprint"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_depth_is_the_convolutions_of_each_block_and_changes_no_shape(
    name: str, depth: int
) -> None:
    deeper = find_architecture(f"{name}:depth={depth}")
    layers = dict(bare_body(deeper).named_children())
    blocks = [block for key, block in layers.items() if key not in ("whitening", "dropout")]
    found = {sum(isinstance(m, nn.Conv2d) for m in block.modules()) for block in blocks}
    assert found == {depth}
    assert feature_shape(deeper, 64) == feature_shape(find_architecture(name), 64)


@pytest.mark.parametrize("name", [*OWN_NETWORKS, *OTHERS])
def test_a_new_network_hands_on_the_size_of_its_signal(name: str) -> None:
    """Neither all but silent nor exploding, and every weight gets a slope."""
    torch.manual_seed(0)
    body = bare_body(find_architecture(name))
    output = body(torch.randn(8, 3, 64, 64))
    assert 0.2 < output.std() < 5
    output.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in body.parameters())


@pytest.mark.parametrize("name", OWN_NETWORKS)
def test_its_layers_are_of_torch_timm_and_fastai(name: str) -> None:
    homes = {
        type(module).__module__.split(".")[0]
        for module in bare_body(find_architecture(name)).modules()
    }
    assert homes <= {"torch", "timm", "fastai"}
