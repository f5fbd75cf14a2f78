"""The command `fastcnn`: commands are found here, errors end here."""

import sys
import warnings
from typing import NoReturn

import typer

from fastcnn.cli import (
    doctor,
    evaluate,
    info,
    interpret,
    learn,
    lr_find,
    models,
    predict,
    recipe,
    recipes,
    report,
    summary,
    sweep,
    train,
)
from fastcnn.errors import FastcnnError, Problem
from fastcnn.version import __version__

INTERRUPTED = 130
FAULT_OF_OURS = 70
WRONG_USAGE = 2

USAGE_ERROR = typer.BadParameter.__mro__[1]
"""Typer's own usage error, which it names nowhere else in public."""

app = typer.Typer(
    help="Which way of training serves your pictures, what it costs, and the model to take away.",
    add_completion=False,
    rich_markup_mode=None,  # plain help: half of the time of `--help` would go into drawing boxes
    pretty_exceptions_enable=False,
)
app.command("recipe")(recipe.recipe)
app.command("train")(train.train)
app.command("lr-find")(lr_find.lr_find)
app.command("sweep")(sweep.sweep)
app.command("doctor")(doctor.doctor)
app.command("recipes")(recipes.recipes)
app.command("models")(models.models)
app.command("summary")(summary.summary)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("interpret")(interpret.interpret)
app.command("report")(report.report)
app.command("info")(info.info)
app.command("learn")(learn.learn)


@app.callback(invoke_without_command=True)
def fastcnn(
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    """Print the version, or go on to the command."""
    if version:
        print(f"fastcnn {__version__}")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line and exit with the code of the contract."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error is a line and a hint on stderr."""
    if not sys.warnoptions and "--debug" not in arguments:
        warnings.simplefilter("ignore")  # what other libraries deprecate is no user's concern
    try:
        arguments = arguments or ["--help"]
        code = int(app(arguments, prog_name="fastcnn", standalone_mode=False) or 0)
        if code == INTERRUPTED:  # Typer has made a code of the interrupt
            raise KeyboardInterrupt
        return code
    except Exception as error:
        if "--debug" in arguments:
            raise
        problems, code = _explained(error, arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    for problem in problems:
        print(f"error: {_one_line(problem.message)}", file=sys.stderr)
        print(f"hint: {_one_line(problem.hint)}", file=sys.stderr)
    return code


def _explained(error: Exception, arguments: list[str]) -> tuple[tuple[Problem, ...], int]:
    if isinstance(error, FastcnnError):
        return error.problems, error.exit_code
    known = [info.name for info in app.registered_commands]
    command = " ".join(["fastcnn", *(name for name in arguments[:1] if name in known), "--help"])
    if isinstance(error, USAGE_ERROR):
        message = error.format_message()  # type: ignore[attr-defined]
        return (Problem(message, f"{command} lists what it takes"),), WRONG_USAGE
    text = f"a fault of fastcnn's own: {type(error).__name__}: {error}"
    return (Problem(text, "run it again with --debug and report what it prints"),), FAULT_OF_OURS


def _one_line(text: str) -> str:
    return " ".join(text.split())
