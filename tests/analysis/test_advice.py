"""What to try next: a rule speaks where it has found something, with its numbers, and only then."""

import numpy as np
import pandas as pd
import pytest

from fastcnn.analysis import advice, training_advice
from fastcnn.analysis.calibration import Calibration, calibrate, scaled
from fastcnn.analysis.confusion import Confusion
from fastcnn.analysis.predictions import prediction_table

NOISE = 0.01
"""Standard error of a held-out loss, in nats."""


def history(*rows: tuple[str, float, float]) -> pd.DataFrame:
    """Phase, training loss and held-out loss of each epoch."""
    table = pd.DataFrame(rows, columns=["phase", "train_loss", "valid_loss"])
    rates = [1e-4 if phase == "all" else np.nan for phase in table["phase"]]
    return table.assign(epoch=range(1, len(table) + 1), lr_body=rates)


def pair(a: str, b: str, difference: float, p: float) -> dict[str, object]:
    ends = [difference - 0.03, difference + 0.03]
    return {"a": a, "b": b, "difference": difference, "difference_ci": ends, "p_holm": p}


def test_a_loss_that_still_falls_asks_for_more_epochs() -> None:
    found = training_advice.train_longer(
        "full", history(("head", 2, 2), ("all", 1, 1), ("all", 1, 0.9)), 2
    )
    assert found is not None
    assert "from 1.00 to 0.90" in found.finding
    assert found.options == ("--strategy", "full", "--epochs", "4")


@pytest.mark.parametrize(
    "rows",
    [
        [("solve", 0.1, 0.9), ("solve", 0.1, 0.5)],  # a solver's stages are no epochs
        [("all", 1.0, 1.0), ("all", 0.9, 0.99)],  # it has come to rest
        [("all", 1.0, 1.0)],
        [("all", 1.0, 1.0), ("all", 1.0, float("nan"))],
    ],
)
def test_a_loss_that_does_not_fall_asks_for_none(rows: list[tuple[str, float, float]]) -> None:
    assert training_advice.train_longer("full", history(*rows), 2) is None


def test_learning_by_heart_is_a_rising_loss_beside_a_falling_one() -> None:
    rows = [("all", 1.0, 0.8), ("all", 0.5, 0.6), ("all", 0.2, 0.9)]
    found = training_advice.hold_back("full", history(*rows), NOISE)
    assert found is not None
    assert "from 0.60 (epoch 2) to 0.90" in found.finding and "0.20" in found.finding
    assert training_advice.hold_back("full", history(*rows[:2]), NOISE) is None
    rising = history(("all", 1, 0.6), ("all", 1.1, 0.9))
    assert training_advice.hold_back("full", rising, NOISE) is None


def test_what_chance_may_be_is_not_learned_by_heart() -> None:
    """A loss of few images moves by itself; and what is known by heart costs less than the rest."""
    rows = history(("all", 0.5, 0.34), ("all", 0.4, 0.36))
    assert training_advice.hold_back("full", rows, 0.0) is None
    rows = history(("all", 0.5, 0.3), ("all", 0.2, 0.5))
    assert training_advice.hold_back("full", rows, 0.05) is not None
    assert training_advice.hold_back("full", rows, 0.11) is None


def test_a_body_that_was_set_free_and_lost_gets_more_epochs() -> None:
    rows = history(("head", 1.0, 0.4), ("all", 0.9, 0.6))
    found = training_advice.recover("full", rows, NOISE, 1)
    assert (
        found is not None and "in 1 epoch the held-out loss rose from 0.40 to 0.60" in found.finding
    )
    assert found.options == ("--strategy", "full", "--epochs", "5")
    assert training_advice.recover("full", rows, 0.2, 1) is None  # chance may be the reason
    assert training_advice.recover("full", history(("all", 1, 0.4), ("all", 1, 0.6)), 0, 1) is None
    solved = history(("solve", 0.1, 0.4), ("all", 0.9, 0.6))
    assert training_advice.recover("lp-ft", solved, NOISE, 1) is not None
    assert training_advice.recover("head", history(("solve", 0.1, 0.4)), NOISE, 1) is None


def test_what_another_phase_brought_is_not_learned_by_heart() -> None:
    assert (
        training_advice.hold_back("full", history(("head", 1, 0.6), ("all", 0.5, 0.9)), 0) is None
    )


