"""Predicting with an exported model: the one path from image files to probabilities."""

import copy
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastai.callback.progress
import fastai.callback.schedule  # noqa: F401  gives it `fine_tune` and the other schedules
import numpy as np
import numpy.typing as npt
import pandas as pd
from fastai.data.core import DataLoaders
from fastai.learner import Learner, load_learner
from fastai.vision.core import PILBase
from fasttransform import Transform

from fastcnn.data.images import damaged_files_named, why_unreadable
from fastcnn.data.loaders import worker_count
from fastcnn.data.rgb import open_picture
from fastcnn.errors import DataError, UsageError
from fastcnn.inference.trust import require_trusted, trust
from fastcnn.interrupts import leave_interrupts_to_the_main_process

CHUNK = 256
"""Images that are predicted in one go; after a damaged file only these are done again."""
FEW = 16
"""Up to so many images, starting processes to load them takes longer than loading them."""
TOP = 5
"""How many classes the column `top` holds."""

Probabilities = npt.NDArray[np.float32]


class OpenPicture(Transform):
    """Opens a file as fastcnn does everywhere: a stock model clips 16 bits, and forgets alpha."""

    def __init__(self, image_class: Any) -> None:
        """Open files as fastai's `image_class`."""
        super().__init__()
        self.image_class = image_class

    def __call__(self, file: Any, split_idx: int | None = None, **_: Any) -> Any:
        """Return the picture of a file; anything else as it is opened by fastai."""
        is_file = isinstance(file, str | Path)
        return open_picture(file, self.image_class) if is_file else self.image_class.create(file)


class Predictor:
    """An exported model that classifies image files; what validates is what predicts."""

    def __init__(self, learner: Learner) -> None:
        """Wrap a learner as `load_learner` gives it."""
        self.learner = learner
        self.dls = copy.deepcopy(learner.dls)  # the learner itself stays plain
        _open_as_meant(self.dls)
        self.classes = [str(name) for name in learner.dls.vocab]

    def probabilities(self, paths: Sequence[Path]) -> Probabilities:
        """Return the probability of every class for every image, (N, classes), float32.

        Raises:
            DataError: a file cannot be read as an image; it is named.
        """
        parts = [self._predict(paths[i : i + CHUNK]) for i in range(0, len(paths), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def predict(self, paths: Sequence[str | Path] | str | Path) -> pd.DataFrame:
        """Classify images; a file that cannot be read gets a row that says why.

        Columns: path, predicted, probability (0 to 1), top (the likeliest classes as pairs of
        name and probability, best first) and error (None where there is none).
        """
        if isinstance(paths, str | Path):
            paths = [paths]
        rows: list[dict[str, Any]] = []
        for start in range(0, len(paths), CHUNK):
            rows += self._rows([Path(path) for path in paths[start : start + CHUNK]])
        columns = ["path", "predicted", "probability", "top", "error"]
        # pandas would make a missing error of None into NaN, were the columns not objects.
        return pd.DataFrame(rows, columns=columns, dtype=object).astype({"probability": float})

    def _rows(self, paths: list[Path]) -> list[dict[str, Any]]:
        errors: dict[Path, str] = {}
        try:
            probabilities = self._predict(paths)
        except DataError:
            errors = {path: problem for path in paths if (problem := why_unreadable(path))}
            probabilities = self._predict([path for path in paths if path not in errors])
        scored = iter(probabilities)
        return [
            _failed_row(path, errors[path]) if path in errors else self._row(path, next(scored))
            for path in paths
        ]

    def _row(self, path: Path, probabilities: Probabilities) -> dict[str, Any]:
        best = np.argsort(-probabilities, kind="stable")[:TOP]
        top = [[self.classes[index], float(probabilities[index])] for index in best]
        return {
            "path": str(path),
            "predicted": top[0][0],
            "probability": top[0][1],
            "top": top,
            "error": None,
        }

    def _predict(self, paths: Sequence[Path]) -> Probabilities:
        if not paths:
            return np.zeros((0, len(self.classes)), np.float32)
        workers = worker_count() if len(paths) > FEW else 0
        with damaged_files_named(paths), self.learner.no_bar():
            loader = self.dls.test_dl(
                list(paths), num_workers=workers, wif=leave_interrupts_to_the_main_process
            )
            probabilities, _ = self.learner.get_preds(dl=loader)
        return np.asarray(probabilities, dtype=np.float32)


def _open_as_meant(dls: DataLoaders) -> None:
    """Let loaders that open files by a fastai image class do it by `open_picture`."""
    for part in dls.loaders:
        transforms = part.dataset.tls[0].tfms.fs
        if image_class := _image_class(transforms[0]):
            transforms[0] = OpenPicture(image_class)


def _image_class(opens: Transform) -> type | None:
    """Return the class whose `create` a transform calls; None where it does something else."""
    encodes = getattr(opens, "encodes", None)
    methods = getattr(encodes, "methods", ())
    functions = [encodes, *(method.implementation for method in methods)]
    classes = [getattr(function, "__self__", None) for function in functions]
    images = [one for one in classes if isinstance(one, type) and issubclass(one, PILBase)]
    return images[0] if images else None


def open_trusted(path: Path, *, trust_file: bool = False) -> Predictor:
    """Open an exported model whose bytes are known, or that the user vouches for.

    Raises:
        UsageError: the file is no fastai learner.
        UnsafeFileError: no run of this user wrote it.
    """
    if path.suffix != ".pkl":
        raise UsageError(
            f"{path} is no .pkl file, expected an exported model",
            hint="fastcnn predict MODEL PICTURE.jpg names the model first",
        )
    content = path.read_bytes()
    if not trust_file:
        require_trusted(content, str(path))
    predictor = open_predictor(content, str(path))
    if trust_file:
        trust(content, f"vouched for by --trust: {path.absolute()}")
    return predictor


def open_predictor(content: bytes, name: str) -> Predictor:
    """Open the bytes of an exported learner that the caller trusts.

    Raises:
        UsageError: they are no fastai learner, or one that needs other versions.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fastai warns of pickles at every one
            learner = load_learner(io.BytesIO(content))
    except Exception as error:  # a pickle fails in as many ways as there is code
        raise UsageError(
            f"{name} cannot be opened as a fastai learner: {type(error).__name__}: {error}",
            hint="install the versions of fastai, torch and timm that the run's run.json names",
        ) from error
    return Predictor(learner)


def _failed_row(path: Path, reason: str) -> dict[str, Any]:
    return {
        "path": str(path),
        "predicted": None,
        "probability": float("nan"),
        "top": [],
        "error": reason,
    }
