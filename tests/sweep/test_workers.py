"""Processes of a sweep that end before their time."""

from pathlib import Path

import pytest

from fastcnn.errors import TrainingError
from fastcnn.files import write_json
from fastcnn.sweep.order import ORDER_FILE
from fastcnn.sweep.workers import run_workers


def test_where_all_end_at_once_one_error_says_why_and_their_logs_stay(tmp_path: Path) -> None:
    write_json(tmp_path / ORDER_FILE, {"not": "an order"})
    warnings: list[str] = []
    with pytest.raises(TrainingError, match="all 2 processes of the sweep ended") as raised:
        run_workers(tmp_path, 2, float("inf"), lambda: None, warnings.append)
    logs = [tmp_path / f"worker-{number}.log" for number in (1, 2)]
    last = [log.read_text().strip().splitlines()[-1] for log in logs]
    [problem] = raised.value.problems
    assert last[0] in problem.message
    assert problem.hint and str(logs[0]) in problem.hint
    # Of the first to end it may have been told while the other still began.
    assert all("its trial waits for another process" in warning for warning in warnings)
    assert len(warnings) < 2
