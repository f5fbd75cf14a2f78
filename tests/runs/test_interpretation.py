"""fastai's interpretation of a finished run equals fastai's own, and predicts nothing."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastai.callback.progress  # noqa: F401  gives every Learner `no_bar`
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from fastai.interpret import ClassificationInterpretation
from fastai.learner import Learner

import fastcnn
from fastcnn.analysis.interpretation import StoredInterpretation
from fastcnn.errors import DataError
from fastcnn.inference.trust import trust
from fastcnn.reporting import report


@pytest.fixture(scope="module")
def permuted(
    few_pets: Path, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> fastcnn.Run:
    """A run on photographs whose labels were dealt out by chance."""
    folder = tmp_path_factory.mktemp("permuted")
    files = sorted(few_pets.glob("*.jpg"))
    labels = [file.stem.rsplit("_", 1)[0] for file in files]
    for number, label in enumerate(np.random.default_rng(0).permutation(labels)):
        shutil.copy(files[number], folder / f"{label}_{number}.jpg")
    return fastcnn.run(
        "pets",
        data=folder,
        out=tmp_path_factory.mktemp("runs") / "permuted",
        strategy="full-vs-head",
        arch="test_resnet",
        weights=str(tiny_weights),
        precision="fp32",
        **{"size": 64, "epochs": 1, "bs": 16, "valid_pct": 0.5, "seed": 3},
    )


@pytest.fixture
def stored(permuted: fastcnn.Run) -> StoredInterpretation:
    trust(permuted.model_file("head").read_bytes(), "in the home of this test too")
    plt.close("all")
    return permuted.interpretation("head")


@contextmanager
def forward_passes(learner: Learner) -> Iterator[list[int]]:
    """Give the number of images in each batch that goes through the network."""
    seen: list[int] = []
    hook = learner.model.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    try:
        yield seen
    finally:
        hook.remove()


@pytest.fixture
def fastais(stored: StoredInterpretation) -> ClassificationInterpretation:
    """What fastai itself finds of the same model and images; it predicts at every call."""
    with stored.learn.no_bar():
        return ClassificationInterpretation.from_learner(stored.learn)


@pytest.mark.filterwarnings("ignore:Precision is ill-defined")
def test_every_answer_is_fastai_s(
    stored: StoredInterpretation,
    fastais: ClassificationInterpretation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports = []
    with stored.learn.no_bar():
        assert isinstance(stored, ClassificationInterpretation)
        assert len(stored.dl.items) == 24 and stored.confusion_matrix().sum() == 24
        np.testing.assert_array_equal(stored.confusion_matrix(), fastais.confusion_matrix())
        assert stored.most_confused() == fastais.most_confused() != []
        assert stored.most_confused(min_val=2) == fastais.most_confused(min_val=2)
        for one in (stored, fastais):
            one.print_classification_report()
            reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1] and "Abyssinian" in reports[0]


@pytest.mark.parametrize("largest", [True, False])
def test_top_losses_are_fastai_s(
    stored: StoredInterpretation, fastais: ClassificationInterpretation, largest: bool
) -> None:
    """Where two losses differ by less than rounding, either may come first."""
    ours, theirs = (one.top_losses(5, largest=largest, items=True) for one in (stored, fastais))
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    np.testing.assert_allclose(fastais.losses[ours[1]], theirs[0], atol=1e-5)
    assert len(set(ours[2])) == 5
    assert list(ours[2]) == [stored.dl.items[index] for index in ours[1].tolist()]
    everything, _ = stored.top_losses()
    assert len(everything) == 24


def test_it_shows_the_images_that_the_run_was_scored_on(
    permuted: fastcnn.Run, stored: StoredInterpretation
) -> None:
    """Its loaders give them in the order of the table, with their labels, as a batch."""
    table = permuted.predictions("head")
    assert [file.name for file in stored.learn.dls.valid.items] == list(table["path"])
    images, categories = stored.dl.one_batch()
    assert images.shape == (16, 3, 64, 64)
    assert [stored.vocab[place] for place in categories] == list(table["target"][:16])


@pytest.mark.filterwarnings("ignore:Precision is ill-defined")
def test_nothing_goes_through_the_network(stored: StoredInterpretation) -> None:
    with forward_passes(stored.learn) as seen:
        stored.confusion_matrix()
        stored.most_confused()
        stored.top_losses()
        stored.print_classification_report()
        stored.plot_confusion_matrix()
        stored.plot_top_losses(4)
        stored.show_results([0, 1])
        assert seen == []
        with stored.learn.no_bar():
            ClassificationInterpretation.from_learner(stored.learn)
        assert seen == [16, 8], "the hook does not count"


def test_plots_open_the_pictures_they_show_and_no_others(
    stored: StoredInterpretation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Titles and pixels are those that fastai would have drawn."""
    opened: list[Path] = []
    opening = stored.dl.dataset.tls[0].tfms.fs[0]
    monkeypatch.setattr(type(opening), "__call__", _noting(type(opening).__call__, opened))
    stored.plot_confusion_matrix()
    assert opened == []
    stored.plot_top_losses(3)
    _, _, files = stored.top_losses(3, items=True)
    assert opened == list(files)
    drawn = [axes for axes in plt.gcf().axes if axes.images]
    with stored.learn.no_bar():
        fastais = ClassificationInterpretation.from_learner(stored.learn)
        fastais.plot_top_losses(3)
    theirs = [axes for axes in plt.gcf().axes if axes.images]
    assert [axes.get_title() for axes in drawn] == [axes.get_title() for axes in theirs]
    for one, other in zip(drawn, theirs, strict=True):
        np.testing.assert_array_equal(one.images[0].get_array(), other.images[0].get_array())


