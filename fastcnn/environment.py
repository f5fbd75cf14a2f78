"""What a run ran on: versions, device, processor."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastcnn.version import __version__

LIBRARIES = ("fastai", "torch", "torchvision", "timm")


def environment(device: str) -> dict[str, Any]:
    """Return the versions, the device in use and the processor, as the record keeps them."""
    return {
        "fastcnn": __version__,
        **{name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "platform": sys.platform,
        "device": device,
        "cpu": processor_name(),
        "cores": os.cpu_count(),
    }


def processor_name() -> str:
    """Return the processor's name as its maker gives it, where the system tells."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
