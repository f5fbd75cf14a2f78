"""The pickle of every strategy and head opens with plain `load_learner`, without fastcnn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import fastcnn
from fastcnn.models.networks import OWN_NETWORKS, parse_network
from fastcnn.training.strategies import STRATEGIES

OPENS_ALONE = """
import json, sys
sys.modules["fastcnn"] = None  # an import of it fails from now on
from fastai.learner import load_learner

def predicted(export, files):
    learner = load_learner(export)
    probabilities, _ = learner.get_preds(dl=learner.dls.test_dl(files))
    return [learner.dls.vocab[i] for i in probabilities.argmax(1)]

print(json.dumps([predicted(*export) for export in json.load(sys.stdin)]))
"""

MINE = '''
"""My own recipe.

    fastcnn recipe mine.py
"""
from fastai.vision.all import *
from fastcnn.recipe import Recipe

def kind_of_animal(path):
    return "cat" if path.name[0].isupper() else "dog"

def block(settings):
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=kind_of_animal,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )

RECIPE = Recipe(title="cats and dogs", data_block=block)
'''


@pytest.fixture
def runs(few_pets: Path, tiny_weights: Path, work: Path) -> list[fastcnn.Run]:
    """Every strategy with each head, a recipe of the user's own, and all our own networks."""
    tiny = {"arch": "test_resnet", "weights": str(tiny_weights), "size": 64, "precision": "fp32"}

    def run(recipe: str, strategy: str, head: str) -> fastcnn.Run:
        out = work / f"{Path(recipe).stem}-{head}"
        given = {"strategy": strategy, "head": head, "bs": 16, **tiny}
        if strategy != "head":
            given |= {"epochs": 1, "freeze_until": "layer2", "lr": "0.004"}
        return fastcnn.run(recipe, data=few_pets, out=out, **given)

    def from_nothing(arch: str) -> fastcnn.Run:
        given = {"arch": arch, "size": 32, "bs": 16, "epochs": 1}
        return fastcnn.run("pets", data=few_pets, out=work / arch, **given)

    (work / "mine.py").write_text(MINE)
    everything = "-vs-".join(STRATEGIES)
    return [
        run("pets", everything, "linear"),
        run("pets", everything, "fastai"),
        *(from_nothing(arch) for arch in OWN_NETWORKS),
        run("./mine.py", "head", "linear"),
    ]


@pytest.mark.slow
def test_they_predict_without_fastcnn_what_they_predicted_with_it(
    runs: list[fastcnn.Run], few_pets: Path
) -> None:
    exports, expected = [], []
    for run in runs:
        for strategy in run.strategies:
            table = run.predictions(strategy)
            files = [str(few_pets / path) for path in table["path"]]
            exports.append([str(run.path / strategy / "export.pkl"), files])
            expected.append(list(table["predicted"]))
    assert len(exports) == 2 * len(STRATEGIES) + len(OWN_NETWORKS) + 1
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPENS_ALONE],
        input=json.dumps(exports),
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == expected
    for run, arch in zip(runs[2:-1], OWN_NETWORKS, strict=True):
        assert parse_network(run.record["weights"]["network"]) == parse_network(arch)
    assert runs[-1].record["recipe"] == "mine"
    assert set(expected[-1]) <= {"cat", "dog"}
