"""The rows of a summary against the real network: shapes, parameters, groups, published figures."""

from functools import cache

import pytest
import timm
import torch
from torch import nn

from fastcnn.errors import UsageError
from fastcnn.models.architectures import bare_body, find_architecture, torchvision_network
from fastcnn.models.groups import parameter_groups
from fastcnn.models.summary.describe import Summary, summarise, training_bytes

SIZES = {
    "resnet18": 96,
    "resnet50": 64,
    "vgg16_bn": 64,
    "tf_efficientnet_lite0": 96,
    "mobilenetv3_small_050": 96,
    "densenet121": 64,
    "regnetx_002": 96,
    "convnext_atto": 96,
    "test_vit": 160,
    "mixer_s32_224": 224,
}


def real_network(arch: str) -> nn.Module:
    """Real memory and whatever lies in it: drawing random weights takes longer than all else."""
    architecture = find_architecture(arch)
    with torch.device("meta"):
        network = (
            torchvision_network(architecture)
            if architecture.is_torchvision
            else timm.create_model(arch, pretrained=False)
        )
    network.to_empty(device="cpu")
    return network.eval()


@cache
def summary_of(arch: str, size: int, n_classes: int | None = None) -> Summary:
    return summarise(find_architecture(arch), size, n_classes)


@pytest.mark.parametrize("arch", SIZES)
def test_shapes_and_parameters_are_those_of_a_forward_pass(arch: str) -> None:
    summary, network = summary_of(arch, SIZES[arch]), real_network(arch)
    shapes: dict[str, tuple[int, ...]] = {}
    modules = dict(network.named_modules())
    rows = [row for row in summary.rows if row.name in modules]
    for row in rows:
        modules[row.name].register_forward_hook(
            lambda _, __, output, name=row.name: shapes.__setitem__(name, tuple(output.shape[1:]))
        )
    with torch.no_grad():
        network(torch.zeros(1, 3, SIZES[arch], SIZES[arch]))
    assert {row.name: row.output for row in rows} == shapes
    assert summary.parameters == sum(p.numel() for p in network.parameters())
    assert sum(row.parameters for row in summary.rows) == summary.parameters
    assert sum(row.multiply_adds for row in summary.rows) == summary.multiply_adds


@pytest.mark.parametrize("arch", ["resnet50", "vgg16_bn", "convnext_atto", "test_vit", "sprint"])
def test_a_groups_rows_have_the_parameters_of_the_group_that_training_freezes(arch: str) -> None:
    architecture = find_architecture(arch)
    with torch.device("meta"):
        body = bare_body(architecture)
        groups = parameter_groups(nn.Sequential(body, nn.Identity()), architecture)
    rows = summarise(architecture, SIZES.get(arch, 32)).rows
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.group] = sizes.get(row.group, 0) + row.parameters
    assert list(sizes) == [group.name for group in groups]
    assert {**sizes, "head": 0} == {group.name: group.size for group in groups}


@pytest.mark.parametrize(
    ("arch", "parameters", "billions"),
    [  # torchvision's and timm's published tables
        ("resnet18", 11_689_512, 1.81),
        ("resnet50", 25_557_032, 4.09),
        ("vgg16_bn", 138_365_992, 15.47),
        ("tf_efficientnet_lite0", 4_652_008, 0.385),
        ("convnext_tiny", 28_589_128, 4.46),
    ],
)
def test_the_totals_are_the_published_ones(arch: str, parameters: int, billions: float) -> None:
    summary = summary_of(arch, 224)
    assert summary.parameters == parameters
    assert summary.multiply_adds / 1e9 == pytest.approx(billions, rel=0.005)


def test_other_classes_change_the_head_alone() -> None:
    published, few = summary_of("resnet18", 64).rows, summary_of("resnet18", 64, 7).rows
    assert published[:-1] == few[:-1]
    assert few[-1].output == (7,)
    assert few[-1].parameters == 512 * 7 + 7


def test_what_a_block_does_to_the_map() -> None:
    rows = {row.name: row.to_json() for row in summary_of("resnet50", 224).rows}
    assert (rows["conv1"]["kernel"], rows["conv1"]["stride"], rows["conv1"]["padding"]) == (
        "7x7",
        2,
        "3",
    )
    assert rows["layer2.0"]["kernel"] == "1x1, 3x3, 1x1"  # the way past it is not in the row
    assert rows["layer2.0"]["stride"] == 2
    assert rows["layer2.0"]["padding"] == "0, 1, 0"
    assert rows["layer2.1"]["stride"] == 1
    assert rows["fc"]["kernel"] is rows["fc"]["stride"] is rows["fc"]["padding"] is None
    dense = {row.name: row.to_json() for row in summary_of("densenet121", 64).rows}
    assert dense["features.denseblock1"]["kernel"] == "6 x (1x1, 3x3)"
    lite = {row.name: row.to_json() for row in summary_of("tf_efficientnet_lite0", 96).rows}
    assert lite["conv_stem"]["padding"] == "same"


def test_our_own_have_a_row_a_block_and_ten_classes() -> None:
    rows = summary_of("five-block:dense=64", 128).rows
    names = ["stem", "block2", "block3", "block4", "block5", "dense", "head"]
    assert [row.name for row in rows] == [row.group for row in rows] == names
    assert rows[-1].output == (10,)
    assert rows[0].to_json()["kind"] == "Conv2d + MaxPool2d"


def test_every_layer_on_request_adds_up_to_the_same() -> None:
    architecture = find_architecture("resnet18")
    layers = summarise(architecture, 64, each_layer=True)
    assert len(layers.rows) > 50
    assert "layer1.0.conv2" in [row.name for row in layers.rows]
    assert sum(row.parameters for row in layers.rows) == layers.parameters
    assert sum(row.multiply_adds for row in layers.rows) == layers.multiply_adds


def test_what_training_keeps_of_a_picture_grows_with_its_area() -> None:
    architecture = find_architecture("resnet18")
    small, large = (training_bytes(architecture, size) for size in (64, 128))
    assert small and large
    assert large == pytest.approx(4 * small, rel=0.05)


def test_a_size_that_the_network_does_not_take() -> None:
    with pytest.raises(UsageError, match="97 px"):
        summary_of("test_vit", 97)


def test_a_way_past_is_called_by_its_name() -> None:
    rows = {row.name: row for row in summary_of("sprint", 32).rows}
    assert rows["block1"].kind == "Conv2d + MaxPool2d + residual"
