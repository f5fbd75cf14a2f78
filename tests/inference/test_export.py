"""The exported pickle: stock parts only, a learner that stays usable, a recipe of one's own."""

import io
import pickletools
import sys
import zipfile
from pathlib import Path

import pytest
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from fastai.vision.core import PILImage
from fasttransform import Transform

from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.errors import TrainingError
from fastcnn.inference.export import export_bytes, foreign_names
from fastcnn.inference.predictor import open_predictor
from fastcnn.models.learner import add_normalisation, build_learner, choose_device
from fastcnn.models.weights import find_weights
from fastcnn.narrator import Narrator
from fastcnn.recipe_book import find_recipe
from fastcnn.settings import Settings


@pytest.fixture
def learner(few_pets: Path, tiny_weights: Path) -> Learner:
    """A learner on real photographs, not trained yet."""
    settings = Settings(arch="test_resnet", weights=str(tiny_weights), size=64, bs=16)
    block = find_recipe("pets").data_block(settings)
    images = read_images(block, few_pets)
    weights = find_weights(
        settings.arch, settings.weights, arch_was_named=True, narrator=Narrator()
    )
    dls = make_loaders(block, images, settings, choose_device("cpu"))
    add_normalisation(dls, weights.architecture)
    return build_learner(dls, weights, settings)


def test_it_names_stock_parts_only(learner: Learner) -> None:
    """The contract's list, and every name in the pickle, read by another reader than ours."""
    libraries = {"torch", "torchvision", "timm", "fastai", "fastcore", "fasttransform"}
    libraries |= {"numpy", "PIL", "__builtin__"} | set(sys.stdlib_module_names)
    content = export_bytes(learner)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        opcodes = list(pickletools.genops(archive.read(name)))
    modules = {str(arg).split(" ")[0] for opcode, arg, _ in opcodes if opcode.name == "GLOBAL"}
    assert "fastai.learner" in modules
    assert {module.split(".")[0] for module in modules} <= libraries
    assert not any(opcode.name == "STACK_GLOBAL" for opcode, _, _ in opcodes)


def test_it_normalises_as_the_weights_expect(few_pets: Path) -> None:
    """Forgotten, or with ImageNet's usual numbers, the packaged weights lose ten points."""
    settings = Settings(arch="tf_efficientnet_lite0", size=64, bs=16)
    block = find_recipe("pets").data_block(settings)
    images = read_images(block, few_pets)
    weights = find_weights(settings.arch, None, arch_was_named=True, narrator=Narrator())
    dls = make_loaders(block, images, settings, choose_device("cpu"))
    add_normalisation(dls, weights.architecture)
    exported = open_predictor(export_bytes(build_learner(dls, weights, settings)), "x").learner
    for loaders in (dls, exported.dls):
        (normalise,) = (t for t in loaders.valid.after_batch.fs if isinstance(t, Normalize))
        assert normalise.mean.flatten().tolist() == [0.5] * 3
        assert normalise.std.flatten().tolist() == [0.5] * 3
    pixels = exported.dls.test_dl([images.items[0]]).one_batch()[0]
    assert -1 <= pixels.min() < -0.5 < 0.5 < pixels.max() <= 1


def test_a_foreign_name_is_found(tmp_path: Path) -> None:
    """The check looks into the file, not at what we meant to put there."""
    import torch

    torch.save(Narrator, tmp_path / "foreign.pkl")
    content = (tmp_path / "foreign.pkl").read_bytes()
    assert foreign_names(content) == {"fastcnn.narrator.Narrator"}


def test_a_recipes_own_transform_cannot_be_exported(learner: Learner) -> None:
    """A label function stays behind, but the model cannot do without a transform."""

    def own_transform(image: PILImage) -> PILImage:
        return image

    learner.dls.valid.after_item.add(Transform(own_transform, order=-1))
    before = len(learner.dls.train_ds)
    with pytest.raises(TrainingError, match="cannot be exported"):
        export_bytes(learner)
    assert len(learner.dls.train_ds) == before
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(1)  # the learner is as usable as before
    assert learner.opt is not None


def test_the_export_predicts_what_the_learner_predicts(learner: Learner, few_pets: Path) -> None:
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
        expected, _ = learner.get_preds()
    files = list(learner.dls.valid_ds.items)
    found = open_predictor(export_bytes(learner), "x").probabilities(files)
    assert abs(found - expected.numpy()).max() < 1e-5


def test_paths_open_on_any_system(learner: Learner, tmp_path: Path) -> None:
    (tmp_path / "e.pkl").write_bytes(export_bytes(learner))
    with zipfile.ZipFile(tmp_path / "e.pkl") as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        content = archive.read(name)
    assert b"PosixPath" not in content and b"WindowsPath" not in content
