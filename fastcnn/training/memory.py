"""How much memory a phase will take at most, told from the blueprint before anything is trained.

The terms are those of any training: the process itself, weights, gradients, the averages of the
optimizer, and what the forward pass keeps for the backward pass (see `activations`).
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fastcnn.models.blueprint import Blueprint
from fastcnn.settings import Settings
from fastcnn.training.activations import FLOAT, activation_bytes
from fastcnn.training.features import BATCH
from fastcnn.training.phases import Method, Phase
from fastcnn.training.precision import Precision

AVERAGES = {
    "adam": 2,
    "adamw": 2,
    "radam": 2,
    "lamb": 2,
    "ranger": 3,
    "rmsprop": 1,
    "sgd": 1,
    "lion": 1,
    "muon": 1,
}
"""Numbers that each optimizer keeps of every number that learns; ranger's third is its slow one.

Muon keeps two of what it does not make orthogonal, which is little of a whole network.
"""
WORKING_SET = 220 * 2**20
"""Bytes of whatever a training brings along: compiled kernels, threads, batches on their way.

Measured with networks of 3 to 25 million parameters in batches of 16 and 32 at 224 px.
"""
USUAL_PROCESS = 800 * 2**20
"""Bytes of a process that has imported torch and fastai."""


@dataclass(frozen=True)
class MemoryEstimate:
    """The most that a phase holds at once, in bytes, by what it is held for."""

    process: int
    """Python, torch, fastai, and what they hold already."""
    weights: int
    """Parameters and buffers, their moving average, and the copies that are kept or folded."""
    gradients: int
    """One number for each that learns."""
    optimizer: int
    """Its averages of the gradients."""
    activations: int
    """What the forward pass keeps for the backward pass, and what a layer works on."""
    features: int
    """What the frozen body made of all pictures."""
    pixels: int
    """Decoded pictures."""

    @property
    def total(self) -> int:
        """Return all of it together."""
        return sum(asdict(self).values())


def phase_memory(
    drawn: Blueprint,
    phase: Phase,
    settings: Settings,
    precision: Precision,
    *,
    n_images: tuple[int, int],
    process: int,
    pixels: int = 0,
) -> MemoryEstimate:
    """Estimate the peak of a phase on a processor; real peaks shall lie within 35 % of it.

    Those of ResNet-18, ResNet-50 and EfficientNet-Lite0 at 224 px lay within 10 %, in batches of
    16 and 32, fp32 and bf16, frozen in part or not. That is of the main process, its libraries
    included; loading processes, which share most of their memory with it, come on top.

    Args:
        drawn: what is trained.
        phase: what of it learns, and from what.
        settings: batch size, optimizer, views and the like.
        precision: what the phase computes in.
        n_images: how many images there are to learn from, and to score.
        process: bytes that the process holds by itself, from `resident_memory`.
        pixels: bytes of decoded pictures that are kept in memory.
    """
    on_pictures = phase.method is Method.FIT
    learning = FLOAT * drawn.n_learning(phase.n_frozen)
    everything = FLOAT * drawn.n_learning(0)
    # Where only features are computed, no group learns from pictures, and batches are small.
    n_frozen = phase.n_frozen if on_pictures else len(drawn.groups)
    batch = min(settings.bs, n_images[0]) if on_pictures else BATCH
    casts = learning * precision.dtype.itemsize // FLOAT if precision.dtype.itemsize < FLOAT else 0
    solved = phase.method is Method.SOLVE
    folded = (everything - learning) * phase.freezes_body(len(drawn.groups))
    averages = everything * (settings.ema > 0)
    return MemoryEstimate(
        process=process + WORKING_SET,
        weights=everything + learning + casts + folded + averages,
        gradients=0 if solved else learning,
        optimizer=0 if solved else AVERAGES[settings.opt] * learning,
        activations=activation_bytes(drawn, n_frozen, batch, settings.size, precision),
        features=0 if on_pictures else _features(drawn, settings, n_images),
        pixels=pixels if on_pictures else 0,
    )


def resident_memory() -> int:
    """Return the bytes of memory that this process holds now; the most so far, as macOS tells it.

    What is usual where the system tells neither (Windows).
    """
    pages = Path("/proc/self/statm")
    if pages.is_file():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return USUAL_PROCESS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _features(drawn: Blueprint, settings: Settings, n_images: tuple[int, int]) -> int:
    """Every vector is there three times: as it was stored, in one tensor, and in the solver's."""
    n_train, n_valid = n_images
    n_numbers = drawn.layout.n_channels * (2 if drawn.layout.is_map else 1)
    return 3 * FLOAT * n_numbers * (n_train * settings.views + n_valid)
