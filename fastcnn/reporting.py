"""The report of a run, as `fastcnn report` writes it: the doctor looks, then the page is made."""

import os
import shlex
from dataclasses import replace
from pathlib import Path

from fastcnn.errors import UsageError
from fastcnn.files import require_new_file, write_text
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import subject_of
from fastcnn.run_findings import findings_of
from fastcnn.run_folder import REPORT_FILE, Run


def report(
    run: str | Path,
    *,
    out: str | Path | None = None,
    force: bool = False,
    saliency: bool = True,
    narrator: Narrator | None = None,
) -> Path:
    """Write the report of a finished or broken-off run, and return where it lies.

    Args:
        run: its folder.
        out: the file; None writes `report.html` to the run's folder, over an earlier one.
        force: replace the file that `out` names.
        saliency: ask the best model where it looked.
        narrator: where notes and progress go.

    Raises:
        UsageError: there is no run, it has no finished strategy, or `out` cannot be what it is.
        TrainingError: the file cannot be written.
    """
    path = _out_file(out, force=force) if out is not None else None
    return write_report(Run(run), path, saliency=saliency, narrator=narrator or Narrator())


def write_report(
    run: Run, path: Path | None = None, *, saliency: bool = True, narrator: Narrator
) -> Path:
    """Write the report of a run to a file, `report.html` in its folder where none is named.

    Raises:
        UsageError: the run has no finished strategy.
        TrainingError: the file cannot be written.
    """
    path = path or run.path / REPORT_FILE
    subject = subject_of(run)
    subject = replace(subject, findings=findings_of(subject, narrator))
    write_text(path, render_page(subject, saliency=saliency, narrator=narrator))
    return path


def leave_report(run: Run, narrator: Narrator) -> None:
    """Write the report that a run leaves; where that fails, the run is none the worse.

    `FASTCNN_REPORT=no` leaves it out, for many small runs one after the other.
    """
    if os.environ.get("FASTCNN_REPORT", "").lower() in ("no", "off", "0"):
        return
    try:
        write_report(run, narrator=narrator)
    except KeyboardInterrupt:  # of the report alone: the run is over, and its result wants telling
        where = shlex.quote(shown_path(run.path))
        narrator.warn(f"the report was interrupted; fastcnn report {where} makes it later")
    except Exception as error:
        narrator.warn(f"the report could not be written: {type(error).__name__}: {error}")


def _out_file(out: str | Path, *, force: bool) -> Path:
    path = user_path(out).absolute()
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise UsageError(
            f"--out is {out}, expected a page's name that ends in .html",
            hint=f"for example --out {REPORT_FILE}",
        )
    if not force:
        require_new_file(path, "--out")
    return path
