"""The plain way as a process of its own: the head on a frozen body, five epochs."""

import sys
from pathlib import Path

from plain import LITE, found_weights, plain_frozen, plain_learner

if __name__ == "__main__":
    paths = sorted(Path(sys.argv[1]).glob("*.jpg"))
    learner = plain_learner(paths, found_weights(LITE, None), 42)
    print(plain_frozen(learner, 5))
