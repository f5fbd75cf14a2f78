"""fastcnn: which way of training serves your pictures, what it costs, and the model to take away.

`import fastcnn` loads neither torch nor fastai; the first call that trains or predicts does.

    run = fastcnn.run("pets", strategy="full-vs-head")
    run.learner("full")                            # a plain fastai Learner
    fastcnn.load(run.path).predict(["cat.jpg"])    # a pandas table
    fastcnn.recipes()                              # what can be run
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.version import __version__

if TYPE_CHECKING:
    from fastcnn.inference.load import load
    from fastcnn.recipe import Recipe
    from fastcnn.run_folder import Run
    from fastcnn.workflow import run

__all__ = ["Recipe", "Run", "__version__", "load", "recipes", "run"]

# In a checkout that is not installed `recipes/` stands beside this package, not inside it.
_BESIDE = Path(__file__).resolve().parent.parent / "recipes"
if (_BESIDE / "pets.py").is_file() and not (Path(__file__).parent / "recipes").is_dir():
    __path__.append(str(_BESIDE.parent))

_HOME = {
    "Recipe": "fastcnn.recipe",
    "Run": "fastcnn.run_folder",
    "load": "fastcnn.inference.load",
    "run": "fastcnn.workflow",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name == "recipes":  # the package of recipes, which answers a call with their list
        return importlib.import_module("fastcnn.recipes")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fastcnn' has no attribute {name!r}")
