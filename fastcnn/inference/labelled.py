"""Loaders of labelled image files for an exported model, whose own loaders are empty."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from fastai.data.core import DataLoaders, Datasets
from fasttransform import Transform


def labelled_loaders(dls: DataLoaders, paths: Sequence[Path], labels: Sequence[str]) -> DataLoaders:
    """Return loaders whose validation part gives these images with their labels, in this order.

    The training part stays empty, and no file is opened yet.

    Args:
        dls: of the exported model (`Predictor.dls`).
        paths: of the images, (N,).
        labels: the class of each, (N,), one of the model's.
    """
    empty, like = dls
    opens, names = like.dataset.tls
    own = {str(name): name for name in dls.vocab}  # a recipe's labels may be numbers
    label_of = {path: own[label] for path, label in zip(paths, labels, strict=True)}
    datasets = Datasets(
        list(paths),
        tfms=[list(opens.tfms.fs), [Transform(lambda path: label_of[path]), *names.tfms.fs]],
        splits=[[], range(len(paths))],
        types=[(str, bytes, PurePath)],  # what fastai's `test_dl` may be given in their place
        do_setup=False,
    )
    return DataLoaders(empty, like.new(datasets.subset(1)), path=dls.path, device=dls.device)
