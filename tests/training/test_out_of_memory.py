"""Memory that runs out: the phase begins again with smaller batches, and the run goes on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import fastcnn
from fastcnn.errors import TrainingError
from fastcnn.training.out_of_memory import OutOfMemory, attempt

RECIPE = '''
"""Pets on a card whose memory ends at LIMIT images, from the second training batch on."""

import torch
from fasttransform import Transform

from fastcnn.recipe import Recipe
from fastcnn.recipes import pets


class Card(Transform):
    split_idx, order, seen = 0, 0, 0

    def encodes(self, images: torch.Tensor):
        Card.seen += 1
        if Card.seen > 1 and len(images) > LIMIT and images.ndim == 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return images


def block(settings):
    block = pets.pets(settings)
    block.batch_tfms.append(Card())
    return block


RECIPE = Recipe(title="small card", data_block=block)
'''


def run_on_card(limit: int, out: str, data: Path, weights: Path, **settings: Any) -> fastcnn.Run:
    Path("card.py").write_text(RECIPE.replace("LIMIT", str(limit)))
    common = {"arch": "test_resnet", "size": 64, "precision": "fp32", "epochs": 2, "lr": 0.01}
    given: dict[str, Any] = {**common, "weights": str(weights), **settings}
    return fastcnn.run("card.py", data=data, out=out, **given)


@pytest.mark.parametrize("strategy", ["full", "scratch"])
def test_it_ends_as_if_it_had_begun_with_the_smaller_batches(
    few_pets: Path, tiny_weights: Path, work: Path, strategy: str
) -> None:
    """To the bit: so weights, statistics, history, order and augmentation all began anew."""
    settings: dict[str, Any] = {"strategy": strategy}
    small = run_on_card(8, "small", few_pets, tiny_weights, bs=32, **settings)
    plain = run_on_card(99, "plain", few_pets, tiny_weights, bs=8, accumulate=4, **settings)
    events = small.record["events"]
    assert [event.count("memory ran out") for event in events] == [1, 1]
    assert "batches of 32; it begins again with batches of 16, 2 of them to a step" in events[0]
    assert "batches of 16; it begins again with batches of 8, 4 of them to a step" in events[1]
    assert small.record["status"] == "done"
    assert small.predictions().equals(plain.predictions())
    histories = [run.history().drop(columns="seconds") for run in (small, plain)]
    assert histories[0].equals(histories[1])
    used = small.record["strategies"][strategy]["batches"]
    assert used == {"bs": 8, "accumulate": 4}
    assert plain.record["events"] == []
