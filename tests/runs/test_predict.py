"""`fastcnn predict` and `fastcnn.load`: what is trusted, and what comes out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import fastcnn

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(cli: Cli, few_pets: Path, tiny_network: list[str], work: Path) -> Path:
    """A finished run of one strategy."""
    code, _, err = cli(
        "recipe", "pets", "--data", few_pets, "--strategy", "head", "--out", "r", *tiny_network
    )
    assert code == 0, err
    return work / "r"


def test_predict_trust_and_formats(
    cli: Cli, run: Path, few_pets: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run serves all the ways to predict with it, since making it takes the time."""
    table = fastcnn.Run(run).predictions()
    picture = few_pets / table["path"][0]

    code, out, _ = cli("predict", run, picture)
    assert code == 0
    assert table["predicted"][0] in out

    (work / "broken.jpg").write_bytes(b"not a picture")
    code, out, _ = cli("predict", run / "head", picture, work / "broken.jpg", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["path"] for row in rows] == [str(picture), str(work / "broken.jpg")]
    assert set(rows[0]) == {"path", "predicted", "probability", "top", "error"}
    assert rows[0]["probability"] == pytest.approx(
        table.filter(like="prob_").iloc[0].max(), abs=1e-5
    )
    assert rows[0]["error"] is None
    assert rows[1]["predicted"] is None and "cannot identify" in rows[1]["error"]

    code, out, _ = cli("predict", run / "head" / "export.pkl", few_pets, "--out", "p.csv")
    assert code == 0
    assert len(pd.read_csv("p.csv")) == 48

    stranger = shutil.copy(run / "head" / "export.pkl", work / "stranger.pkl")
    assert cli("predict", stranger, picture)[0] == 0  # the same bytes, whatever their name
    monkeypatch.setenv("XDG_DATA_HOME", str(work / "another-user"))
    code, _, err = cli("predict", stranger, picture)
    assert code == 5
    assert "--trust" in err
    assert cli("predict", stranger, picture, "--trust")[0] == 0
    assert cli("predict", stranger, picture)[0] == 0  # remembered

    with pytest.raises(fastcnn.errors.UsageError):
        fastcnn.load(work / "nowhere")


def test_a_strangers_pickle_runs_no_code(cli: Cli, few_pets: Path, work: Path) -> None:
    """The file would leave a mark if it were opened."""
    evil = b"cpathlib\nPath\n(S'" + str(work / "mark").encode() + b"'\ntR(tb."
    (work / "evil.pkl").write_bytes(evil)
    code, _, err = cli("predict", work / "evil.pkl", few_pets)
    assert code == 5
    assert err.startswith("error: ")
    assert not (work / "mark").exists()
