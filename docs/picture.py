"""Makes the picture in the README: the real output of the main job on the drawn sample.

python docs/picture.py
"""

import tempfile
from contextlib import chdir
from io import StringIO
from pathlib import Path

from rich.console import Console

import fastcnn
from fastcnn.narrator import Narrator
from fastcnn.report.tables import show_run

PICTURE = Path(__file__).resolve().parent / "comparison.svg"
COMMAND = "fastcnn recipe pets --strategy full-vs-head"


def main() -> None:
    """Run the command in an empty folder and write what it prints, but for the bars, as SVG."""
    console = Console(
        record=True,
        file=StringIO(),
        width=80,
        highlight=False,
        force_terminal=True,
        force_interactive=False,
    )
    narrator = Narrator(console)
    console.print(f"$ {COMMAND}", style="bold")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        show_run(fastcnn.run("pets", strategy="full-vs-head", narrator=narrator), narrator)
    console.save_svg(str(PICTURE), title="fastcnn")


if __name__ == "__main__":
    main()
