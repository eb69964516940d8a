"""The built book, and a server for it."""

import fcntl
import functools
import os
import threading
import uuid
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from book_paths import ROOT
from building import build_book


@pytest.fixture(scope="session")
def built_book() -> Path:
    """The folder of the built pages; of all the workers of a test run, the first builds and the others wait."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    (ROOT / "_build").mkdir(exist_ok=True)
    with open(ROOT / "_build" / ".book_tests.lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if lock.read() != run:
            build_book(ROOT)
            lock.truncate(0)
            lock.write(run)
    return ROOT / "_build" / "html"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test reports what fails."""


@pytest.fixture(scope="session")
def address(built_book: Path) -> Iterator[str]:
    """Where the built book is served."""
    handler = functools.partial(QuietHandler, directory=str(built_book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
