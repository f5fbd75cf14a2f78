"""Exporting a learner as a `.pkl` that opens with plain fastai, where fastcnn does not exist.

The file is a copy of the learner made of other people's stock parts: the model is a composition
of torch, torchvision, timm and fastai modules, the loaders are rebuilt from fastai's transforms
and the vocabulary. Our callbacks, splitter, loaders and the recipe's label function stay behind.
"""

import copy
import io
import pathlib
import pickle
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import torch
from fastai.data.core import DataLoaders, Datasets, TfmdDL
from fastai.data.transforms import Categorize
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.vision.core import PILImage
from fastai.vision.learner import default_split
from fasttransform import Transform
from PIL.ImageOps import exif_transpose

from fastcnn.data.loaders import acts_on_validation
from fastcnn.data.randomness import SeedBatch
from fastcnn.errors import TrainingError

STOCK = {"torch", "torchvision", "timm", "fastai", "fastcore", "fasttransform", "numpy", "PIL"}
"""The packages that an exported file may name, beside the standard library."""


def export_bytes(learner: Learner) -> bytes:
    """Return the pickle of a stock copy of `learner`, which itself is not touched.

    Raises:
        TrainingError: the copy would name code that is not there where it is opened, such as a
            transform of the recipe's own.
    """
    buffer = io.BytesIO()
    stock = stock_copy(learner)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch notes that a pickled model is not versioned
            torch.save(stock, buffer, pickle_module=_pickle_module())
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise _cannot_export(str(error)) from error
    foreign = foreign_names(buffer.getvalue())
    if foreign:
        raise _cannot_export("it would name " + ", ".join(sorted(foreign)))
    return buffer.getvalue()


def stock_copy(learner: Learner) -> Learner:
    """Return a learner of stock parts, on the processor, in float32, with the same predictions."""
    model = copy.deepcopy(learner.model).cpu().float().eval()
    model.requires_grad_(True)
    return Learner(
        _stock_loaders(learner.dls),
        model,
        loss_func=CrossEntropyLossFlat(),
        splitter=default_split,
        metrics=accuracy,
        path=pathlib.Path(),
    )


def named_globals(content: bytes) -> set[str]:
    """Return every class and function that the pickle names, as `package.module.name`."""
    # This lists what torch's safe loader would refuse; what it lets pass is torch's own.
    names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content))
    return set(names)


def foreign_names(content: bytes) -> set[str]:
    """Return those of the named that neither `STOCK` nor the standard library holds."""
    allowed = STOCK | set(sys.stdlib_module_names)
    return {
        name
        for name in named_globals(content)
        if name.partition(".")[0] not in allowed or name.startswith("__main__")
    }


def _stock_loaders(dls: DataLoaders) -> DataLoaders:
    """Rebuild empty loaders: open, resize, to tensor, to float, normalise; and the vocabulary."""
    categorize = Categorize(vocab=list(dls.vocab))
    categorize.c = len(dls.vocab)
    opening = [PILImage.create, exif_transpose, PILImage.create]  # upright, and fastai's again
    datasets = Datasets([], tfms=[opening, [categorize]], do_setup=False)
    for part in datasets.tls:
        part.types = [(str, bytes, pathlib.PurePath), PILImage, PILImage, PILImage]
    stages = {
        "after_item": list(dls.valid.after_item.fs),
        "after_batch": [
            transform
            for transform in dls.valid.after_batch.fs
            if not isinstance(transform, SeedBatch) and acts_on_validation(transform)
        ],
    }
    loaders = [_empty_loader(datasets.subset(part), stages, like=dls.train) for part in (0, 1)]
    return DataLoaders(*loaders, path=pathlib.Path(), device=torch.device("cpu"))


def _empty_loader(dataset: Datasets, stages: dict[str, Any], like: TfmdDL) -> TfmdDL:
    stages = copy.deepcopy(stages)
    loader = TfmdDL(dataset, bs=like.bs, num_workers=0, do_setup=False, **stages)
    # fastai finds these out by loading a first item, which an empty loader does not have.
    loader._n_inp, loader._types = like._n_inp, like._types
    return loader


def _cannot_export(reason: str) -> TrainingError:
    return TrainingError(
        f"the trained model cannot be exported: {reason}",
        hint="build the recipe's transforms from fastai's own; label functions are no obstacle",
    )


class _PortablePickler(pickle.Pickler):
    """Writes what only this machine can open in a form that any can."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, pathlib.PurePath):  # a PosixPath cannot be opened on Windows, nor back
            return pathlib.Path, obj.parts
        if type(obj) is Transform and "encodes" in vars(obj):
            # A function in a Transform's clothes keeps the innards of the dispatch library.
            return Transform, (obj.encodes.methods[0].implementation,)
        return NotImplemented


def _pickle_module() -> Any:
    """Return what torch.save wants of a pickle module."""
    return SimpleNamespace(Pickler=_PortablePickler, dumps=pickle.dumps, __name__="pickle")
