"""Makes the picture in the README: the real output of the main job on the drawn sample.

python docs/picture.py
"""

import tempfile
from pathlib import Path

from rich.console import Console

import fastcnn
from fastcnn.narrator import Narrator
from fastcnn.report.tables import show_run

COMMAND = "fastcnn recipe pets --strategy full-vs-head"


def main() -> None:
    """Run the command in an empty folder and write what it prints as SVG."""
    console = Console(record=True, width=80, highlight=False, force_terminal=True)
    narrator = Narrator(console)
    console.print(f"$ {COMMAND}", style="bold")
    with tempfile.TemporaryDirectory() as folder:
        run = fastcnn.run(
            "pets", strategy="full-vs-head", out=Path(folder) / "run", narrator=narrator
        )
        show_run(run, narrator)
    console.save_svg(str(Path(__file__).parent / "comparison.svg"), title="fastcnn")


if __name__ == "__main__":
    main()
