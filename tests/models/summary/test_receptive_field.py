"""Receptive fields told from the graph, against those that gradients measure."""

from collections.abc import Iterator
from typing import Any

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fastcnn.models.architectures import find_architecture, native_size, torchvision_network
from fastcnn.models.networks import parse_network
from fastcnn.models.scratch import scratch_body
from fastcnn.models.summary.describe import Row, summarise
from fastcnn.models.summary.receptive_field import ReceptiveFields

WIDTH = 32
"""Of the measuring picture, in pixels: what is measured is how far up and down a position sees."""
WIDER = {"inception_v3": 96}
"""Its first convolutions have no padding."""
HEIGHTS = {
    "resnet18": 512,
    "resnet50": 512,
    "vgg16_bn": 288,
    "tf_efficientnet_lite0": 512,
    "mobilenetv3_small_050": 512,
    "densenet121": 384,
    "regnetx_002": 512,
    "convnext_atto": 544,
    "inception_v3": 384,
    "sprint": 96,
    "five-block:kernel=5": 256,
}
NORMS = (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)
GATES = ("SqueezeExcite", "SEModule")
ACTIVATIONS = ("torch.nn.modules.activation", "timm.layers.activations")


def real_network(arch: str) -> nn.Module:
    """Real memory and whatever lies in it: `transparent` writes what is needed."""
    architecture = find_architecture(arch)
    with torch.device("meta"):
        if architecture.is_own:
            network: nn.Module = nn.Sequential(scratch_body(parse_network(arch)))
        elif architecture.is_torchvision:
            network = torchvision_network(architecture)
        else:
            network = timm.create_model(arch, pretrained=False)
    return network.to_empty(device="cpu")


