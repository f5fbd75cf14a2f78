"""The page of an error analysis: one model's answers about new images."""

from pathlib import Path

from fastcnn.answers import Answers
from fastcnn.environment import environment
from fastcnn.files import write_text
from fastcnn.inference.trust import sha256_of
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.report.evaluation_table import training_run_sentences
from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.unlabelled import render_unlabelled


def leave_page(
    answers: Answers, path: Path, title: str, command: str, *, saliency: bool, narrator: Narrator
) -> Path | None:
    """Write the page of a model's answers to `path`; None, and a warning, where it cannot be made.

    An earlier page there is removed in any case: it would be of other answers.

    Args:
        answers: what the model said.
        path: of the file.
        title: which images these are.
        command: that asked it.
        saliency: ask the model where it looked.
        narrator: where warnings go.
    """
    try:
        path.unlink(missing_ok=True)
        subject = subject_of_answers(answers, title, command)
        render = render_page if answers.images.labels else render_unlabelled
        write_text(path, render(subject, saliency=saliency, narrator=narrator))
    except Exception as error:  # the answers are kept: this is no reason to lose them
        narrator.warn(f"the page could not be written: {type(error).__name__}: {error}")
        return None
    return path


def subject_of_answers(answers: Answers, title: str, command: str) -> Subject:
    """Return a model's answers about new images as the subject of a page."""
    against, origin, file = answers.against_run, answers.training_run, answers.model_file
    return Subject(
        title,
        None,
        [ScoredModel(answers.model_name, answers.table, answers.images.folder, file)],
        training_record=origin.run.record if origin else None,
        asked={
            "command": command,
            "model": shown_path(file),
            "sha256": sha256_of(file.read_bytes()),
            "environment": environment(answers.device),
        },
        is_remembered=against is not None and against.n_learned > 0,
        notices=training_run_sentences(against) if against else (),
    )
