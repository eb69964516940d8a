"""Temporary folders that say whose they are, so that what a killed run left behind can be told from what is in use."""

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("fonts", "run", "sandbox")
# As tempfile ends a name; a user's own folder is none.
MADE = re.compile(rf"autograder-(?:{'|'.join(KINDS)})-[a-z0-9_]{{8}}")
YOUNGEST = 60.0  # seconds: a folder is made a moment before it is locked


@contextmanager
def folder(kind: str) -> Iterator[str]:
    """An empty folder of our own. It is locked while it is used; the lock goes with the process, however that ends."""
    with tempfile.TemporaryDirectory(prefix=f"autograder-{kind}-") as name:
        lock = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield name
        finally:
            os.close(lock)


def remove_leftovers() -> None:
    """Remove this user's folders that no process holds any more."""
    for path in Path(tempfile.gettempdir()).iterdir():
        if MADE.fullmatch(path.name) and is_left_over(path):
            shutil.rmtree(path, ignore_errors=True)


def is_left_over(path: Path) -> bool:
    """Whether it is a folder of ours that has been there for a while and is not locked."""
    try:
        about = path.lstat()
        if about.st_uid != os.geteuid() or time.time() - about.st_mtime < YOUNGEST:
            return False
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
