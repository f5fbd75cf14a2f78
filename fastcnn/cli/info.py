"""`fastcnn info`: versions, device, caches."""

import json as json_module
from typing import Annotated

import typer

from fastcnn.cli import options

ClearCache = Annotated[
    bool,
    typer.Option(
        "--clear-cache", help="Drop features, measurements, samples and unpacked archives."
    ),
]


def info(
    clear_cache: ClearCache = False, json: options.Json = False, debug: options.Debug = False
) -> None:
    """Print versions, device and caches, or empty the cache."""
    if clear_cache:
        _clear(json)
        return
    from fastcnn.data.cache import cache_contents
    from fastcnn.environment import environment
    from fastcnn.models.learner import choose_device
    from fastcnn.places import cache_folder, folder_size, trusted_folder

    facts = {
        **environment(str(choose_device("auto"))),
        "cache": str(cache_folder()),
        "cache_bytes": folder_size(cache_folder()),
        **cache_contents(),
        "trusted_models": str(trusted_folder()),
    }
    if json:
        print(json_module.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        print(f"{name:>15}  {value}")


def _clear(json: bool) -> None:
    from fastcnn.data.cache import clear_cache
    from fastcnn.places import cache_folder

    freed = clear_cache()
    if json:
        print(json_module.dumps({"cache": str(cache_folder()), "freed_bytes": freed}, indent=2))
    else:
        print(f"freed {freed / 1e6:.1f} MB in {cache_folder()}")
