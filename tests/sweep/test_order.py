"""Which sweep an order is of, and what its file tells."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastcnn.errors import UsageError
from fastcnn.sweep.order import Order, placed
from fastcnn.sweep.storage import open_storage

ORDER = Order(recipe="pets", data="/home/a/pets", given={}, config={}, space=("lr=0.001|0.01",))


def test_another_machine_works_on_the_same_sweep() -> None:
    """Its images lie elsewhere; that they are the same is said by the hash of the split."""
    elsewhere = replace(ORDER, data="/mnt/pets", config_path="/mnt/run.json", n_trials=99)
    assert ORDER.name == elsewhere.name
    assert ORDER.name != replace(ORDER, split_sha256="other images").name
    assert ORDER.name != replace(ORDER, given={"size": 96}).name


def test_a_recipe_is_what_its_file_says(tmp_path: Path) -> None:
    names = []
    for folder, text in (("a", "one"), ("b", "one"), ("c", "two")):
        file = tmp_path / folder / "mine.py"
        file.parent.mkdir()
        file.write_text(text)
        names.append(replace(ORDER, recipe=str(file)).name)
    assert names[0] == names[1] != names[2]


def test_a_database_file_is_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert placed("sqlite:///trials.db") == f"sqlite:///{tmp_path}/trials.db"
    for url in ("sqlite:////srv/trials.db", "sqlite://", "postgresql://host/db"):
        assert placed(url) == url


def test_a_password_is_taken_from_the_environment_and_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", str(tmp_path / "trials.db"))
    open_storage(tmp_path, "sqlite:///$PLACE")
    assert (tmp_path / "trials.db").is_file()
    monkeypatch.setenv("PGPASSWORD", "geheim")
    with pytest.raises(UsageError) as caught:
        open_storage(tmp_path, "nosuchbase://me:$PGPASSWORD@host/sweeps")
    assert "geheim" not in str(caught.value)
