"""Precisions: the number format of the forward pass and the memory layout of the images.

The weights are float32 in all of them; `torch.autocast` casts what gains by it, operation by
operation (Micikevicius and others, "Mixed Precision Training", arXiv 1710.03740). channels_last
keeps the channels of a pixel side by side, as oneDNN's and cuDNN's convolutions read them.
Which one is the fastest depends on the model and the machine: see `measure`.
"""

from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.training.fast_gradients import FastGradients

AUTO = "auto"
"""Asks for the fastest that there is, which takes measuring."""


@dataclass(frozen=True)
class Precision:
    """A number format and a memory layout."""

    name: str
    """As a run keeps it."""
    dtype: torch.dtype
    """Of the operations that autocast casts; float32 casts nothing."""
    channels_last: bool
    """Whether images, feature maps and kernels of convolutions lie channels last in memory."""

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context that a forward pass on `device` runs in, an empty one for float32."""
        if self.dtype is torch.float32:
            return nullcontext()
        return torch.autocast(device.type, self.dtype)

    def training_forward(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context of a forward pass whose gradients are wanted: autocast, and more."""
        if not self.channels_last or device.type != "cpu":
            return self.autocast(device)
        contexts = ExitStack()
        contexts.enter_context(self.autocast(device))
        contexts.enter_context(FastGradients())
        return contexts

    def layout(self, tensor: Tensor) -> Tensor:
        """Return images of shape (N, C, H, W) in this layout, and any other shape as it is."""
        return tensor.contiguous(memory_format=self._memory_format) if tensor.ndim == 4 else tensor

    def lay_out(self, model: nn.Module) -> None:
        """Bring the kernels of `model` into this layout, in place; no value and no dtype changes.

        Its parameters stay the same objects, so that an optimizer goes on holding them.
        """
        model.to(memory_format=self._memory_format)

    @property
    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format


PRECISIONS: dict[str, Precision] = {
    precision.name: precision
    for precision in (
        Precision("fp32", torch.float32, channels_last=False),
        Precision("fp32 channels_last", torch.float32, channels_last=True),
        Precision("bf16 channels_last", torch.bfloat16, channels_last=True),
        Precision("fp16 channels_last", torch.float16, channels_last=True),
    )
}
"""All precisions by name."""


def candidates(asked: str, device: torch.device) -> tuple[Precision, ...]:
    """Return the precisions that `asked` leaves to choose from on `device`, best guess first.

    Args:
        asked: auto; fp32, bf16 or fp16, which take the layout that suits them; or the name of a
            precision. fp32 is both a format and a name, and is read as the format here: what a
            run has kept is found by `stored`.
        device: where the model runs.

    Raises:
        UsageError: the name is unknown, or the device cannot compute in that format.
    """
    if asked == AUTO:
        return tuple(PRECISIONS[name] for name in _worth_trying(device))
    layout = " channels_last" if asked in ("bf16", "fp16") else ""
    if asked == "fp32" and device.type in ("cpu", "cuda"):
        layout = " channels_last"
    return (stored(asked + layout, device),)


def stored(name: str, device: torch.device) -> Precision:
    """Return the precision of exactly that name, as a run keeps it.

    Raises:
        UsageError: the name is unknown, or the device cannot compute in that format.
    """
    if name not in PRECISIONS:
        raise UsageError(
            f"the precision is {name!r}{did_you_mean(name, list(PRECISIONS))}, "
            f"expected {AUTO}, {', '.join(PRECISIONS)}",
            hint="give --precision auto, which takes the fastest",
        )
    precision = PRECISIONS[name]
    if not _can_compute(precision.dtype, device):
        raise UsageError(
            f"--precision {name.split()[0]} is not for the device {device.type}",
            hint="give --precision auto, which takes the fastest that the device has",
        )
    return precision


def _worth_trying(device: torch.device) -> tuple[str, ...]:
    if device.type == "mps":
        return ("fp32",)
    names = ("fp16 channels_last", "bf16 channels_last", "fp32 channels_last", "fp32")
    return tuple(name for name in names if _can_compute(PRECISIONS[name].dtype, device))


def _can_compute(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether training in `dtype` is offered; float16 on a processor is slow in all but name."""
    if dtype is torch.float16:
        return device.type == "cuda"
    if dtype is torch.bfloat16:
        return device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_bf16_supported())
    return True
