"""Where a page's numbers come from: command, settings, versions, hashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcnn.report.page.subject import Subject


@dataclass(frozen=True)
class Provenance:
    """What it takes to do it again."""

    command: str | None
    """As it was given; None where it is not known."""
    training_command: str | None
    """On a page about other images, that of the run that trained; None where none is known."""
    settings: Mapping[str, str]
    """Every setting of the training, resolved."""
    versions: Mapping[str, str]
    """Libraries and machine."""
    hashes: Mapping[str, str]
    """SHA-256 of weights, split and exported models."""
    events: list[str]
    """What was warned of."""


def provenance_of(subject: Subject) -> Provenance:
    """Return what is known of how the models, and on a page of other images the answers, came."""
    own, asked = subject.record, subject.asked or {}
    record = own or subject.training_record or {}
    return Provenance(
        command=record.get("command") if own else asked.get("command"),
        training_command=None if own else record.get("command"),
        settings=_flat(record.get("settings") or {}),
        versions=_flat((own or asked or record).get("environment") or {}),
        hashes={name: value for name, value in _hashes(record, asked).items() if value},
        events=list((own or {}).get("events") or []),
    )


def _hashes(record: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    if asked:
        return {f"model asked, {asked['model']}": asked["sha256"]}
    strategies = record.get("strategies") or {}
    return {
        "weights of the body": (record.get("weights") or {}).get("sha256"),
        "split of the images": (record.get("data") or {}).get("split_sha256"),
        **{
            f"exported model, {name}": entry.get("checkpoint_sha256")
            for name, entry in strategies.items()
        },
    }


def _flat(table: Mapping[str, Any]) -> dict[str, str]:
    """Return a table as text; of a table in it, every entry of its own."""
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= {f"{name}: {inner}": str(of_inner) for inner, of_inner in value.items()}
        elif value is not None:
            found[name] = str(value)
    return found
