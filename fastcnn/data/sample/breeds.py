"""The 37 invented breeds of the drawn sample, as data.

Traits are shared on purpose: several breeds have the same coat, others the same ears or the
same head, so no single trait names a breed.
"""

from dataclasses import dataclass
from typing import Literal

Species = Literal["cat", "dog"]
Pattern = Literal[
    "solid", "stripes", "spots", "rosettes", "patches", "points", "brindle", "merle", "ticked",
    "saddle", "calico",
]  # fmt: skip
Marking = Literal["none", "bib", "blaze", "mask", "tan_points", "eye_patch"]
Fur = Literal["short", "plush", "long", "curly", "wiry"]
Head = Literal["round", "wedge", "broad", "long", "square"]
Ears = Literal["upright", "tall", "rounded", "tufted", "folded", "drop", "long_drop", "button"]
Tail = Literal["slim", "plume", "curl", "bob"]
Colour = tuple[float, float, float]

COAT_COLOURS: dict[str, Colour] = {
    "black": (0.13, 0.12, 0.13),
    "slate": (0.40, 0.43, 0.49),
    "silver": (0.68, 0.69, 0.71),
    "white": (0.94, 0.92, 0.89),
    "cream": (0.90, 0.82, 0.67),
    "sand": (0.81, 0.67, 0.47),
    "gold": (0.82, 0.58, 0.28),
    "red": (0.74, 0.39, 0.17),
    "chestnut": (0.48, 0.25, 0.13),
    "chocolate": (0.30, 0.18, 0.12),
}
"""Red, green and blue in 0..1 of every coat colour."""

EYE_COLOURS: dict[str, Colour] = {
    "amber": (0.86, 0.58, 0.12),
    "green": (0.47, 0.68, 0.28),
    "blue": (0.40, 0.63, 0.86),
    "brown": (0.34, 0.19, 0.09),
    "hazel": (0.62, 0.50, 0.22),
}
"""Red, green and blue in 0..1 of every eye colour."""


@dataclass(frozen=True)
class Breed:
    """The traits that all animals of one breed share."""

    name: str
    """Name of the class: capital first letter for a cat, small first letter for a dog."""
    species: Species
    """Cat or dog."""
    base: str
    """Main coat colour, a key of `COAT_COLOURS`."""
    second: str
    """Colour of the pattern, a key of `COAT_COLOURS`."""
    pattern: Pattern
    """How the second colour lies on the main one."""
    marking: Marking
    """White or dark marking over the pattern."""
    fur: Fur
    """Length and kind of the hair: outline and texture."""
    head: Head
    """Outline of the head."""
    ears: Ears
    """Kind of the ears."""
    eyes: str
    """Colour of the iris, a key of `EYE_COLOURS`."""
    tail: Tail
    """Kind of the tail."""
    muzzle: float = 0.3
    """Length of the muzzle, 0 (flat face) to 1 (long nose)."""
    build: float = 1.0
    """Width of the body, 0.8 (slender) to 1.25 (stout)."""
    legs: float = 1.0
    """Length of the legs, 0.5 (short) to 1.25 (long)."""
    ear_size: float = 1.0
    """Size of the ears against the usual of their kind, 0.7 to 1.4."""
    size: float = 1.0
    """Size of the animal in the picture against the usual, 0.85 to 1.1."""


