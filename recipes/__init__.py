"""The recipes: each module of this folder is one, and a page to read.

Installed as `fastcnn.recipes`. The package answers a call, `fastcnn.recipes()`, with the list
of what it holds; that needs no import of fastai, since titles are read from the docstrings.
"""

import sys
from types import ModuleType

from fastcnn.recipe_book import RecipeEntry, list_recipes


class _CallableModule(ModuleType):
    """A module that is called like a function (Python data model, "Customizing module access")."""

    def __call__(self) -> list[RecipeEntry]:
        """Return the bundled recipes, by name."""
        return list_recipes()


sys.modules[__name__].__class__ = _CallableModule
