"""What suits a data set, on the terminal: a line and a command to copy for each suggestion."""

from fastcnn.narrator import Narrator
from fastcnn.quantities import short_count, short_duration
from fastcnn.suggestion import Advice, Suggestion


def show_advice(advice: Advice, narrator: Narrator) -> None:
    """Print what was seen, the suggestions with their reasons, and what is estimated."""
    facts = advice.facts
    narrator.always_say(
        f"{facts.classes} classes, {facts.a_class:,} images of each to learn from, "
        f"{facts.side} px; up to {short_duration(advice.budget)}"
    )
    for number, suggestion in enumerate(advice.suggestions, start=1):
        narrator.always_say(f"{number}. {_headline(suggestion)}")
        narrator.say(f"   {_network(suggestion)}")
        narrator.say(f"   {suggestion.reason}")
        narrator.say_command("   train", suggestion.command)
    for note in advice.notes:
        narrator.say(f"takes longer: {note}")
    narrator.say(
        "times are estimates from a few images on this machine, without start and export; "
        "which scores higher is a rule of thumb: --strategy A-vs-B measures it"
    )
    if advice.elsewhere:
        narrator.say(
            f"not tried, since their weights are not on this machine: {len(advice.elsewhere)} more "
            "of fastcnn models"
        )


def _headline(suggestion: Suggestion) -> str:
    n = suggestion.epochs
    epochs = f", {n} epoch{'s' * (n > 1)}" if n else ""
    late = "" if suggestion.fits else ", which is more than there is"
    return (
        f"{suggestion.arch}, {suggestion.strategy}{epochs}: about "
        f"{short_duration(suggestion.seconds)}{late}"
    )


def _network(suggestion: Suggestion) -> str:
    needed = suggestion.weights != "none"
    said = f"weights {suggestion.weights}" if needed else "no weights needed"
    if suggestion.parameters:
        said += f", {short_count(suggestion.parameters)} parameters"
    return said