BREEDS: tuple[Breed, ...] = (
    # 12 cats
    Breed("Marble_Lynxling", "cat", "sand", "chocolate", "stripes", "none", "plush", "wedge",
          "tufted", "green", "bob", 0.35, 1.05, 1.1, 1.15, 1.05),
    Breed("Ember_Tabbet", "cat", "gold", "red", "stripes", "none", "short", "round",
          "upright", "amber", "slim", 0.25),
    Breed("Harvest_Pouncer", "cat", "gold", "red", "stripes", "none", "long", "round",
          "upright", "green", "plume", 0.25, 1.15),
    Breed("Moonfold", "cat", "slate", "silver", "solid", "none", "plush", "round",
          "folded", "amber", "slim", 0.15, 1.15, 0.9),
    Breed("Saltwhisker", "cat", "sand", "chocolate", "stripes", "none", "short", "round",
          "folded", "green", "slim", 0.2),
    Breed("Velvet_Ocelet", "cat", "sand", "chocolate", "rosettes", "none", "short", "wedge",
          "rounded", "green", "slim", 0.35, 0.9, 1.1),
    Breed("Pebble_Dapplecat", "cat", "sand", "chocolate", "spots", "none", "short", "wedge",
          "rounded", "green", "slim", 0.35, 0.9, 1.1, 1.1),
    Breed("Frost_Pointling", "cat", "cream", "chocolate", "points", "none", "short", "wedge",
          "tall", "blue", "slim", 0.4, 0.85, 1.1),
    Breed("Cinder_Plume", "cat", "cream", "chocolate", "points", "none", "long", "round",
          "upright", "blue", "plume", 0.15, 1.15, 0.9, 0.85),
    Breed("Inkpaw", "cat", "black", "black", "solid", "bib", "short", "round",
          "upright", "green", "slim", 0.25),
    Breed("Mosaic_Drifter", "cat", "white", "red", "calico", "none", "plush", "round",
          "upright", "amber", "plume", 0.25, 1.1),
    Breed("Thistle_Ruffcat", "cat", "slate", "silver", "solid", "none", "long", "wedge",
          "tufted", "amber", "plume", 0.35, 1.15, 1.0, 1.1, 1.1),
    # 25 dogs
    Breed("harbour_spaniel", "dog", "white", "chestnut", "patches", "blaze", "long", "round",
          "long_drop", "brown", "plume", 0.5),
    Breed("meadow_setterel", "dog", "red", "chestnut", "solid", "none", "long", "long",
          "long_drop", "hazel", "plume", 0.75, 0.95, 1.1),
    Breed("lighthouse_fetcher", "dog", "gold", "cream", "solid", "none", "long", "broad",
          "drop", "brown", "plume", 0.5, 1.1),
    Breed("barley_fetcher", "dog", "gold", "cream", "solid", "none", "short", "broad",
          "drop", "brown", "slim", 0.5, 1.1),
    Breed("copper_tracker", "dog", "red", "chestnut", "solid", "none", "short", "long",
          "long_drop", "hazel", "slim", 0.65, 1.0, 1.0, 1.1),
    Breed("clover_trailhound", "dog", "white", "chestnut", "patches", "blaze", "short", "round",
          "drop", "brown", "slim", 0.5),
    Breed("river_spotter", "dog", "white", "black", "spots", "none", "short", "long",
          "drop", "brown", "slim", 0.6, 0.95, 1.1),
    Breed("quarry_spotter", "dog", "white", "black", "spots", "none", "short", "long",
          "button", "hazel", "slim", 0.6, 0.95, 1.1),
    Breed("bramble_terrier", "dog", "gold", "black", "saddle", "none", "wiry", "square",
          "button", "brown", "bob", 0.55, 0.95, 0.9, 1.0, 0.95),
    Breed("pepper_wirebeard", "dog", "slate", "silver", "ticked", "none", "wiry", "square",
          "button", "brown", "bob", 0.55, 1.0, 1.0),
    Breed("tinker_ragtail", "dog", "white", "chestnut", "patches", "eye_patch", "wiry", "square",
          "button", "brown", "slim", 0.5, 0.95, 0.9, 1.0, 0.95),
    Breed("puddle_curlcoat", "dog", "chocolate", "chestnut", "solid", "none", "curly", "round",
          "long_drop", "brown", "plume", 0.5),
    Breed("cocoa_curlcoat", "dog", "chocolate", "chestnut", "solid", "none", "curly", "round",
          "drop", "brown", "curl", 0.35, 1.05, 0.8, 1.0, 0.9),
    Breed("frost_sledder", "dog", "silver", "slate", "saddle", "blaze", "plush", "wedge",
          "upright", "blue", "curl", 0.5, 1.0, 1.1),
    Breed("winter_wolfkin", "dog", "silver", "slate", "saddle", "none", "plush", "wedge",
          "upright", "amber", "plume", 0.65, 1.0, 1.15, 1.0, 1.1),
    Breed("thunder_shepherd", "dog", "gold", "black", "saddle", "mask", "plush", "long",
          "tall", "brown", "plume", 0.65, 1.0, 1.1),
    Breed("saffron_foxdog", "dog", "red", "white", "solid", "bib", "plush", "wedge",
          "upright", "brown", "curl", 0.45, 1.0, 0.95, 0.85, 0.95),
    Breed("orchard_waddler", "dog", "red", "white", "solid", "bib", "plush", "wedge",
          "tall", "brown", "bob", 0.45, 1.15, 0.5, 1.15, 0.95),
    Breed("juniper_lowrider", "dog", "black", "red", "solid", "tan_points", "short", "long",
          "long_drop", "brown", "slim", 0.7, 0.95, 0.5, 0.9, 0.9),
    Breed("midnight_warden", "dog", "black", "red", "solid", "tan_points", "short", "broad",
          "drop", "brown", "bob", 0.5, 1.2, 1.0, 0.8, 1.1),
    Breed("cinder_mastodog", "dog", "sand", "chocolate", "brindle", "mask", "short", "broad",
          "drop", "brown", "slim", 0.3, 1.25, 1.0, 0.8, 1.1),
    Breed("velvet_snubnose", "dog", "sand", "black", "solid", "mask", "short", "broad",
          "button", "brown", "curl", 0.05, 1.2, 0.75, 0.8, 0.9),
    Breed("lantern_batling", "dog", "sand", "chocolate", "brindle", "bib", "short", "square",
          "rounded", "brown", "bob", 0.1, 1.15, 0.8, 1.25, 0.9),
    Breed("slate_herder", "dog", "silver", "slate", "merle", "blaze", "long", "wedge",
          "button", "blue", "plume", 0.6, 1.0, 1.05),
    Breed("dune_courser", "dog", "sand", "chocolate", "brindle", "none", "short", "long",
          "folded", "hazel", "slim", 0.85, 0.8, 1.25, 0.9),
)  # fmt: skip
"""12 cats, then 25 dogs; the order is part of the random seed of each picture."""
