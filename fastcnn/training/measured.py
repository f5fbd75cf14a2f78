"""What has been measured on this machine, so that it is measured once.

Below the cache folder, one small JSON file for each question. Nothing depends on it: a file that
is lost, damaged or cannot be written costs a measuring.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock

from fastcnn.environment import processor_name
from fastcnn.errors import TrainingError
from fastcnn.files import write_json
from fastcnn.places import cache_folder
from fastcnn.training.measure import Measurement
from fastcnn.training.precision import PRECISIONS

MEASURING = 6
"""Raised whenever what is measured changes: what was remembered before is not believed then."""
KeyParts = Mapping[str, str | int]
"""What a measurement depends on."""


def remembered(key_parts: KeyParts, measure: Callable[[], Measurement]) -> Measurement:
    """Return what was measured before on this machine, else measure and remember it.

    A measurement in which nothing could be measured is not kept.

    Args:
        key_parts: what the answer depends on beside the machine and its torch, which are added
            here: the kind (training or inference), the architecture, the size of the images, how
            many groups are frozen, the names of the candidates.
        measure: measures anew.
    """
    parts = {**key_parts, **_machine()}
    path = _file_for(parts)
    kept = _read(path, parts)
    if kept is not None:
        return kept
    with _one_at_a_time(path):
        kept = _read(path, parts)  # another process may have measured meanwhile
        if kept is not None:
            return kept
        measurement = measure()
        if measurement.images_per_second:
            _write(path, parts, measurement)
        return measurement


def sentence(measurement: Measurement, kind: str) -> str:
    """Return one line for the user: what was chosen for `kind`, how fast it is and the others."""
    speed = measurement.images_per_second
    name = measurement.chosen.name
    said = f"precision {name} for {kind}"
    if name in speed:
        when = ", measured earlier" if measurement.is_remembered else ""
        said += f": {_rounded(speed[name])} images/s{when}"
    by_speed = sorted(speed, key=speed.__getitem__, reverse=True)
    others = [f"{other} {_rounded(speed[other])}" for other in by_speed if other != name]
    others += [f"{other}: {why}" for other, why in measurement.rejected.items()]
    return said + (f" ({', '.join(others)})" if others else "")


def _machine() -> dict[str, str | int]:
    """Return what speed depends on beside the question.

    A virtual machine's processor often tells neither its model nor its generation, so that the
    instructions it has are part of its name.
    """
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "cpu": f"{processor_name()}, {torch.backends.cpu.get_cpu_capability()}",
        "gpu": gpu,
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "measuring": MEASURING,
    }


def _file_for(parts: KeyParts) -> Path:
    key = json.dumps(dict(parts), sort_keys=True).encode("utf-8")
    return cache_folder() / "measured" / f"{hashlib.sha256(key).hexdigest()}.json"


def _read(path: Path, parts: KeyParts) -> Measurement | None:
    """Return the measurement in the file, None where there is none or it makes no sense."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        speed = {str(name): float(rate) for name, rate in kept["images_per_second"].items()}
        rejected = {str(name): str(why) for name, why in kept["rejected"].items()}
        chosen = PRECISIONS[kept["chosen"]]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ):
        return None
    sound = all(math.isfinite(rate) and rate > 0 for rate in speed.values())
    sound = sound and chosen.name in speed and kept.get("measured_for") == dict(parts)
    return Measurement(chosen, speed, rejected, is_remembered=True) if sound else None


def _write(path: Path, parts: KeyParts, measurement: Measurement) -> None:
    """Keep the measurement; where the folder cannot be written to, the next run measures anew."""
    try:
        write_json(
            path,
            {
                "measured_for": dict(parts),
                "chosen": measurement.chosen.name,
                "images_per_second": dict(measurement.images_per_second),
                "rejected": dict(measurement.rejected),
            },
        )
    except (TrainingError, OSError):
        return


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Let processes that ask the same measure one after the other: the first answers for all."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:  # nothing can be kept there, so nobody waits for anybody
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _rounded(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"
