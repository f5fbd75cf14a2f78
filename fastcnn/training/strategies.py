"""The strategies. Each reads the settings and declares its phases; `train` carries them out.

All put the same head on the same body, so that a comparison varies only the training.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.models.whitening import WHITENING
from fastcnn.settings import Settings
from fastcnn.training.phases import Method, Phase, discriminative

LR_MULT = 100.0
"""The stem learns this many times slower than the head, as in fastai's `fine_tune`."""
LP_FT_DIVISOR = 100.0
"""`lp-ft` starts from a head that is right already, so that everything moves less.

On 885 photographs of 37 breeds, 3 epochs from a head at 0.878: 0.855 with a divisor of 10, 0.851
with 20, 0.869 with 100; with BatchNorm's statistics let loose 0.778 with 10 and 0.665 with 100.
"""

Groups = Sequence[str]
"""The names of the parameter groups from the stem to the head."""


def head(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """Only the head learns; no weight and no statistic of the body moves.

    So the body sees each picture once, and the head learns from its features: a linear one is
    solved, fastai's is trained in epochs.
    """
    n_frozen = len(groups) - 1
    if settings.head == "linear":
        return (Phase("solve", Method.SOLVE, n_frozen),)
    return (Phase("head", Method.FIT_FEATURES, n_frozen, (rate,), settings.epochs),)


def full(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """fastai's `fine_tune`: the head first, then all groups at discriminative rates.

    The second phase begins at half the rate, since the weights it moves are good already.
    Unlike in fastai, the body is frozen whole in the first phase: its BatchNorm does not learn
    either.
    """
    return (
        _warm_up(settings, groups, rate),
        _fine_tuning("all", settings, groups, rate / 2, n_frozen=0),
    )


def partial(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """Frozen up to and with the block `freeze_until`; above it as `full`.

    Raises:
        UsageError: the body has no such block; the message lists those it has.
    """
    n_frozen = _position(settings.freeze_until, groups) + 1
    return (
        _warm_up(settings, groups, rate),
        _fine_tuning("partial", settings, groups, rate / 2, n_frozen=n_frozen),
    )


def gradual(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """One more group learns in each phase, from the head down; the last phase gets what is left.

    Howard and Ruder, arXiv 1801.06146, section 3.3. With fewer epochs than groups, the groups
    next to the stem stay frozen.
    """
    n_phases = min(settings.epochs, len(groups))
    lowest = _lowest(settings, rate)
    rates = discriminative(len(groups), lowest, rate)
    return tuple(
        Phase(
            name=f"from {groups[-learning]}",
            method=Method.FIT,
            n_frozen=len(groups) - learning,
            rates=rates[-learning:],
            epochs=1 if learning < n_phases else settings.epochs - n_phases + 1,
            is_main=learning == n_phases,
        )
        for learning in range(1, n_phases + 1)
    )


def lp_ft(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """Linear probing, then fine-tuning: the solved head is where a gentle `full` starts.

    A head that is right from the first step does not bend the body's features while it learns:
    Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", arXiv 2202.10054. It was solved on features that BatchNorm normalised by
    the statistics it came with: others would be other features, and the head wrong at once.
    """
    gentle = rate if settings.learning_rate.is_slice else rate / LP_FT_DIVISOR
    tuning = _fine_tuning("all", settings, groups, gentle, n_frozen=0)
    return (
        *(replace(phase, is_main=False) for phase in head(settings, groups, rate)),
        replace(tuning, keeps_statistics=True),
    )


def scratch(settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """Random weights: nothing to preserve, so all groups learn at one rate.

    A layer that whitens was computed from the pictures, and stays.
    """
    n_frozen = int(groups[0] == WHITENING)
    return (
        Phase("all", Method.FIT, n_frozen, (rate,) * (len(groups) - n_frozen), settings.epochs),
    )


STRATEGIES: dict[str, Callable[[Settings, Groups, float], tuple[Phase, ...]]] = {
    "head": head,
    "full": full,
    "partial": partial,
    "gradual": gradual,
    "lp-ft": lp_ft,
    "scratch": scratch,
}
"""The strategies by the name that the command line knows them by."""


def phases_of(name: str, settings: Settings, groups: Groups, rate: float) -> tuple[Phase, ...]:
    """Return the phases of the strategy called `name`; a fit of no epochs is left out."""
    phases = STRATEGIES[name](settings, groups, rate)
    return tuple(phase for phase in phases if phase.epochs or phase.method is Method.SOLVE)


def _warm_up(settings: Settings, groups: Groups, rate: float) -> Phase:
    return Phase(
        name="head",
        method=Method.FIT,
        n_frozen=len(groups) - 1,
        rates=(rate,),
        epochs=settings.freeze_epochs,
        pct_start=0.99,
        is_main=False,
    )


def _fine_tuning(
    name: str, settings: Settings, groups: Groups, rate: float, *, n_frozen: int
) -> Phase:
    """All groups above the frozen ones, each at its rate; a slice says the ends of the rates."""
    asked = settings.learning_rate
    highest = asked.highest if asked.is_slice and asked.highest else rate
    rates = discriminative(len(groups), _lowest(settings, highest), highest)
    return Phase(
        name, Method.FIT, n_frozen, rates[n_frozen:], settings.epochs, pct_start=0.3, div=5.0
    )


def _lowest(settings: Settings, highest: float) -> float:
    return settings.learning_rate.lowest or highest / LR_MULT


def _position(block: str | None, groups: Groups) -> int:
    body = list(groups)[:-1]
    if block not in body:
        raise UsageError(
            f"--freeze-until is {block!r}{did_you_mean(str(block), body)}, "
            f"expected a block of the body: {', '.join(body)}",
            hint=f"for example --freeze-until {body[len(body) // 2]}",
        )
    return body.index(block)
