"""Finding out in a moment whether a host answers, so that a dead network costs seconds."""

import threading
from urllib.parse import urlsplit

PATIENCE = 3.0
"""Seconds to wait for a first answer; a dead network shall be noticed in under 5 s."""


def answers(url: str, seconds: float = PATIENCE) -> bool:
    """Return whether the host of `url` answers a request at all, whatever it answers.

    The request runs in a thread of its own, because a name server that is silent blocks
    longer than any timeout that a socket takes.
    """
    found = threading.Event()
    asker = threading.Thread(target=_ask, args=(url, seconds, found), daemon=True)
    asker.start()
    asker.join(seconds)
    return found.is_set()


def host_of(url: str) -> str:
    """Return the host of `url`, for messages."""
    return urlsplit(url).netloc


def _ask(url: str, seconds: float, found: threading.Event) -> None:
    import requests

    try:
        requests.head(url, timeout=seconds, allow_redirects=False)
    except (requests.RequestException, OSError):
        return
    found.set()
