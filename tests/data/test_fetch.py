"""An archive from its authors' address: whole and checked, or not at all."""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from fastcnn.data.fetch import PIECE, Archive, fetched
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder


def archive_bytes() -> bytes:
    content, picture = io.BytesIO(), io.BytesIO()
    Image.effect_noise((640, 480), 60).save(picture, "PNG")
    with zipfile.ZipFile(content, "w") as archive:
        for part in ("train", "val"):
            archive.writestr(f"inaturalist_12K/{part}/Aves/1.png", picture.getvalue())
    return content.getvalue()


class Server(ThreadingHTTPServer):
    """Hands out one archive as Google's storage does; `broken` answers end in the middle."""

    content = archive_bytes()
    sent = content
    broken = 0
    asked_from: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.asked_from.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        rest = self.server.sent[start:]
        self.send_response(206 if start else 200)
        digest = base64.b64encode(hashlib.md5(self.server.content).digest()).decode()
        self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={digest}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.broken:
            self.server.broken -= 1
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked_from = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/nature_12K.zip"


def test_it_is_fetched_once_and_unpacked(server: Server) -> None:
    quiet = Narrator(quiet=True)
    folder = fetched(Archive(url(server), sha256=hashlib.sha256(server.content).hexdigest()), quiet)
    assert folder is not None and (folder / "train" / "Aves" / "1.png").is_file()
    assert fetched(Archive(url(server)), quiet) == folder
    assert len(server.asked_from) == 1


def test_what_broke_off_goes_on_from_there(server: Server) -> None:
    server.broken, narrator = 1, Narrator(quiet=True)
    assert fetched(Archive(url(server)), narrator) is None
    assert "could not be downloaded" in narrator.events[0]
    folder = fetched(Archive(url(server)), narrator)
    assert folder is not None and (folder / "val" / "Aves" / "1.png").is_file()
    first, second = server.asked_from
    start = int(second.removeprefix("bytes=").rstrip("-"))
    assert first == "" and 0 < len(server.content) // 2 - start < 2 * PIECE


@pytest.mark.parametrize("known", ["server", "sha256", "size"])
def test_another_content_is_refused_and_not_kept(server: Server, known: str) -> None:
    archive = Archive(
        url(server),
        n_bytes=len(server.content) - 1 if known == "size" else None,
        sha256="0" * 64 if known == "sha256" else None,
    )
    if known == "server":
        server.sent = server.content[:-1] + b"?"
    with pytest.raises(DataError, match="not what it should be"):
        fetched(archive, Narrator(quiet=True))
    assert not list((cache_folder() / "downloads").iterdir())


def test_without_a_network_there_is_nothing() -> None:
    assert fetched(Archive("http://127.0.0.1:9/a.zip"), Narrator(quiet=True)) is None
