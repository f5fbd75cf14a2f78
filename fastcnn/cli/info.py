"""`fastcnn info`: versions, device, caches."""

import json as json_module

from fastcnn.cli import options


def info(json: options.Json = False, debug: options.Debug = False) -> None:
    """Print versions, device and caches."""
    from fastcnn.environment import environment
    from fastcnn.models.learner import choose_device
    from fastcnn.places import cache_folder, folder_size, trusted_folder

    facts = {
        **environment(str(choose_device("auto"))),
        "cache": str(cache_folder()),
        "cache_bytes": folder_size(cache_folder()),
        "trusted_models": str(trusted_folder()),
    }
    if json:
        print(json_module.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        print(f"{name:>15}  {value}")
