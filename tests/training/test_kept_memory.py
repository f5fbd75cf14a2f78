"""Memory kept between steps: fewer page faults, and all of it given back."""

import json
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other allocators are left as they are"
)

# A process of its own: what else has been taken and freed decides where a block finds room.
STEPS = """
import json, resource
import torch
from fastcnn.training.kept_memory import memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(64 * 2**20 // 4)  # 64 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

torch.set_num_threads(1)
found = {"without": faults(), "before": resident()}
with memory_kept():
    faults()
    try:
        with memory_kept():
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    found |= {"kept": faults(), "held": resident()}
print(json.dumps({**found, "left": resident()}))
"""


@pytest.mark.slow
def test_pages_are_touched_once_and_given_back() -> None:
    """An inner block that fails does not end the outer one."""
    command = [sys.executable, "-W", "ignore", "-c", STEPS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["kept"] < found["without"] / 5
    assert found["held"] > found["before"] + 60 * 2**20
    assert found["left"] < found["before"] + 30 * 2**20
