"""What README and docs say is what the command line takes; what they promise is run."""

import json
import re
import shlex
import statistics
import subprocess
from pathlib import Path

import pytest

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
    context = subcommand.make_context(name, arguments)  # raises where an option is not known
    assert context.args == []


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_ci_runs_the_readmes_test_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    script = (ROOT / ".ci" / "run").read_text("utf-8").replace(" --quiet", "")
    (install_and_test,) = re.findall(r'^pip install "\.\[dev\]".*$', readme, re.MULTILINE)
    assert any(line.startswith(install_and_test) for line in script.splitlines())


def test_the_changelog_names_every_command() -> None:
    """Keep a Changelog: what is not released yet stands on top."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    unreleased = text.partition("## [Unreleased]")[2]
    for command in app.registered_commands:
        assert f"fastcnn {command.name}" in unreleased


def test_no_test_is_ignored_by_git() -> None:
    """An ignored test runs on its author's machine and nowhere else."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    files = [str(path) for path in (ROOT / "tests").rglob("*.py")]
    found = subprocess.run(
        ["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""


def test_accuracies_of_small_networks_are_those_that_were_measured() -> None:
    """A row of the page is a training of the benchmark, found by its network."""
    page = (ROOT / "docs" / "scratch.md").read_text("utf-8")
    kept = json.loads((ROOT / "benchmarks" / "engine.json").read_text("utf-8"))
    measured = {}
    for name, entry in kept.items():
        if name.startswith("cifar10-train-"):
            runs = entry["found"]["runs"]
            accuracy = statistics.mean(run["accuracy"] for run in runs)
            minutes = statistics.median(run["minutes"] for run in runs)
            figures = (f"{accuracy:.3f}", f"{minutes:.1f}")
            measured.setdefault(entry["found"]["settings"]["arch"], set()).add(figures)
    rows = re.findall(r"^\| `([^`]+)`.*\| (0\.\d+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) >= 5
    for arch, accuracy, minutes in rows:
        assert (accuracy, minutes) in measured[arch]


def test_the_readme_is_about_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 70
