"""Where the images come from, in the order of the contract, against a real server on loopback."""

import socket
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fastai.data
import fastdownload.core
import pytest

from fastcnn.data.download import download
from fastcnn.data.source import find_source
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator
from fastcnn.network import answers
from fastcnn.recipe import Recipe, Sample


def recipe(url: str | None, sample: bool = True) -> Recipe:
    def write(folder: Path, *, on_image: object = None) -> None:
        (folder / "drawn_1.jpg").write_bytes(b"drawn")

    return Recipe(
        title="test",
        data_block=lambda settings: None,  # type: ignore[arg-type,return-value]
        url=url,
        sample=Sample("drawn sample", write) if sample else None,
        name="test",
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Hands out an archive as fastai's are: one folder that holds `images/`."""
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "images" / "pug_1.jpg").write_bytes(b"x")
    with tarfile.open(tmp_path / "set.tgz", "w:gz") as archive:
        archive.add(tmp_path / "set", "set")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/set.tgz"
    httpd.shutdown()


@pytest.fixture
def silent() -> Iterator[str]:
    """A host that takes a connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/set.tgz"
    listener.close()


def test_given_downloaded_download_sample(server: str, silent: str, tmp_path: Path) -> None:
    narrator = Narrator()
    fetched = find_source(recipe(server), None, narrator)
    assert fetched.kind == "downloaded"
    assert [path.name for path in fetched.path.iterdir()] == ["pug_1.jpg"]

    again = find_source(recipe(server.replace("127.0.0.1", "unreachable.invalid")), None, narrator)
    assert again.path == fetched.path  # found without asking anyone

    sample = find_source(recipe(silent.replace("set.tgz", "other.tgz")), None, narrator)
    assert sample.is_sample
    assert sample.label == "test, drawn sample"

    given = find_source(recipe(server), str(tmp_path / "set"), narrator)
    assert (given.kind, given.path) == ("given", tmp_path / "set" / "images")


def test_a_dead_network_is_noticed(silent: str, server: str) -> None:
    assert answers(server)
    assert not answers(silent, seconds=0.5)
    assert not answers("http://unreachable.invalid/x", seconds=0.5)


def test_where_the_network_refuses_the_sample_takes_its_place_aloud(server: str) -> None:
    """The host answers, but with 404."""
    narrator = Narrator()
    source = find_source(recipe(server.replace("set", "missing")), None, narrator)
    assert source.is_sample
    assert "404" in narrator.events[0]


def test_an_archive_half_unpacked_does_not_pass_for_the_set(server: str, tmp_path: Path) -> None:
    (tmp_path / "set.tgz").rename(tmp_path / "half.tgz")
    whole = replace(recipe(server.replace("set.tgz", "half.tgz")), n_images=1)
    fetched = find_source(whole, None, Narrator())
    (fetched.path / "pug_1.jpg").rename(fetched.path / "mine.txt")
    again = find_source(whole, None, Narrator())
    assert [path.name for path in again.path.iterdir()] == ["pug_1.jpg"]
    (aside,) = again.path.parent.parent.glob("half-incomplete-*/half/images/mine.txt")
    assert aside.read_bytes() == b"x"


def test_an_archive_with_the_wrong_hash_is_refused(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fastai's list of sizes and hashes is asked: here it knows another archive by this address."""
    (tmp_path / "set.tgz").rename(tmp_path / "forged.tgz")
    url = server.replace("set.tgz", "forged.tgz")
    monkeypatch.setattr(fastdownload.core, "read_checks", lambda _: {url: (1, "0" * 32)})
    with pytest.raises(DataError, match="corrupt"):
        download(url, Narrator())


def test_the_pets_archive_is_one_whose_hash_fastai_knows() -> None:
    from fastai.data.external import URLs
    from fastdownload.core import checks_module, read_checks

    size, digest = read_checks(checks_module(fastai.data))[URLs.PETS]
    assert size > 700e6 and len(digest) == 32


def test_no_data_at_all_says_how_to_give_some(silent: str) -> None:
    with pytest.raises(DataError, match="has no images") as caught:
        find_source(recipe(None, sample=False), None, Narrator())
    assert "--data" in caught.value.problems[0].hint


def test_a_sample_is_drawn_once_and_whole(own_home: Path) -> None:
    calls = []

    def write(folder: Path, *, on_image: object = None) -> None:
        calls.append(folder)
        (folder / "a_1.jpg").write_bytes(b"a")
        if len(calls) == 1:
            raise KeyboardInterrupt

    drawn = Recipe(
        title="t",
        data_block=lambda settings: None,  # type: ignore[arg-type,return-value]
        sample=Sample("drawn", write),
        name="t",
    )
    with pytest.raises(KeyboardInterrupt):
        find_source(drawn, None, Narrator())
    samples = own_home / "fastcnn_cache" / "samples"
    assert list(samples.iterdir()) == []
    first = find_source(drawn, None, Narrator()).path
    assert find_source(drawn, None, Narrator()).path == first
    assert len(calls) == 2
    assert first.parent == samples
