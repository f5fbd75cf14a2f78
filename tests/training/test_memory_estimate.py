"""The estimate of memory: each of its terms by hand, and the whole beside a real step."""

import ctypes
import gc
import mmap
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from fastcnn.models.architectures import find_architecture
from fastcnn.models.blueprint import Blueprint, blueprint
from fastcnn.models.groups import ParameterGroup
from fastcnn.models.heads import FeatureLayout
from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings
from fastcnn.training.activations import activation_bytes
from fastcnn.training.memory import AVERAGES, MemoryEstimate, phase_memory, resident_memory
from fastcnn.training.phases import Method, Phase
from fastcnn.training.precision import PRECISIONS

FP32, BF16 = PRECISIONS["fp32 channels_last"], PRECISIONS["bf16 channels_last"]
IMAGES = (100, 20)
TOLERANCE = 0.35
"""As `phase_memory` says."""


def small_network() -> Blueprint:
    """Eight channels, ReLU in place, average pooling, two classes: small enough to add up."""
    with torch.device("meta"):
        body = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.ReLU(inplace=True))
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    groups = [
        ParameterGroup("stem", tuple(body.parameters())),
        ParameterGroup("head", tuple(head.parameters())),
    ]
    layout = FeatureLayout(8, is_map=True, channels_come_last=False)
    architecture = replace(find_architecture("resnet18"), name="small")
    return Blueprint(architecture, nn.Sequential(body, head), layout, groups)


def estimate(phase: Phase, precision: str = FP32.name, **changes: object) -> MemoryEstimate:
    settings = Settings(size=4, bs=10).changed(**changes)
    return phase_memory(
        small_network(), phase, settings, PRECISIONS[precision], n_images=IMAGES, process=0
    )


ALL = Phase("all", Method.FIT, 0, (0.1, 0.1), epochs=1)
HEAD = Phase("head", Method.FIT, 1, (0.1,), epochs=1)
SOLVE = Phase("solve", Method.SOLVE, 1)


def test_activations_are_what_the_graph_keeps_and_the_two_largest_outputs() -> None:
    """The conv keeps its input, ReLU its output, the linear layer its input; ReLU is in place."""
    images, maps, vectors = 10 * 3 * 16 * 4, 10 * 8 * 16 * 4, 10 * 8 * 4
    everything = activation_bytes(small_network(), 0, 10, 4, FP32)
    assert everything == images + maps + vectors + 2 * maps
    assert activation_bytes(small_network(), 0, 20, 4, FP32) == 2 * everything
    assert activation_bytes(small_network(), 0, 10, 4, BF16) == everything // 2


def test_below_the_frozen_groups_nothing_is_kept() -> None:
    maps, vectors = 10 * 8 * 16 * 4, 10 * 8 * 4
    assert activation_bytes(small_network(), 1, 10, 4, FP32) == vectors + 2 * maps
    assert activation_bytes(small_network(), 2, 10, 4, FP32) == 2 * maps


def test_numbers_that_learn_have_gradients_and_averages() -> None:
    stem, head = 24 * 4, 18 * 4
    found = estimate(ALL)
    assert (found.gradients, found.optimizer) == (stem + head, 2 * (stem + head))
    assert found.weights == 2 * (stem + head)  # with the copy for a new beginning
    assert estimate(ALL, ema=0.9).weights == 3 * (stem + head)
    assert estimate(ALL, BF16.name).weights == 2 * (stem + head) + (stem + head) // 2
    found = estimate(HEAD, opt="lion")
    assert (found.gradients, found.optimizer, found.features) == (head, head, 0)
    assert found.weights == 2 * stem + 2 * head  # with the folded copy of the frozen body


def test_a_solved_head_needs_features_and_no_gradients() -> None:
    found = estimate(SOLVE, views=2)
    assert (found.gradients, found.optimizer, found.pixels) == (0, 0, 0)
    assert found.features % ((100 * 2 + 20) * 16 * 4) == 0 and found.features > 0


def test_every_optimizer_is_known() -> None:
    assert set(AVERAGES) == set(CHOICES["opt"])


def test_what_is_held_now() -> None:
    """Pages of the system's: what malloc hands out may lie in memory that is held already."""
    before = resident_memory()
    with mmap.mmap(-1, 50 * 2**20) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        assert 40 * 2**20 < resident_memory() - before < 80 * 2**20


def peak_memory() -> int:
    """Return the most that this process has held since `forget_peak`, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak() -> None:
    """Give back what is free, and begin a new peak (man 5 proc, clear_refs)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_a_real_step_takes_what_was_estimated() -> None:
    network = torchvision.models.resnet18(num_classes=4).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters())

    def step(batch: int) -> None:
        images = torch.rand(batch, 3, 128, 128).to(memory_format=torch.channels_last)
        optimizer.zero_grad()
        network(images).square().mean().backward()
        optimizer.step()

    step(2)  # kernels, gradients and averages are there from here on
    taken = []
    for _ in range(3):  # what malloc gives back in between is not the same every time
        forget_peak()
        before = peak_memory()
        step(32)
        taken.append(peak_memory() - before)
    drawn = blueprint(find_architecture("resnet18"), Settings(size=128), n_classes=4)
    estimated = activation_bytes(drawn, 0, 32, 128, FP32)
    assert min(taken) == pytest.approx(estimated, rel=TOLERANCE)
