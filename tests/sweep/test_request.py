"""Mistakes in what is searched: all of them at once, before anything is imported or begun."""

import sys
from pathlib import Path
from typing import Any

import pytest

from fastcnn.errors import UsageError
from fastcnn.sweep.nets import NETWORK_SETTINGS
from fastcnn.sweep.order import Order
from fastcnn.sweep.request import Request, find_order


def order_of(*searches: str, **given: Any) -> Order:
    own = {key: given.pop(key) for key in ("space", "workers", "trials", "pruner") if key in given}
    order = find_order(Request("flowers", "somewhere", searches, settings=given, **own))
    assert order is not None
    return order


def complaints(*searches: str, **given: Any) -> list[str]:
    with pytest.raises(UsageError) as caught:
        order_of(*searches, **given)
    assert all(problem.hint for problem in caught.value.problems)
    return [problem.message for problem in caught.value.problems]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = complaints(
        "lrr=1,2", "bs=16,many", "seed=1,2", "opt=adam,adm", "views=1..9", "head=linear", epochs=0
    )
    text = " ".join(said)
    assert len(said) == 7
    for words in ("'lr'", "'many'", "same images", "'adam'", "at most 8", "nothing to search"):
        assert words in text
    assert "--epochs is 0" in text


def test_a_sweep_repeats_nothing() -> None:
    said = complaints("seeds=1,2", "lr=0.001..0.1", folds=5, learning_curve=True, head="fastai")
    assert [words.split()[0] for words in said] == ["--search", "--folds", "--learning-curve"]
    assert all("a trial is one training" in words for words in said)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("strategy=full-vs-head,head", "no strategy"),
        ("wd=-1..0.1", "at least 0"),
        ("lr=0..0.1", "not a positive number"),
        ("bs=8.5..16", "whole numbers"),
        ("augment=0..1", "word"),
        ("save_best=yes,no", "true or false"),
        ("resize=crop,auto", "found out once"),
        ("net.kernel=3,5", "own networks"),
        ("early_stop=none,0", "at least 1"),
    ],
)
def test_values_that_a_setting_does_not_take(search: str, words: str) -> None:
    (said,) = complaints(search)
    assert words in said and search.partition("=")[0] in said


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("net.kernl=3,5", "'kernel'"),
        ("net.kernel=3,4", "odd"),
        ("net.kernel=3..9", "odd"),
        ("net.activation=relu,swish", "mish"),
        ("net.filters=16-32,32", "5 blocks"),
        ("net.dropout=0..1", "below 1"),
        ("net.depth=0,2", "1 to 8"),
        ("net.depth=1..9", "1 to 8"),
        ("net.filters=8..64", "no number"),
    ],
)
def test_values_that_a_network_does_not_take(search: str, words: str) -> None:
    (said,) = complaints(search, arch="five-block")
    assert words in said


