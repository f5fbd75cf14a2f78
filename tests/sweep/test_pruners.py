"""When a trial is given up: never by a comparison with few others."""

import optuna
import pytest

from fastcnn.sweep.study import TRUSTED, pruner_called

optuna.logging.set_verbosity(optuna.logging.ERROR)


def study_of(step: int, accuracies: list[float]) -> optuna.Study:
    """Return a study whose trials have all ended, some of them having reported at a step."""
    study = optuna.create_study(direction="maximize", pruner=pruner_called("median"))
    for accuracy in accuracies:
        trial = study.ask()
        trial.report(accuracy, step)
        trial.report(accuracy, 10)
        study.tell(trial, accuracy)
    return study


def is_given_up(study: optuna.Study, accuracy: float, step: int) -> bool:
    trial = study.ask()
    trial.report(accuracy, step)
    return trial.should_prune()


def test_what_is_worse_than_half_of_the_others_is_given_up() -> None:
    study = study_of(5, [0.5, 0.6, 0.7, 0.8, 0.9])
    assert is_given_up(study, 0.6, 5)
    assert not is_given_up(study, 0.75, 5)


@pytest.mark.parametrize("as_far", [1, TRUSTED - 1])
def test_few_that_have_been_as_far_are_none_to_be_compared_with(as_far: int) -> None:
    """Trainings of other lengths report at other steps."""
    study = study_of(5, [0.9] * TRUSTED)
    for trial in study_of(3, [0.9] * as_far).trials:
        study.add_trial(trial)
    assert not is_given_up(study, 0.1, 3)
