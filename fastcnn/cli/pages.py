"""Showing a page that a command has written."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastcnn.narrator import Narrator


def open_page(page: Path, narrator: "Narrator") -> None:
    """Open a page in the user's browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.as_uri()):
        narrator.warn("no browser could be started here: open the file yourself")