@pytest.mark.parametrize("name", NETWORK_SETTINGS)
def test_the_hint_for_a_setting_of_a_network_is_taken(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        order_of(f"net.{name}=-1,wrong", arch="five-block")
    (problem,) = caught.value.problems
    *_, example = problem.hint.split("--search ")
    assert example.startswith(f"net.{name}=")
    assert order_of(example, arch="five-block").space == (example,)


def test_filters_fit_every_network_that_is_searched() -> None:
    """Else the trials of one network would fail, one by one."""
    searches = ("arch=sprint,five-block", "net.filters=16-32-64,16-32-64-64-64")
    (said,) = complaints(*searches)
    assert "blocks" in said
    assert order_of("arch=sprint,five-block", "net.filters=16,32")


def test_own_networks_have_no_weights_to_begin_with() -> None:
    (said,) = complaints("arch=sprint,resnet18,five-block", strategy="full")
    assert said.startswith("--search arch=sprint,resnet18,five-block: sprint, five-block start")
    assert order_of("arch=sprint,resnet18")
    assert order_of("arch=sprint,resnet18", "strategy=full,scratch")
    assert order_of("arch=sprint,resnet18", strategy="full", weights="mine.pth")


def test_none_is_no_choice_where_the_recipe_has_a_value() -> None:
    """It would stay, and no command could take it back."""
    with pytest.raises(UsageError, match=r"has it at 1\.0"):
        find_order(Request("cats_dogs", search=("clip=none,1",)))
    assert order_of("clip=none,1", strategy="full")


def test_an_activation_beside_an_evonorm_is_nothing_to_search() -> None:
    (said,) = complaints("net.activation=relu,gelu", arch="three-conv-evonorm-s0")
    assert "would do nothing" in said
    searches = ("net.activation=relu,gelu", "net.norm=batch,evonorm-b0")
    assert order_of(*searches, arch="three-conv-evonorm-s0").space == searches


def test_a_wrong_network_is_told_with_all_else() -> None:
    said = complaints("lrr=1,2", arch="five-block:kernel=4", epochs=0)
    assert len(said) == 3
    assert "kernel is '4'" in " ".join(said)


def test_searched_files_are_named_by_whole_paths() -> None:
    (search,) = order_of("weights=none,mine.pth", strategy="full").space
    assert search == f"weights=none,{Path('mine.pth').absolute()}"


def test_a_step_of_whole_numbers_is_whole() -> None:
    (said,) = complaints("bs=16..64:0.5", strategy="full")
    assert "16.5" in said
    assert order_of("bs=16..64:8", strategy="full")


def test_going_on_takes_nothing_that_would_change_the_sweep() -> None:
    for given in ({"data": "elsewhere"}, {"pruner": "none"}):
        with pytest.raises(UsageError, match="goes on with a sweep as it was asked for"):
            find_order(Request(resume="s", **given))


def test_what_a_network_takes() -> None:
    searches = ["net.kernel=3..7:2", "net.activation=relu,mish", "net.norm=none,evonorm-s0"]
    assert order_of(*searches, arch="five-block").space == tuple(searches)


def test_what_no_trial_would_use_is_refused() -> None:
    (said,) = complaints("epochs=1..5", strategy="head")
    assert "--search epochs would do nothing" in said
    (said,) = complaints("views=1,2", strategy="head", mixup=0.4)
    assert "--mixup would do nothing" in said
    assert order_of("head=linear,fastai", "epochs=1..5", strategy="head", mixup=0.4)


def test_a_setting_is_fixed_or_searched_not_both() -> None:
    (said,) = complaints("lr=0.1,0.2", strategy="full", lr="0.1")
    assert "--lr 0.1 and --search lr" in said


def test_two_strategies_are_choices() -> None:
    order = order_of("lr=0.001..0.1", strategy="full-vs-lp-ft")
    assert order.space[-1] == "strategy=full,lp-ft" and "strategy" not in order.given


@pytest.mark.parametrize(
    ("given", "there", "not_there"),
    [
        ({}, {"head", "lr", "views"}, {"augment", "net.kernel"}),
        ({"head": "linear"}, {"views"}, {"head", "lr", "epochs"}),
        ({"strategy": "full", "bs": 64}, {"lr", "freeze_epochs", "augment"}, {"bs", "views"}),
        ({"strategy": "lp-ft"}, {"lr", "augment"}, {"freeze_epochs"}),
        ({"arch": "five-block"}, {"lr", "net.kernel", "net.filters"}, {"views", "freeze_epochs"}),
        ({"arch": "five-block:kernel=5"}, {"net.filters"}, {"net.kernel"}),
        ({"arch": "five-block: kernel=5"}, {"net.filters"}, {"net.kernel"}),
        ({"arch": "three-conv:norm=evonorm-s0"}, {"net.kernel"}, {"net.norm", "net.activation"}),
        ({"strategy": "scratch", "arch": "resnet18"}, {"opt"}, {"net.kernel"}),
    ],
)
def test_what_is_searched_where_nothing_is_said(
    given: dict[str, Any], there: set[str], not_there: set[str]
) -> None:
    names = {text.partition("=")[0] for text in order_of(**given).space}
    assert there <= names and not not_there & names


def test_an_earlier_comparison_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"settings": {"strategy": "full-vs-lp-ft", "bs": 8}}')
    order = find_order(Request("flowers", search=("lr=0.001,0.1",), config=str(tmp_path)))
    assert order is not None and order.space == ("lr=0.001,0.1", "strategy=full,lp-ft")


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError) as caught:
        find_order(Request("flowers"))
    assert caught.value.problems[0].hint == "pip install optuna"


def test_a_file_of_searches(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(
        'lr = "0.001..0.1"\nbs = [16, 32]\nsave_best = [true, false]\n'
        '[net]\nfilters = ["16", "16-32-64-128-128"]\n'
    )
    order = order_of("mixup=0,0.4", space=str(file), arch="five-block")
    assert order.space == (
        *("lr=0.001..0.1:log", "bs=16,32", "save_best=true,false"),
        *("net.filters=16,16-32-64-128-128", "mixup=0,0.4"),
    )
    file.write_text("bs = [16")
    assert "cannot be read" in complaints(space=str(file))[0]
    file.write_text("bs = [16]")
    assert "nothing to search" in complaints(space=str(file))[0]


def test_the_same_order_has_the_same_name_everywhere() -> None:
    first, again = (
        order_of("lr=0.001..0.1", strategy="full"),
        order_of("lr=1e-3..0.1", strategy="full"),
    )
    assert first.name == again.name
    assert first.name != order_of("lr=0.001..0.2", strategy="full").name


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"trials": 0}, {"pruner": "hyper"}])
def test_how_much_is_spent(wrong: dict[str, Any]) -> None:
    (said,) = complaints("lr=0.001..0.1", strategy="full", **wrong)
    assert f"--{next(iter(wrong))} is" in said