def _noting(call: object, opened: list[Path]) -> object:
    def noted(self: object, file: Path, *arguments: object, **named: object) -> object:
        opened.append(file)
        return call(self, file, *arguments, **named)  # type: ignore[operator]

    return noted


def test_without_the_images_only_pictures_fail(
    permuted: fastcnn.Run, stored: StoredInterpretation
) -> None:
    folder = Path(permuted.record["data"]["path"])
    folder.rename(folder.with_name("elsewhere"))
    try:
        assert stored.confusion_matrix().sum() == 24
        with pytest.raises(DataError, match="is gone") as caught:
            stored.plot_top_losses(2)
        assert "bring the images back" in caught.value.problems[0].hint
    finally:
        folder.with_name("elsewhere").rename(folder)


def test_labels_by_chance_are_found_to_teach_nothing(permuted: fastcnn.Run) -> None:
    verdict = permuted.record["comparison"]["verdict"]
    assert verdict.startswith("Nothing was learned that accuracy shows: full ")
    assert " and head " in verdict.split(". ")[0] and "majority baseline" in verdict


def test_the_page_on_analysis_works_as_it_stands(
    permuted: fastcnn.Run, stored: StoredInterpretation
) -> None:
    """Its lines are run one after the other on a finished run."""
    page = Path(__file__).resolve().parents[2] / "docs" / "analysis.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    found: dict[str, Any] = {"run": permuted}
    exec("".join(blocks), found)
    assert len(blocks) == 4 and found["interpretation"].confusion_matrix().sum() == 24


def test_the_report_of_a_trained_run_predicts_nothing_and_asks_no_network(
    permuted: fastcnn.Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its models are there and could be asked, as Grad-CAM does."""
    for name in permuted.strategies:
        trust(permuted.model_file(name).read_bytes(), "in the home of this test too")

    def refuse(*address: object) -> None:
        raise AssertionError(f"the network was asked: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    seen: list[str] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: seen.append(type(module).__name__)
    )
    try:
        report(permuted.path, out=tmp_path / "plain.html", saliency=False)
        assert seen == []
        report(permuted.path, out=tmp_path / "asked.html")
    finally:
        hook.remove()
    assert "Conv2d" in seen
    assert "Where the model looked" not in (tmp_path / "plain.html").read_text("utf-8")
    assert "Where the model looked" in (tmp_path / "asked.html").read_text("utf-8")