def test_a_learning_curve_says_whether_more_images_help() -> None:
    rising = training_advice.collect_more({"doubling_gain": 0.04, "doubling_gain_ci": [0.01, 0.07]})
    flat = training_advice.collect_more({"doubling_gain": 0.0, "doubling_gain_ci": [-0.02, 0.01]})
    assert rising is not None and "+4.0 points" in rising.finding
    assert flat is not None and "bring little" in flat.action and flat.asks[0] == "models"
    assert (
        training_advice.collect_more({"doubling_gain": 0.02, "doubling_gain_ci": [-0.02, 0.06]})
        is None
    )
    assert training_advice.collect_more(None) is None
    assert training_advice.collect_more({"doubling_gain": None, "doubling_gain_ci": None}) is None


def test_both_directions_of_a_confusion_count_together() -> None:
    confused = [
        Confusion("cat", "dog", 3, 0.1),
        Confusion("fox", "wolf", 2, 0.1),
        Confusion("wolf", "fox", 2, 0.1),
    ]
    found = advice.tell_apart(confused, 9, 4, (500, 224))
    assert found is not None and found.finding.startswith("4 of 9 wrong answers take fox for wolf")
    assert found.options == ("--size", "448")
    for sides in ((256, 224), None):  # there is no more detail to see
        found = advice.tell_apart(confused, 9, 4, sides)
        assert found is not None and found.options == ("--strategy", "lp-ft")
    tried = advice.tell_apart(confused, 9, 4, None, ["head", "lp-ft"])
    assert tried is not None and tried.options == () and "collect more" in tried.action
    tight = advice.tell_apart(confused, 9, 4, (84, 64))  # a multiple of 32 is 64 again
    assert tight is not None and "--size" not in tight.options
    assert advice.tell_apart([Confusion("cat", "dog", 1, 0.1)], 1, 4, None) is None
    assert advice.tell_apart([], 0, 4, None) is None


def test_of_two_classes_it_goes_without_saying_which_are_confused() -> None:
    confused = [Confusion("cat", "dog", 3, 0.1)]
    assert advice.tell_apart(confused, 3, 2, (500, 224)) is None
    assert advice.tell_apart(confused, 3, 3, (500, 224)) is not None


def test_rare_classes_that_are_missed_get_weight() -> None:
    scores = pd.DataFrame({"class": ["a", "b", "c", "d"], "recall": [0.4, 0.9, 0.9, 0.9]})
    counts = {"a": 10, "b": 40, "c": 50, "d": 30}
    found = advice.balance(counts, scores)
    assert found is not None and "b has" not in found.finding
    assert (
        "c has 50 training images, a 10" in found.finding and "0.40 against 0.90" in found.finding
    )
    assert advice.balance(counts, scores.assign(recall=0.9)) is None
    assert advice.balance({**counts, "a": 29}, scores) is None
    assert advice.balance({}, scores) is None


def test_pictures_larger_than_what_is_seen() -> None:
    found = advice.show_more_detail(500, 224, 0.8)
    assert found is not None and found.options == ("--size", "448")
    assert "500 pixels" in found.finding and "20 % of its answers" in found.finding
    assert advice.show_more_detail(256, 224, 0.8) is None
    assert advice.show_more_detail(500, 224, 0.99) is None
    assert advice.show_more_detail(84, 64, 0.8) is None  # 64 is what it sees already


@pytest.mark.parametrize(
    ("side", "size", "larger"), [(40, 64, None), (84, 64, None), (96, 64, 96), (900, 64, 128)]
)
def test_no_size_is_named_for_which_there_are_no_pixels(
    side: int, size: int, larger: int | None
) -> None:
    assert advice.larger_size(side, size) == larger


def test_what_the_run_did_already_is_not_offered_again() -> None:
    risen = history(("all", 1.0, 0.8), ("all", 0.5, 0.6), ("all", 0.2, 0.9))
    assert training_advice.hold_back("full", risen, NOISE) is not None
    assert training_advice.hold_back("full", risen, NOISE, is_mixed=True) is None
    scores = pd.DataFrame({"class": ["a", "b"], "recall": [0.4, 0.9]})
    assert advice.balance({"a": 10, "b": 40}, scores) is not None
    assert advice.balance({"a": 10, "b": 40}, scores, is_balanced=True) is None


