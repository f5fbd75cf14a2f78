"""Where a page's numbers come from: command, settings, versions, hashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcnn.report.page.subject import Subject


@dataclass(frozen=True)
class Provenance:
    """What it takes to do it again."""

    command: str | None
    """As it was given to the run that trained; None where no run is known."""
    settings: Mapping[str, str]
    """Every setting, resolved."""
    versions: Mapping[str, str]
    """Libraries and machine."""
    hashes: Mapping[str, str]
    """SHA-256 of weights, split and exported models."""
    events: list[str]
    """What was warned of."""


def provenance_of(subject: Subject) -> Provenance:
    """Return what the record says of how the models were made; of no record, nothing.

    A page about other images than the run's has the record of the run that trained.
    """
    record = subject.record or subject.training_record or {}
    return Provenance(
        command=record.get("command"),
        settings=_flat(record.get("settings") or {}),
        versions=_flat(record.get("environment") or {}),
        hashes={name: value for name, value in _hashes(record).items() if value},
        events=list((subject.record or {}).get("events") or []),
    )


def _hashes(record: Mapping[str, Any]) -> dict[str, Any]:
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
