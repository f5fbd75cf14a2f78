"""The options of the settings: one table for all commands, and mistakes found in a moment."""

import inspect
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from fastcnn.cli.app import app
from fastcnn.cli.options import SETTING_HELP, takes_settings
from fastcnn.errors import UsageError
from fastcnn.given_settings import (
    read_config,
    require_settings,
    stated_defaults,
    training_command,
)
from fastcnn.models.networks import written_out
from fastcnn.setting_checks import CHOICES, STRATEGY_NAMES, option
from fastcnn.settings import SETTING_NAMES, Settings, resolve_settings

COMMANDS = ("recipe", "lr-find")
"""Those that take every setting."""


def parsed(command: str, *arguments: str) -> dict[str, Any]:
    """Parse a command line with the real parser, running nothing."""
    subcommand = get_command(app).commands[command]  # type: ignore[attr-defined]
    return dict(subcommand.make_context(command, list(arguments)).params)


def test_every_setting_has_an_option_in_the_order_of_its_field() -> None:
    assert [*SETTING_HELP] == [name for name in SETTING_NAMES if name != "measured"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_arrives_under_its_own_name_and_type(command: str) -> None:
    given: dict[str, Any] = {
        name: {int: 3, float: 0.25, bool: True}.get(type(getattr(Settings(), name)), "word")
        for name in SETTING_HELP
    }
    given |= {"wd": 0.1, "clip": 1.5, "early_stop": 2, "progressive": 64, "folds": 4}
    words = [
        word
        for name, value in given.items()
        for word in ([option(name)] if value is True else [option(name), str(value)])
    ]
    found = parsed(command, "pets", *words)
    assert {name: found[name] for name in given} == given
    assert {name: type(found[name]) for name in given} == {n: type(v) for n, v in given.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_given_is_none(command: str) -> None:
    found = parsed(command, "pets")
    assert all(found[name] is None for name in SETTING_HELP)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_is_a_line_an_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """80 columns are enough, so that no text is folded."""
    from fastcnn.cli.app import run

    assert run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for name, words in SETTING_HELP.items():
        lines = [line for line in text.splitlines() if f"{option(name)} " in line]
        assert any(line.endswith(words) for line in lines), name


def test_the_help_names_the_choices() -> None:
    for name, choices in {**CHOICES, "strategy": STRATEGY_NAMES}.items():
        assert all(word in SETTING_HELP[name] for word in choices), name


def test_settings_stand_between_the_command_s_own() -> None:
    @takes_settings
    def command(name: str, data: str = "", *, debug: bool = False, **settings: Any) -> None:
        """Do nothing."""

    names = [*inspect.signature(command).parameters]
    assert names == ["name", "data", *SETTING_HELP, "debug"]


def problems(recipe: str, config: dict[str, Any], **given: Any) -> list[str]:
    try:
        require_settings(recipe, config, given)
    except UsageError as error:
        return [problem.message for problem in error.problems]
    return []


def test_values_and_uses_are_found_in_one_look() -> None:
    first, second = problems("pets", {}, strategy="head", bs=0, epochs=3)
    assert first.startswith("--bs is 0")
    assert second.startswith("--epochs would do nothing with --strategy head")


def test_an_earlier_run_lies_below_what_is_given() -> None:
    assert problems("pets", {}, strategy="partial")
    assert problems("pets", {"freeze_until": "layer2"}, strategy="partial") == []
    assert problems("pets", {"strategy": "head"}, epochs=3)
    assert problems("pets", {"strategy": "head", "head": "fastai"}, epochs=3) == []
    assert problems("pets", {"strategy": "head", "epochs": 3, "data": "x"}, bs=8) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"head": "fastai", "bs": 1}, "--bs is 1"),
        ({"progressive": 128, "epochs": 1}, "--progressive would do nothing"),
        ({"progressive": 300, "epochs": 4}, "--progressive would do nothing"),
    ],
)
def test_settings_that_do_not_go_together(given: dict[str, Any], words: str) -> None:
    (found,) = problems("pets", {}, **{"strategy": "full", **given})
    assert found.startswith(words)
    assert problems("pets", {}, strategy="full", head="fastai", bs=2, progressive=96) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seeds": 3, "folds": 5}, "--seeds 3 and --folds 5 were given, expected one"),
        ({"folds": 5, "split": "random"}, "--split is 'random', expected stratified"),
        ({"folds": 5, "valid_pct": 0.3}, "--valid-pct would do nothing with --folds 5"),
        ({"folds": 1}, "--folds is 1, expected a whole number of at least 2"),
        ({"seeds": 0}, "--seeds is 0, expected a whole number of at least 1"),
        ({"seed": 2**32 - 1, "seeds": 2}, "--seeds is 2 from --seed 4294967295 on"),
    ],
)
def test_ways_to_repeat_that_are_no_use(given: dict[str, Any], words: str) -> None:
    (found,) = problems("pets", {}, **given)
    assert found.startswith(words)
    assert problems("pets", {}, seeds=3) == problems("pets", {}, folds=5, seeds=1) == []


def test_a_way_to_repeat_takes_the_place_of_the_earlier_run_s() -> None:
    assert problems("pets", {"folds": 5, "seeds": 1}, seeds=3) == []
    assert problems("pets", {"folds": None, "seeds": 3}, folds=5) == []
    assert resolve_settings({"folds": 5, "seeds": 1}, {"seeds": 3}).folds is None
    assert resolve_settings({"folds": 5, "seeds": 1}, {"bs": 3}).folds == 5


