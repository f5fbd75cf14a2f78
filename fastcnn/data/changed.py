"""Copies of transforms with other attributes: a recipe's own are never written to."""

import copy
from typing import Any


def changed(transform: Any, **attributes: Any) -> Any:
    """Return a shallow copy with other attributes; `__class__` may be one of them."""
    twin = copy.copy(transform)
    for name, value in attributes.items():
        setattr(twin, name, value)
    return twin
