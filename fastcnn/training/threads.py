"""How many threads torch computes in, for as long as a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(where: bool = True) -> Iterator[None]:
    """Compute the block in one thread, if `where`.

    The steps of a head alone are so small that threads wait for each other longer than they work,
    and where other programs run too, ten times longer.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if where else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
