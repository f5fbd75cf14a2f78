"""The page of an error analysis: that of a run's models, of one model and without the run."""

from collections.abc import Sequence
from pathlib import Path

from fastcnn.answers import Answers
from fastcnn.files import write_text
from fastcnn.narrator import Narrator
from fastcnn.report.evaluation_table import training_run_sentences
from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.unlabelled import render_unlabelled


def leave_page(
    answers: Answers, path: Path, title: str, *, saliency: bool, narrator: Narrator
) -> Path | None:
    """Write the page of a model's answers to `path`; None, and a warning, where it cannot be made.

    Args:
        answers: what the model said.
        path: of the file.
        title: which images these are.
        saliency: ask the model where it looked.
        narrator: where warnings go.
    """
    try:
        write_text(path, _page(answers, title, saliency=saliency, narrator=narrator))
    except Exception as error:  # the answers are kept: this is no reason to lose them
        narrator.warn(f"the page could not be written: {type(error).__name__}: {error}")
        return None
    return path


def _page(answers: Answers, title: str, *, saliency: bool, narrator: Narrator) -> str:
    images = answers.images
    model = ScoredModel(answers.model_name, answers.table, images.folder, answers.model_file)
    if not images.labels:
        return render_unlabelled(model, title, saliency=saliency, narrator=narrator)
    notices: Sequence[str] = []
    if answers.against_run:
        notices = training_run_sentences(answers.against_run)
    origin = answers.training_run
    trained = origin.run.record if origin else None
    subject = Subject(title, None, [model], training_record=trained, notices=notices)
    return render_page(subject, saliency=saliency, narrator=narrator)
