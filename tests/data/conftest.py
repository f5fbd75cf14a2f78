"""What the tests of the feature store begin with: a place for one, and one with entries."""

from pathlib import Path

import pytest
from feature_files import vector

from fastcnn.data.feature_store import FeatureStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "features.sqlite"


@pytest.fixture
def filled(path: Path) -> Path:
    """A store that holds `a` and twenty others, closed."""
    with FeatureStore(path) as store:
        store.put({"a": vector(0.1)} | {f"other-{i}": vector(i) for i in range(20)})
    assert not path.with_name(f"{path.name}-wal").exists(), "all of it should be in the one file"
    return path