@pytest.mark.parametrize(("temperature", "word"), [(1.7, "surer than"), (0.6, "less sure than")])
def test_probabilities_that_mislead(temperature: float, word: str) -> None:
    found = advice.cool_down(Calibration(temperature, 0.12, 0.03, 0.5, 0.4, 0.01))
    assert found is not None and word in found.finding and "0.120" in found.finding
    assert found.code is not None and f"{temperature:.2f}" in found.code


def test_the_line_to_copy_is_temperature_scaling() -> None:
    """It gives what dividing the logits gives."""
    found = advice.cool_down(Calibration(1.7, 0.12, 0.03, 0.5, 0.4, 0.01))
    p = pd.Series([0.7, 0.2, 0.1]).to_numpy()
    names = {"p": p}
    exec(found.code, names)  # type: ignore[union-attr, arg-type]
    assert names["p"] == pytest.approx(scaled(p[None], 1.7)[0], rel=1e-4)


def test_probabilities_that_do_not_mislead() -> None:
    assert advice.cool_down(Calibration(1.1, 0.04, 0.03, 0.5, 0.4, 0.01)) is None
    assert advice.cool_down(Calibration(1.1, 0.08, 0.09, 0.5, 0.4, 0.01)) is None
    assert advice.cool_down(Calibration(1.7, 0.12, 0.03, 0.5, 0.4, 0.06)) is None


@pytest.mark.parametrize(("n", "n_classes"), [(60, 3), (200, 10)])
def test_of_few_images_chance_is_not_called_miscalibration(n: int, n_classes: int) -> None:
    """Classes drawn from the very probabilities: whatever is off is chance."""
    random = np.random.default_rng(n)
    classes = [f"c{number}" for number in range(n_classes)]
    n_advised, n_draws = 0, 100
    for _ in range(n_draws):
        probabilities = random.dirichlet(np.full(n_classes, 0.5), n)
        targets = [classes[random.choice(n_classes, p=row)] for row in probabilities]
        table = prediction_table([str(i) for i in range(n)], targets, probabilities, classes)
        n_advised += advice.cool_down(calibrate(table)) is not None
    assert n_advised <= 0.1 * n_draws


def test_probabilities_that_are_far_too_sure_are_found_all_the_same() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.full(3, 0.5), 200)
    targets = [f"c{random.choice(3, p=row)}" for row in probabilities]
    sharpened = scaled(probabilities, 0.3)
    table = prediction_table(
        [str(i) for i in range(200)], targets, sharpened, [f"c{n}" for n in range(3)]
    )
    assert advice.cool_down(calibrate(table)) is not None


def test_few_held_out_images() -> None:
    found = advice.score_more([0.82, 0.91], 221, 1106)
    assert found is not None and found.options == ("--folds", "5", "--split", "stratified")
    assert "221" in found.finding and "1,106" in found.action
    assert advice.score_more([0.90, 0.92], 5000, 25_000) is None


def test_an_open_comparison_is_settled_by_seeds() -> None:
    found = training_advice.settle([pair("full", "head", 0.01, 0.4)], "full")
    assert found is not None and "between -2.0 and +4.0" in found.finding
    assert training_advice.settle([pair("full", "head", 0.1, 0.001)], "full") is None


@pytest.mark.parametrize("order", [("head", "full", 0.12), ("full", "head", -0.12)])
def test_a_head_that_beats_everything_is_where_to_start(order: tuple[str, str, float]) -> None:
    found = training_advice.start_from_the_head([pair(*order, p=0.001)])
    assert found is not None and "12.0 points" in found.finding
    assert training_advice.start_from_the_head([pair(order[0], order[1], -order[2], 0.001)]) is None
    assert training_advice.start_from_the_head([pair(*order, p=0.4)]) is None


def test_what_spoils_the_scores() -> None:
    assert advice.part_the_copies(0, 10, 0) is None
    found = advice.part_the_copies(2, 10, 4)
    assert found is not None and found.asks == ("doctor",)
    assert "2 of the 10" in found.finding and "4 images" in found.finding
    assert advice.mend_labels(0, 100) is None
    doubtful = advice.mend_labels(5, 100)
    assert doubtful is not None and "5 of 100" in doubtful.finding and "5.0 %" in doubtful.finding
    assert advice.learn_something(None) is None
    nothing = advice.learn_something("Nothing was learned: 0.1 of 100.")
    assert nothing is not None and nothing.finding.startswith("Nothing was learned")
