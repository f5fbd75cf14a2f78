"""What can go wrong, as a user meets it: one class an exit code, each with a hint that mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what was given."""

    message: str
    """What was given and what was expected."""
    hint: str
    """The command or change that mends it."""


class FastcnnError(Exception):
    """Base of every error that fastcnn raises on purpose; the command line prints no traceback."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str, more: Sequence[Problem] = ()) -> None:
        """Keep the first problem and any `more` that were found in the same look."""
        self.problems = (Problem(message, hint), *more)
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the problems in words: fastai adds its own to an error that it passes on."""
        return "; ".join(problem.message for problem in self.problems)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "FastcnnError":
        """Make one error of all the problems found, so that a user mends them in one go."""
        first, *more = problems
        return cls(first.message, hint=first.hint, more=more)


class UsageError(FastcnnError):
    """The command or a setting is wrong."""

    exit_code = 2


class DataError(FastcnnError):
    """The data cannot be used."""

    exit_code = 3


class WeightsError(FastcnnError):
    """The weights are not to be had, or are those of another architecture."""

    exit_code = 4


class UnsafeFileError(FastcnnError):
    """A file was refused because opening it could run a stranger's code."""

    exit_code = 5


class TrainingError(FastcnnError):
    """Training, or writing what it left, could not finish."""

    exit_code = 6


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """Return ` (did you mean 'x'?)` for a near miss of a known name, else an empty string."""
    near = get_close_matches(given, known, n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