def transparent(network: nn.Module, *, keep_gates: bool = False) -> nn.Module:
    """Make every weight positive and let everything through: no gradient is blocked or cancelled.

    Norms and activations become the identity, a maximum a mean over the same places.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            setattr(parent, name, see_through(child, keep_gates=keep_gates))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1 / parameter[0].numel() if parameter.ndim > 1 else 1)
    return network.eval().requires_grad_(False)


def see_through(module: nn.Module, *, keep_gates: bool) -> nn.Module:
    is_activation = type(module).__module__ in ACTIVATIONS and not list(module.children())
    is_gate = type(module).__name__ in GATES and not keep_gates
    if is_activation and not isinstance(module, nn.MultiheadAttention):
        return nn.Identity()
    if isinstance(module, NORMS) or is_gate:
        return nn.Identity()
    if isinstance(module, nn.MaxPool2d):
        return nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode)
    return module


def measured_heights(
    network: nn.Module, names: list[str], height: int, width: int = WIDTH
) -> Iterator[int]:
    """Yield for each module how many rows of the picture the middle of its output depends on."""
    outputs: dict[str, Tensor] = {}
    for name in names:
        network.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: outputs.__setitem__(name, output)
        )
    picture = torch.ones(1, 3, height, width, requires_grad=True)
    network(picture)
    for name in names:
        output = outputs[name]
        middle = output[:, :, output.shape[2] // 2, output.shape[3] // 2].sum()
        (gradient,) = torch.autograd.grad(middle, picture, retain_graph=True)
        rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
        yield int(rows[-1] - rows[0]) + 1


def last_of_each_group(arch: str, height: int) -> list[Row]:
    """Rows whose field fits into the picture around its middle."""
    architecture = find_architecture(arch)
    rows = summarise(architecture, native_size(architecture)).rows
    fitting = [row for row in rows if (row.receptive_field or height) <= 0.86 * height]
    found = {row.group: row for row in fitting if not row.sees_all and row.output}
    return list(found.values())


@pytest.mark.parametrize("arch", HEIGHTS)
def test_it_is_what_gradients_measure(arch: str) -> None:
    rows = last_of_each_group(arch, HEIGHTS[arch])
    assert len(rows) >= 3
    prefix = "0." if find_architecture(arch).is_own else ""
    names = [prefix + row.name for row in rows]
    network, width = transparent(real_network(arch)), WIDER.get(arch, WIDTH)
    measured = measured_heights(network, names, HEIGHTS[arch], width)
    assert dict(zip(names, measured, strict=True)) == {
        name: row.receptive_field for name, row in zip(names, rows, strict=True)
    }


@pytest.mark.parametrize("arch", ["mobilenetv3_small_050", "regnety_002"])
def test_squeeze_excite_brings_the_whole_picture_in_and_is_marked(arch: str) -> None:
    rows = [row for row in last_of_each_group(arch, 512) if row.is_gated]
    network = transparent(real_network(arch), keep_gates=True)
    assert rows
    assert all(row.to_json()["kind"].endswith(", gated") for row in rows)
    assert set(measured_heights(network, [row.name for row in rows], 512)) == {512}


def test_a_network_without_gates_has_no_mark() -> None:
    rows = summarise(find_architecture("resnet50"), 224).rows
    assert not any(row.is_gated for row in rows)


def test_attention_sees_the_whole_picture_from_its_first_block_on() -> None:
    network = transparent(timm.create_model("test_vit", pretrained=False))
    picture = torch.ones(1, 3, 160, 160, requires_grad=True)
    tokens: list[Tensor] = []
    network.blocks[0].register_forward_hook(lambda _, __, output: tokens.append(output))
    network(picture)
    (gradient,) = torch.autograd.grad(tokens[0][:, 50].sum(), picture)
    assert (gradient != 0).all()
    rows = {row.name: row for row in summarise(find_architecture("test_vit"), 160).rows}
    assert rows["patch_embed"].receptive_field == 16
    assert rows["blocks.0"].sees_all and rows["blocks.0"].receptive_field == 160


def test_nothing_is_claimed_behind_attention_in_windows() -> None:
    rows = summarise(find_architecture("swin_tiny_patch4_window7_224"), 224).rows
    assert rows[0].receptive_field == 4
    assert all(row.receptive_field is None for row in rows[1:])


def test_a_sum_of_two_paths_sees_what_the_wider_one_sees() -> None:
    image = torch.empty(1, 3, 32, 32)
    wide, narrow = nn.Conv2d(3, 4, 5, padding=2), nn.Conv2d(3, 4, 1)
    with torch.no_grad(), ReceptiveFields(image) as fields:
        both = fields.region(wide(image) + narrow(image))
        beside = fields.region(torch.cat([narrow(image), wide(image)], dim=1))
        misaligned = fields.region(wide(image)[:, :, :16] + narrow(image)[:, :, 16:])
    assert both and both.size == 5
    assert beside and beside.size == 5
    assert misaligned and misaligned.size is None


def test_what_no_rule_is_written_for_makes_it_unknown() -> None:
    image = torch.rand(1, 3, 8, 8)
    with torch.no_grad(), ReceptiveFields(image) as fields:
        assert fields.region(image.cumsum(2) * 2) == fields.region(image.sort(3).values)
        assert not known(fields, image.flip(2))
        assert known(fields, image.relu())
        assert fields.region(torch.ones(3)) is None


def known(fields: ReceptiveFields, tensor: Tensor) -> bool:
    region = fields.region(tensor)
    return region is not None and region.is_known


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)),
        min_size=1,
        max_size=4,
    )
)
def test_any_stack_of_kernels_strides_paddings_and_dilations(
    layers: list[tuple[int, int, int, int]],
) -> None:
    network = nn.Sequential(
        *[
            nn.Conv2d(1, 1, (k, 1), (s, 1), (min(p, k - 1), 0), dilation=(d, 1), bias=False)
            for k, s, p, d in layers
        ]
    )
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    picture = torch.ones(1, 1, 600, 1, requires_grad=True)
    with ReceptiveFields(picture) as fields:
        output = network(picture)
    middle = output[0, 0, output.shape[2] // 2, 0]
    (gradient,) = torch.autograd.grad(middle, picture)
    rows = gradient[0, 0].sum(1).nonzero().flatten()
    region = fields.region(output)
    assert region is not None
    assert region.size == rows[-1] - rows[0] + 1
    first = output.shape[2] // 2 * region.jump[0] + region.low[0]
    assert first == rows[0]


MOVES = st.lists(
    st.sampled_from(["last", "first", "tokens", "rows", "split", "front", "half", "heads"]),
    max_size=6,
)


@given(MOVES)
def test_positions_are_followed_through_rearrangements(moves: list[str]) -> None:
    """Each place of the axes that are said to hold positions holds numbers of one position."""
    height, width = 3, 5
    places = torch.arange(float(height * width)).reshape(1, 1, height, width)
    image = places.expand(1, 4, height, width).contiguous()
    with ReceptiveFields(image) as fields:
        tensor: Any = image
        for move in moves:
            tensor = rearrange(tensor, move)
        region = fields.region(tensor)
    assert region is not None
    if not region.is_known:
        return
    axes = [axis % tensor.ndim for axis in region.axes]
    others = [dim for dim in range(tensor.ndim) if dim not in axes]
    n_places = 1
    for axis in axes:
        n_places *= tensor.shape[axis]
    table = tensor.permute(*axes, *others).reshape(n_places, -1)
    assert (table == table[:, :1]).all()
    assert set(table[:, 0].tolist()) == set(range(height * width))


def rearrange(tensor: Tensor, move: str) -> Tensor:
    match move:
        case "last":
            return tensor.movedim(1, -1) if tensor.ndim > 1 else tensor
        case "first":
            return tensor.transpose(-1, -2) if tensor.ndim > 1 else tensor
        case "tokens":
            return tensor.flatten(-2) if tensor.ndim > 2 else tensor
        case "rows":
            return tensor.unflatten(-1, (3, 5)) if tensor.shape[-1] == 15 else tensor
        case "split":
            return tensor.chunk(2, dim=1)[1] if tensor.ndim > 1 and tensor.shape[1] == 4 else tensor
        case "front":
            return tensor.unsqueeze(0)
        case "heads":
            return tensor.reshape(2, -1)
        case _:
            return tensor.squeeze(0)
