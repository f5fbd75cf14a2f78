"""Where weights come from, and that none is left out or taken for another's."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from fastcnn.errors import WeightsError
from fastcnn.models import hubs, packaged
from fastcnn.models.architectures import bare_body, find_architecture
from fastcnn.models.blueprint import blueprint
from fastcnn.models.learner import require_buildable
from fastcnn.models.state_file import load_body, read_state
from fastcnn.models.weights import find_weights
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings


def saved(network: torch.nn.Module, path: Path, wrapped: bool = False) -> Path:
    state = network.state_dict()
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state} if wrapped else state, path)
    return path


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_file_of_either_library_fills_the_body(tmp_path: Path, name: str, library: str) -> None:
    """Both libraries name the tensors of a ResNet alike; the classifier is left out."""
    network = timm.create_model("resnet18") if library == "timm" else torchvision.models.resnet18()
    path = saved(network, tmp_path / name, wrapped=library == "timm")
    architecture = find_architecture("resnet18")
    body = bare_body(architecture)
    load_body(body, read_state(path), architecture)
    image = torch.rand(2, 3, 64, 64)
    network.eval(), body.eval()
    expected = network.fc(body(image).mean((2, 3)))
    assert torch.allclose(network(image), expected, atol=1e-5)


def test_the_packaged_weights_know_imagenet(shared: Path) -> None:
    """Under timm's names and normalisation they see cats and dogs in photographs of them."""
    from PIL import Image
    from torchvision.transforms import functional

    network = timm.create_model(packaged.ARCHITECTURE).eval()
    network.load_state_dict(packaged.packaged_state(packaged.packaged_file()))
    mean, std = find_architecture(packaged.ARCHITECTURE).mean, network.default_cfg["std"]
    pictures = sorted((shared / "pets" / "images").glob("pug_*.jpg"))[:8]
    batch = torch.stack(
        [
            functional.normalize(
                functional.to_tensor(Image.open(path).convert("RGB").resize((224, 224))), mean, std
            )
            for path in pictures
        ]
    )
    imagenets_pug = 254
    found = network(batch).argmax(1)
    assert (found == imagenets_pug).sum() >= 6


def test_a_changed_package_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "weights.pth"
    changed.write_bytes(packaged.packaged_file().read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="sha256"):
        packaged.packaged_state(changed)


def test_torch_hubs_cache_is_used(own_home: Path) -> None:
    path = own_home / "torch_home" / "hub" / "checkpoints" / "resnet34-b627a593.pth"
    path.parent.mkdir(parents=True)
    saved(torchvision.models.resnet34(), path)
    weights = find_weights("resnet34", None, arch_was_named=False, narrator=Narrator())
    assert (weights.source, weights.path) == ("cache", path)
    require_buildable(weights, blueprint(weights.architecture, Settings(size=64), 3))


def test_hugging_faces_cache_is_used(own_home: Path) -> None:
    repository = own_home / "hf_home" / "hub" / "models--timm--test_resnet.r160_in1k"
    snapshot = repository / "snapshots" / "0123456789"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123456789")
    path = saved(timm.create_model("test_resnet"), snapshot / "model.safetensors")
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:  # the hub reads its home when it is imported
        patch.setattr(constants, "HF_HUB_CACHE", str(own_home / "hf_home" / "hub"))
        found = hubs.cached_file(find_architecture("test_resnet"))
        assert found is not None and found.resolve() == path.resolve()
        weights = find_weights("test_resnet", None, arch_was_named=True, narrator=Narrator())
        assert weights.source == "cache"
        require_buildable(weights, blueprint(weights.architecture, Settings(size=64), 3))


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A host that takes a connection and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{server.getsockname()[1]}/weights.pth"
    server.close()


def test_a_named_architecture_without_weights(
    silent_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever network there is, it is this one that is asked, and it does not answer."""
    monkeypatch.setattr(hubs, "published_file", lambda _: hubs.PublishedFile(silent_server))
    with pytest.raises(WeightsError, match="resnet50 cannot be had") as caught:
        find_weights("resnet50", None, arch_was_named=True, narrator=Narrator())
    assert caught.value.exit_code == 4
    assert "--weights FILE" in caught.value.problems[0].hint


def test_the_recipes_own_architecture_gives_way_aloud(
    silent_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "published_file", lambda _: hubs.PublishedFile(silent_server))
    narrator = Narrator()
    weights = find_weights("resnet34", None, arch_was_named=False, narrator=narrator)
    assert weights.architecture.name == "tf_efficientnet_lite0"
    assert weights.architecture.mean == (0.5, 0.5, 0.5)
    assert "resnet34" in narrator.events[0]


def test_weights_are_downloaded_and_their_hash_is_checked(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on loopback hands out a file under a name with the wrong hash, then the right."""
    import hashlib
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    content = saved(torchvision.models.resnet18(), tmp_path / "w.pth").read_bytes()
    right = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    for name in (right, "resnet18-00000000.pth"):
        (tmp_path / name).write_bytes(content)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        for name, expected in (("resnet18-00000000.pth", None), (right, right)):
            published = hubs.PublishedFile(f"{base}/{name}")
            monkeypatch.setattr(hubs, "published_file", lambda _, file=published: file)
            path = hubs.download_file(find_architecture("resnet18"), Narrator())
            assert (path.name if path else None) == expected
    finally:
        server.shutdown()
