"""What is told before the training: phases, rates, tensors, time and memory, and how it looks."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fastcnn.assembly import Shared, make_job
from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.views import views
from fastcnn.narrator import Narrator
from fastcnn.plan import make_plan
from fastcnn.recipe_book import find_recipe
from fastcnn.report.preview_table import show_preview
from fastcnn.training.duration import Forecast
from fastcnn.training.job import Job
from fastcnn.training.memory import MemoryEstimate
from fastcnn.training.phases import Method, Phase
from fastcnn.training.preview import PhasePreview, Preview, StrategyPreview
from fastcnn.workflow import preview


@pytest.fixture
def given(few_pets: Path, tiny_weights: Path) -> dict[str, Any]:
    """Data and settings that are measured in a moment."""
    settings = {"arch": "test_resnet", "weights": str(tiny_weights), "size": 32, "bs": 16}
    return {"data": few_pets, "narrator": Narrator(quiet=True), "precision": "fp32", **settings}


def job_of(strategy: str, given: dict[str, Any]) -> Job:
    settings = {name: given[name] for name in ("arch", "weights", "size", "bs", "precision")}
    quiet = given["narrator"]
    plan = make_plan(
        find_recipe("pets"), str(given["data"]), {}, {**settings, "strategy": strategy}, quiet
    )
    return make_job(plan, strategy, None, Shared.by(plan, FeatureStore(), quiet), quiet)


def test_phases_with_what_learns_in_them(given: dict[str, Any]) -> None:
    found = preview("pets", strategy="full-vs-head", epochs=3, lr="0.01", **given)
    assert [strategy.name for strategy in found.strategies] == ["full", "head"]
    (warm_up, everything), (solve,) = (strategy.phases for strategy in found.strategies)
    names = ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert list(found.groups) == names
    assert (warm_up.frozen, warm_up.learning) == (names[:5], ["head"])
    assert (everything.frozen, everything.learning, everything.epochs) == ([], names, 3)
    assert (warm_up.rate_body, warm_up.rate_head) == (None, 0.01)
    assert everything.rate_head == pytest.approx(0.005)
    assert everything.rate_body == pytest.approx(0.005 * 100 ** (-1 / 5))
    assert (solve.method, solve.rate_head, solve.epochs) == (Method.SOLVE, None, 0)
    assert solve.trainable_numbers == warm_up.trainable_numbers == 96 * 4 + 4
    assert everything.trainable_numbers == sum(found.groups.values())
    assert solve.trainable_tensors == ["1.2.weight", "1.2.bias"]
    assert all(phase.precision == "fp32 channels_last" for phase in (warm_up, everything, solve))
    assert everything.memory.total > warm_up.memory.total
    assert found.peak_memory == everything.memory.total
    assert found.seconds == pytest.approx(
        warm_up.seconds + everything.seconds + solve.seconds, rel=1e-6
    )
    assert (
        json.loads(json.dumps(found.to_json()))["strategies"][1]["phases"][0]["method"] == "solve"
    )


def test_features_that_are_found_are_free(given: dict[str, Any]) -> None:
    first = preview("pets", strategy="head", **given).strategies[0]
    assert first.features_to_compute == 48
    job = job_of("head", given)
    images = job.images
    job.bank.features([images.items[index] for index in images.train], views(2))
    job.bank.features([images.items[index] for index in images.valid], views(1))
    second = preview("pets", strategy="head", **given).strategies[0]
    assert second.features_to_compute == 0
    assert Forecast().features_seconds(job) == 0


def test_one_strategy_leaves_decoded_images_and_features_to_the_next(given: dict[str, Any]) -> None:
    job, forecast = job_of("head", given), Forecast()
    head = Phase("head", Method.FIT, 5, (0.1,), epochs=1)
    costs = forecast.costs(job)
    assert costs.decoding > 0 and costs.n_bytes > 32 * 32 * 3
    assert forecast.seconds(job, head) - forecast.seconds(job, head) == pytest.approx(
        48 * costs.decoding, rel=1e-3
    )
    assert forecast.features_seconds(job) > 0
    assert forecast.features_seconds(job) == 0


def test_a_rate_that_will_be_searched(given: dict[str, Any]) -> None:
    (strategy,) = preview("pets", strategy="full", lr="auto", **given).strategies
    assert [phase.rate_head for phase in strategy.phases] == ["searched", "searched"]
    assert [phase.rate_body for phase in strategy.phases] == [None, "searched"]
    assert strategy.search_seconds > 0
    assert strategy.features_to_compute == 48


def test_a_preview_trains_nothing_and_writes_nothing(given: dict[str, Any], work: Path) -> None:
    preview("pets", strategy="partial", freeze_until="layer2", **given)
    assert list(work.iterdir()) == []


def phase_row(name: str, **changes: Any) -> PhasePreview:
    groups = ["stem", *(f"stages.{number}" for number in range(4)), "head"]
    values: dict[str, Any] = {
        "name": name,
        "method": Method.FIT,
        "frozen": groups[:3],
        "learning": groups[3:],
        "epochs": 12,
        "rate_body": 0.000123456,
        "rate_head": 0.00456,
        "trainable_numbers": 134_300_123,
        "trainable_tensors": ["1.2.weight"],
        "precision": "fp32",
        "seconds": 66_000.0,
        "memory": MemoryEstimate(10**9, 1, 0, 0, 0, 0, 0),
    }
    return PhasePreview(**(values | changes))


def test_the_table_fits_eighty_columns_and_says_everything() -> None:
    searched = {"rate_body": "searched", "rate_head": "searched", "frozen": [], "seconds": 3.0}
    rows = [
        phase_row("from stages.3", learning=["stages.3", "head"]),
        phase_row("all", **searched),
        phase_row("head", method=Method.FIT_FEATURES, rate_body=None, seconds=90.0),
    ]
    strategy = StrategyPreview("gradual", rows, features_to_compute=12, search_seconds=30.0)
    found = StrategyPreview("head", [phase_row("solve")], features_to_compute=0, search_seconds=0)
    groups = {"stem": 1000, "stages.0": 2000, "head": 30}
    shown = Preview("convnext_atto", groups, 1106, [strategy, found], available_memory=10**8)
    narrator = Narrator(Console(width=80, file=StringIO()))
    show_preview(shown, narrator)
    text = narrator.console.file.getvalue()
    tables, _, lines = text.partition("groups of convnext_atto")
    assert max(map(len, tables.splitlines())) <= 80
    for word in ("134,300,123", "stages.3", "stages.1", "searched", "0.0046", "0.00012", "<0.1"):
        assert word in tables
    assert "features to compute: 12 of 1,106 images; rate search: 0.5 minutes" in tables
    assert "all features are in the cache" in tables
    assert lines.startswith(": stem 1,000, stages.0 2,000, head 30\n")
    assert "minutes, 1.0 GB of memory at most (0.1 GB are free)" in lines
    assert "more memory than there is" in lines
