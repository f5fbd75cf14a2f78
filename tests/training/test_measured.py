"""What was measured once is remembered, and nothing depends on it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fastcnn.places import cache_folder
from fastcnn.training.measure import Measurement
from fastcnn.training.measured import remembered, sentence
from fastcnn.training.precision import PRECISIONS

KEY = {"kind": "training", "architecture": "test_resnet", "size": 64, "n_frozen": 0}
FOUND = Measurement(
    PRECISIONS["bf16 channels_last"],
    {"bf16 channels_last": 31.4, "fp32 channels_last": 13.2, "fp32": 4.56},
    {},
)


class Measuring:
    """Counts how often it is called."""

    def __init__(self, found: Measurement = FOUND) -> None:
        self.found, self.calls = found, 0

    def __call__(self) -> Measurement:
        self.calls += 1
        return self.found


def files() -> list[Path]:
    folder = cache_folder() / "measured"
    return sorted(folder.glob("*.json"))  # beside them lie the locks of those that measure


def test_the_same_is_measured_once() -> None:
    measure = Measuring()
    assert remembered(KEY, measure) == FOUND
    assert remembered(dict(reversed(KEY.items())), measure) == FOUND
    assert measure.calls == 1
    (file,) = files()
    assert file.suffix == ".json" and len(file.stem) == 64
    kept = json.loads(file.read_text())["measured_for"]
    assert kept.items() >= KEY.items()
    assert {"cpu", "gpu", "cores", "threads", "torch"} < set(kept)


@pytest.mark.parametrize("part", KEY)
def test_another_question_is_measured_anew(part: str) -> None:
    measure = Measuring()
    remembered(KEY, measure)
    remembered({**KEY, part: "other"}, measure)
    assert measure.calls == len(files()) == 2


def test_another_number_of_threads_is_another_machine() -> None:
    measure = Measuring()
    remembered(KEY, measure)
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        remembered(KEY, measure)
    finally:
        torch.set_num_threads(before)
    assert measure.calls == 2


def changed(name: str, value: object) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\xff\xfe{"),
        lambda file: file.write_text("[1, 2]"),
        lambda file: file.write_text("[" * 100_000),
        lambda file: (file.unlink(), file.mkdir()),
        changed("chosen", "fp8"),
        changed("chosen", ["fp32"]),
        changed("chosen", "fp16 channels_last"),
        changed("images_per_second", {"bf16 channels_last": float("nan")}),
        changed("images_per_second", {"bf16 channels_last": "fast"}),
        changed("images_per_second", {"bf16 channels_last": 10**400}),
        changed("images_per_second", None),
        changed("rejected", 3),
        changed("measured_for", {}),
    ],
)
def test_a_damaged_file_is_measured_anew(damage: Callable[[Path], object]) -> None:
    measure = Measuring()
    remembered(KEY, measure)
    damage(files()[0])
    assert remembered(KEY, measure) == FOUND
    assert measure.calls == 2


def test_a_damaged_file_is_mended() -> None:
    measure = Measuring()
    remembered(KEY, measure)
    files()[0].write_text("{")
    remembered(KEY, measure), remembered(KEY, measure)
    assert measure.calls == 2


def test_a_cache_that_cannot_be_written_to_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a-file"
    file.touch()
    monkeypatch.setenv("FASTCNN_CACHE", os.fspath(file))
    assert remembered(KEY, Measuring()) == FOUND
    assert file.read_bytes() == b""


def test_where_nothing_could_be_measured_nothing_is_kept() -> None:
    measure = Measuring(Measurement(PRECISIONS["fp32"], {}, {}))
    remembered(KEY, measure), remembered(KEY, measure)
    assert measure.calls == 2 and files() == []


def test_the_user_is_told_in_one_line() -> None:
    assert sentence(FOUND, "training") == (
        "precision bf16 channels_last for training: 31 images/s (fp32 channels_last 13, fp32 4.6)"
    )
    rejected = Measurement(PRECISIONS["fp32"], {"fp32": 12.0}, {"bf16 channels_last": "not finite"})
    assert sentence(rejected, "inference") == (
        "precision fp32 for inference: 12 images/s (bf16 channels_last: not finite)"
    )
    alone = Measurement(PRECISIONS["fp32 channels_last"], {}, {})
    assert sentence(alone, "training") == "precision fp32 channels_last for training"
