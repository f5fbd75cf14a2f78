"""The page of a run with several seeds: their mean says which strategy is marked."""

from pathlib import Path

import pytest
from stored_run import store_run

from fastcnn.report.page.page import render_page
from fastcnn.report.page.subject import subject_of


@pytest.mark.parametrize(
    ("kind", "p", "tag"),
    [
        ("seed", 0.01, "highest mean"),
        ("fold", 0.01, "most accurate"),
        ("", 0.01, "most accurate"),
        ("", 0.3, "highest, perhaps by chance"),
    ],
)
def test_the_marked_row_says_what_it_is_ahead_in(
    tmp_path: Path, kind: str, p: float, tag: str
) -> None:
    """With seeds the accuracy beside it is of one seed, of which it need not be the best."""
    run = store_run(tmp_path, ["cat", "dog", "fox"], n=30)
    run.record["comparison"]["winner"] = "full"
    for pair in run.record["comparison"]["pairs"]:
        pair["p_holm"] = p
    for entry in run.record["strategies"].values() if kind else ():
        entry["repeats"] = [{"name": f"{kind}-{n}", "metrics": {"accuracy": 0.7}} for n in (1, 2)]
        entry["accuracy_mean"], entry["accuracy_mean_ci"] = 0.7, [0.6, 0.8]
    page = render_page(subject_of(run))
    assert page.count('<span class="tag">') == 1
    assert f'full <span class="tag">{tag}</span>' in page
