"""What a training would take on this machine, tried out on a few images as `--dry-run` does."""

from dataclasses import dataclass, replace

from fastcnn.assembly import make_job, shared_by
from fastcnn.models.architectures import find_architecture
from fastcnn.models.blueprint import blueprint
from fastcnn.models.sizes import sizes_of
from fastcnn.models.weights import find_weights, no_weights
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan
from fastcnn.training.phases import Method
from fastcnn.training.preview import preview_jobs


@dataclass(frozen=True)
class Trial:
    """One way to train one network."""

    arch: str
    strategy: str
    size: int
    """Side of the picture that the network sees, in pixels."""
    epochs: int | None = None
    """Of the main phase; None where the head is solved."""

    @property
    def work(self) -> int:
        """Return the multiply-adds of a picture of the network's own size."""
        found = sizes_of([find_architecture(self.arch)], Narrator(quiet=True))[self.arch]
        return found.multiply_adds if found else 0


@dataclass(frozen=True)
class Cost:
    """The seconds of a trial, from data known to predictions in hand."""

    trial: Trial
    fixed_seconds: float
    """That it takes whatever the number of epochs: features, the solved head, decoding."""
    epoch_seconds: float
    """Of each epoch; 0 where there is none."""

    @property
    def seconds(self) -> float:
        """Return the seconds of all of it."""
        return self.fixed_seconds + self.epoch_seconds * (self.trial.epochs or 0)

    def with_epochs(self, epochs: int) -> "Cost":
        """Return the cost of the same with other epochs."""
        return replace(self, trial=replace(self.trial, epochs=epochs))


def cost_of(trial: Trial, plan: Plan, narrator: Narrator) -> Cost:
    """Measure a few steps on the plan's images, or remember them, and add up.

    Nothing is downloaded: only networks are tried whose weights are here, or that need none.

    Raises:
        FastcnnError: an image cannot be read, or the network does not compute here.
    """
    changed = _plan_of(trial, plan, narrator)
    with shared_by(changed, narrator) as shared:
        job = make_job(changed, trial.strategy, None, shared, narrator)
        found = preview_jobs([job], changed.blueprint).strategies[0]
    main = [phase for phase in found.phases if phase.method is Method.FIT][-1:]
    each = sum(phase.seconds / phase.epochs for phase in main)
    n_epochs = sum(phase.epochs for phase in main)
    return Cost(trial, found.seconds - each * n_epochs, each)


def _plan_of(trial: Trial, plan: Plan, narrator: Narrator) -> Plan:
    weights = (
        no_weights(trial.arch)
        if trial.strategy == "scratch"
        else find_weights(trial.arch, None, arch_was_named=True, narrator=narrator)
    )
    changes = {"arch": trial.arch, "strategy": trial.strategy, "size": trial.size}
    epochs = {} if trial.epochs is None else {"epochs": trial.epochs}
    settings = plan.settings.changed(**changes, **epochs)
    drawn = blueprint(weights.architecture, settings, len(plan.images.classes))
    return replace(plan, settings=settings, weights=weights, blueprint=drawn)