def test_a_learning_curve_needs_a_pretrained_body() -> None:
    (found,) = problems("pets", {}, strategy="scratch", learning_curve=True)
    assert found.startswith("--learning-curve would do nothing with --strategy scratch")
    assert problems("pets", {}, strategy="scratch-vs-head", learning_curve=True) == []
    assert problems("pets", {}, strategy="full", views=4, learning_curve=True) == []


@pytest.mark.parametrize(
    ("given", "mended"),
    [
        ({"strategy": "head", "freeze_until": "layer2"}, {"strategy": "partial"}),
        ({"strategy": "head", "augment": "strong"}, {"strategy": "full"}),
        ({"strategy": "head", "epochs": 3}, {"head": "fastai"}),
        ({"strategy": "full", "views": 3}, {"strategy": "head"}),
        ({"strategy": "full", "progressive": 300}, {"progressive": 112, "epochs": 5}),
        ({"strategy": "full", "progressive": 96, "epochs": 1}, {"progressive": 112, "epochs": 2}),
    ],
)
def test_following_the_hint_mends(given: dict[str, Any], mended: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        require_settings("pets", {}, given)
    (problem,) = raised.value.problems
    hinted = [f"--{name} {value}" for name, value in mended.items()]
    assert all(option in problem.hint for option in hinted)
    require_settings("pets", {}, given | mended)


def test_what_a_recipe_states_lies_below_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "raise RuntimeError('a recipe that is only read is not run')\n"
        "RECIPE = Recipe(title='mine', defaults={'strategy': 'partial', 'freeze_until': 'stem'})\n"
    )
    assert stated_defaults(str(path)) == {"strategy": "partial", "freeze_until": "stem"}
    assert problems(str(path), {}) == []
    assert problems(str(path), {}, views=3)
    assert problems(str(path), {}, strategy="head", epochs=3)


@pytest.mark.parametrize(
    "source",
    [
        "DEFAULTS = {'head': 'fastai'}\nRECIPE = Recipe(title='mine', defaults=DEFAULTS)",
        "RECIPE = Recipe(title='mine', **PARTS)",
        "RECIPE = make()['it']",
        "RECIPE = ",
    ],
)
def test_defaults_that_are_computed_are_not_guessed(tmp_path: Path, source: str) -> None:
    """What only running the recipe would tell is no mistake yet; the plan looks again."""
    path = tmp_path / "mine.py"
    path.write_text(source)
    assert stated_defaults(str(path)) is None
    assert problems(str(path), {}, strategy="head", epochs=3) == []
    assert problems(str(path), {}, strategy="partial") == []
    assert problems(str(path), {}, strategy="partial", bs=0)


def test_the_defaults_of_the_bundled_recipes_can_be_read() -> None:
    from fastcnn.recipe_book import find_recipe, list_recipes

    for entry in list_recipes():
        assert stated_defaults(entry.name) == find_recipe(entry.name).defaults
    assert stated_defaults("nothing") is None


def test_a_config_is_a_run_or_its_record(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"settings": {"bs": 8}}))
    assert read_config(None) == {}
    assert read_config(str(tmp_path)) == read_config(str(tmp_path / "run.json")) == {"bs": 8}
    with pytest.raises(UsageError, match="nowhere"):
        read_config(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("settings", "network", "arch"),
    [
        ({"arch": "sprint"}, "sprint:filters=8-8-8,norm=none", "sprint:filters=8-8-8,norm=none"),
        ({"arch": "sprint"}, written_out("sprint"), "sprint"),
        ({"arch": "sprint"}, None, "sprint"),
        ({"arch": "resnet18"}, None, "resnet18"),
    ],
)
def test_an_earlier_run_is_repeated_with_the_network_that_it_trained(
    tmp_path: Path, settings: dict[str, str], network: str | None, arch: str
) -> None:
    """Whatever the name alone says today."""
    record = {"settings": settings, "weights": {"network": network}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert read_config(str(tmp_path)) == {"arch": arch}


@pytest.mark.parametrize(
    ("given", "beneath", "expected"),
    [
        ({}, {}, "--lr 0.0023"),
        ({"arch": "resnet18", "save_best": True}, {}, "--arch resnet18 --save-best --lr 0.0023"),
        ({"strategy": "head", "lr": "0.1"}, {}, "--strategy full-vs-head --lr 0.0023"),
        ({}, {"strategy": "head"}, "--strategy full-vs-head --lr 0.0023"),
        ({"strategy": "scratch", "views": 3}, {}, "--strategy scratch --lr 0.0023"),
        ({"strategy": "head", "head": "fastai"}, {}, "--strategy head --head fastai --lr 0.0023"),
    ],
)
def test_the_command_that_follows_is_one_that_runs(
    given: dict[str, Any], beneath: dict[str, Any], expected: str
) -> None:
    found = training_command("pets", {"data": "my pets", "config": None}, given, beneath, 0.00231)
    words = shlex.split(found)
    assert words[:5] == ["fastcnn", "recipe", "pets", "--data", "my pets"]
    assert words[5:] == shlex.split(expected)
    settings = {name: value for name, value in parsed("recipe", *words[2:]).items() if value}
    assert (
        problems("pets", beneath, **{n: settings[n] for n in SETTING_HELP if n in settings}) == []
    )


@pytest.mark.parametrize("arguments", [["--help"], ["lr-find", "--help"], ["recipe", "--help"]])
def test_help_needs_no_heavy_library(arguments: list[str]) -> None:
    heavy = ("torch", "fastai", "timm", "pandas", "matplotlib", "numpy")
    code = (
        f"import sys\nfrom fastcnn.cli.app import run\nrun({arguments})\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
