"""Which pickles may be opened: those that this user's own runs wrote, or that the user vouched for.

Opening a pickle runs whatever code it holds (fastai issue 4163). A file is known by the sha256
of its bytes, and the bytes that were hashed are the ones that are opened.
"""

import hashlib

from fastcnn.errors import UnsafeFileError
from fastcnn.files import write_text
from fastcnn.places import trusted_folder


def sha256_of(content: bytes) -> str:
    """Return the hash by which a file is known."""
    return hashlib.sha256(content).hexdigest()


def trust(content: bytes, note: str) -> str:
    """Remember these bytes as safe to open and return their hash.

    Each hash is a small file of its own, so that two runs never write to the same one.
    """
    digest = sha256_of(content)
    write_text(trusted_folder() / digest, note + "\n")
    return digest


def is_trusted(digest: str) -> bool:
    """Return whether the bytes of this hash are known."""
    return digest.isalnum() and (trusted_folder() / digest).is_file()


def require_trusted(content: bytes, name: str) -> None:
    """Raise unless these bytes are known.

    Raises:
        UnsafeFileError: no run of this user wrote them.
    """
    if not is_trusted(sha256_of(content)):
        raise UnsafeFileError(
            f"{name} was not exported by a run of yours, "
            "and opening a pickle can run any code it holds",
            hint="if you know where it comes from, add --trust; it is remembered then",
        )
