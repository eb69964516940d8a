"""What runs on a worker of a Dask cluster: one notebook's sandbox, as it would run here, and what this machine is like."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import importlib.metadata
import pickle
import platform
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grading.executor import STOP, Interrupted, Task, execute
from autograder.grading.transcript import Transcript
from autograder.runner.calling import SENTENCES
from autograder.sandbox import bubblewrap, runtime, scratch

PACKAGE = Path(__file__).parents[1]
CODE, NONE = "the grader's code", "missing"
DASK = ("dask", "distributed")


@dataclass(frozen=True)
class Parcel:
    """A task with its files' contents in place of their paths, which mean nothing on another machine.

    ``grader`` names the run of the grader that it belongs to; ``sentences`` is the language that it speaks.
    """

    task: Task
    files: tuple[tuple[str, bytes], ...]
    grader: str
    sentences: Mapping[str, str]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Refused:
    """Why a worker ran nothing: the part that differs, and its version there; or what is the matter with its sandbox."""

    worker: str
    part: str = ""
    version: str = ""
    no_sandbox: str = ""


def packed(task: Task, grader: str, versions: Mapping[str, str]) -> bytes:
    """A parcel as bytes: the scheduler passes it on unread."""
    files = tuple((name, path.read_bytes()) for path, name in task.files)
    return pickle.dumps(Parcel(replace(task, files=()), files, grader, dict(SENTENCES), versions))


@functools.cache
def digest_of_code() -> str:
    """A digest of the grader's own code."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(b"%s\0%s\0" % (path.relative_to(PACKAGE).as_posix().encode(), path.read_bytes()))
    return digest.hexdigest()[:16]


@functools.cache
def versions(names: tuple[str, ...]) -> dict[str, str]:
    """What decides how a notebook runs on this machine: Python, the grader's code, and the versions of distributions."""
    found = {"Python": platform.python_version(), CODE: digest_of_code()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = NONE
    return found


def names_for(packages: tuple[str, ...]) -> tuple[str, ...]:
    """The distributions to compare: Dask's, and all that a sandbox with these packages can import."""
    return (*DASK, *runtime.distributions(tuple(sorted({*runtime.RUNNER_NEEDS, *packages}))))


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, str] | None:
    """The first part whose version is another one there, and that version."""
    return next(((part, theirs.get(part, NONE)) for part in ours if ours[part] != theirs.get(part)), None)


async def about(names: tuple[str, ...], sandbox: bool) -> tuple[dict[str, str], str]:
    """What ``seen_here`` finds, without keeping the worker from answering meanwhile."""
    return await asyncio.to_thread(seen_here, names, sandbox)


def seen_here(names: tuple[str, ...], sandbox: bool) -> tuple[dict[str, str], str]:
    """The versions here, and why no sandbox starts here: "" if one does, or none is asked for."""
    scratch.remove_leftovers()
    try:
        if sandbox:
            bubblewrap.probe()
    except bubblewrap.SandboxUnavailable as error:
        return versions(names), str(error)
    return versions(names), ""


class Turns:
    """Lets one grader at a time have a process's sandboxes: the language spoken and STOP are the whole process's.

    Whoever came first is next, so that of two graders neither keeps the other waiting for long.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.line = deque[object]()
        self.grader, self.under_way = "", 0
        self.stopped = set[str]()

    @contextmanager
    def turn(self, grader: str, sentences: Mapping[str, str]) -> Iterator[None]:
        """Wait for this grader's turn. Raises Interrupted if it was stopped meanwhile."""
        ticket = object()
        with self.changed:
            self.line.append(ticket)
            self.changed.wait_for(lambda: self.line[0] is ticket and (not self.under_way or self.grader == grader))
            self.line.popleft()
            if not self.under_way:
                self.grader = grader
                STOP.clear()
                SENTENCES.clear()
                SENTENCES.update(sentences)
            self.under_way += 1
            self.changed.notify_all()
        try:
            if grader in self.stopped:
                raise Interrupted("The grader was interrupted.")
            yield
        finally:
            with self.changed:
                self.under_way -= 1
                self.changed.notify_all()

    def stop(self, grader: str) -> None:
        """End what runs for this grader, and run nothing more for it."""
        with self.changed:
            self.stopped.add(grader)
            if self.under_way and self.grader == grader:
                STOP.set()


TURNS = Turns()


def stop(grader: str) -> None:
    TURNS.stop(grader)


def run(data: bytes) -> Transcript | Refused:
    """Run a parcel's task in a sandbox of this machine, if this machine is like the grader's."""
    from distributed import get_worker

    parcel: Parcel = pickle.loads(data)  # noqa: S301 - from the grader, which commands this process
    names = tuple(name for name in parcel.versions if name not in ("Python", CODE))
    if differs := difference(parcel.versions, versions(names)):
        return Refused(get_worker().address, *differs)
    with TURNS.turn(parcel.grader, parcel.sentences), scratch.folder("run") as folder:
        try:
            return execute(replace(parcel.task, files=tuple(written(Path(folder), parcel.files))))
        except bubblewrap.SandboxUnavailable as error:
            return Refused(get_worker().address, no_sandbox=str(error))


def written(folder: Path, files: tuple[tuple[str, bytes], ...]) -> Iterator[tuple[Path, str]]:
    """Write the files into a folder. The sandbox's own user must be able to read them."""
    for number, (name, content) in enumerate(files):
        path = folder / str(number)
        path.write_bytes(content)
        path.chmod(0o644)
        yield path, name
