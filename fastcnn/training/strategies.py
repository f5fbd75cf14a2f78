"""The strategies. Each reads the settings and declares its phases; `train` carries them out.

Both put the same linear head on the same body, so that a comparison varies only the training.
"""

from collections.abc import Callable

from fastcnn.settings import Settings
from fastcnn.training.phases import Phase, discriminative, frozen_body

LR_MULT = 100.0
"""The stem learns this many times slower than the head, as in fastai's `fine_tune`."""


def head(settings: Settings, n_groups: int, rate: float) -> tuple[Phase, ...]:
    """Only the head learns; no weight and no statistic of the body moves."""
    return (
        Phase(
            name="head",
            epochs=settings.epochs,
            rates=frozen_body(n_groups, rate),
            pct_start=0.25,
            div=25.0,
        ),
    )


def full(settings: Settings, n_groups: int, rate: float) -> tuple[Phase, ...]:
    """fastai's `fine_tune`: the head first, then all groups at discriminative rates.

    The second phase begins at half the rate, since the weights it moves are good already. A
    slice given by the user says its lowest and highest rate instead. Unlike in fastai, the body
    is frozen whole in the first phase: its BatchNorm does not learn either.
    """
    asked = settings.learning_rate
    lowest, highest = (asked.lowest, rate) if asked.lowest else (rate / 2 / LR_MULT, rate / 2)
    return (
        Phase(
            name="head",
            epochs=settings.freeze_epochs,
            rates=frozen_body(n_groups, rate),
            pct_start=0.99,
            div=25.0,
        ),
        Phase(
            name="all",
            epochs=settings.epochs,
            rates=discriminative(n_groups, lowest, highest),
            pct_start=0.3,
            div=5.0,
        ),
    )


STRATEGIES: dict[str, Callable[[Settings, int, float], tuple[Phase, ...]]] = {
    "head": head,
    "full": full,
}
"""The strategies by the name that the command line knows them by."""


def phases_of(name: str, settings: Settings, n_groups: int, rate: float) -> tuple[Phase, ...]:
    """Return the phases of the strategy called `name`; one of no epochs is left out."""
    phases = STRATEGIES[name](settings, n_groups, rate)
    return tuple(phase for phase in phases if phase.epochs)
