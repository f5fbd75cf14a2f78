"""What README and docs say is what the command line takes; what they promise is run."""

import re
import shlex
from pathlib import Path

import pytest

import fastcnn
from fastcnn.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)


def commands() -> list[str]:
    """Every `fastcnn …` in a shell block, also behind `&&`."""
    lines = [
        line
        for page in PAGES
        for block in BLOCK.findall(page.read_text("utf-8"))
        for line in block.splitlines()
    ]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("fastcnn ")]


def test_there_are_commands_to_check() -> None:
    assert len(commands()) >= 12


@pytest.mark.parametrize("command", commands())
def test_every_documented_command_parses(command: str) -> None:
    from typer.main import get_command

    name, *arguments = shlex.split(command)[1:]
    group = get_command(app)
    subcommand = group.commands[name]  # type: ignore[attr-defined]
    subcommand.make_context(name, arguments)  # raises where an option is not known


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_ci_runs_the_readmes_test_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    script = (ROOT / ".ci" / "run").read_text("utf-8").replace(" --quiet", "")
    (install_and_test,) = re.findall(r'^pip install "\.\[dev\]".*$', readme, re.MULTILINE)
    assert install_and_test in script.splitlines()


def test_the_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text
    assert re.fullmatch(r"\d+\.\d+\.\d+", fastcnn.__version__)


def test_the_readme_is_about_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 70
