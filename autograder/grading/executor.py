"""Runs a notebook in a sandbox, and runs it again without the cell that brought it down."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors.numpy import save

from autograder.check import Returned
from autograder.errors import UserError
from autograder.exercise.declaration import DrawnCase
from autograder.grading.border import Array, BorderError, Frame, FrameReader, arrays, plain_text, text_in
from autograder.grading.picture import is_small_png
from autograder.grading.reference_calls import Calls
from autograder.grading.replies import Replies, speaking
from autograder.grading.transcript import (
    MOST_PICTURE_BYTES,
    MOST_PICTURES,
    MOST_TEXT,
    MOST_TEXT_BYTES,
    Answer,
    CaseAnswer,
    CellOutput,
    TimeLimit,
    Transcript,
)
from autograder.runner import wire
from autograder.runner.calling import DEEPEST, MOST_PARTS, SENTENCES, Given, _
from autograder.sandbox import bubblewrap, forks, meter, runtime, scratch
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.limits import MEGABYTE, Limits

RUNNER = Path(__file__).parent.parent / "runner"
START_SECONDS = 60.0
MOST_RERUNS = 16
SECONDS_TO_LEAVE = 0.2
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)  # as subprocess says it, and as bwrap does
SECONDS_BETWEEN_LOOKS = 0.25
STOP = threading.Event()  # set when the grader is interrupted: every run ends at once, and counts for nothing
ROOM_FOR_A_NOTE = 200  # what the runner adds to a text that it cuts


class Interrupted(UserError):
    """The grader was interrupted while a notebook ran."""


@dataclass(frozen=True)
class RunCell:
    """A cell as the runner gets it: source to execute, or the name of a check to ask for."""

    id: str
    source: str = ""
    check: str | None = None
    function: str | None = None
    variable: str | None = None
    earlier: tuple[str, ...] = ()
    tensors: bool = False
    from_grader: tuple[str, ...] = ()  # functions that the notebook calls and the grader answers for


@dataclass(frozen=True)
class Task:
    """Everything one notebook's run needs; picklable, so that any executor can carry it.

    With ``own_check``, the ``check.py`` among the files is what the notebook's cells import, as on a student's machine.
    ``parts`` holds, for each check and challenge, what the grader answers in place of earlier functions.
    """

    packages: tuple[str, ...]
    cells: tuple[RunCell, ...]
    cases: dict[str, list[DrawnCase]]
    limits: Limits = field(default_factory=Limits)
    files: tuple[tuple[Path, str], ...] = ()
    protected: bool = True
    own_check: bool = False
    parts: dict[str, list[dict[str, Calls]]] = field(default_factory=dict)


def encoded(value: Any, key: str, tensors: dict[str, Array]) -> dict[str, Any]:
    """An input as JSON; its arrays go into ``tensors`` under names that begin with ``key``."""
    if isinstance(value, np.ndarray):
        tensors[key] = np.asarray(value, order="C")
        return {"tensor": key}
    if isinstance(value, Given):
        return {"given": value.source, "arrays": encoded(value.arrays, key, tensors)["dict"]}
    if isinstance(value, dict):
        return {"dict": {name: encoded(part, f"{key}.{name}", tensors) for name, part in value.items()}}
    if isinstance(value, tuple | list):
        parts = [encoded(part, f"{key}.{place}", tensors) for place, part in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": parts}
    return {"value": value}


def encode_orders(task: Task, skip: set[str]) -> bytes:
    """One frame: the cells, the challenge inputs and the limits."""
    tensors: dict[str, Array] = {}
    cases = {
        check: [encoded(case.inputs, f"{check}/{number}", tensors)["dict"] for number, case in enumerate(drawn)]
        for check, drawn in task.cases.items()
    }
    sizes = {check: sum(t.nbytes for key, t in tensors.items() if key.startswith(f"{check}/")) for check in cases}
    answer_bytes = {check: max(MEGABYTE, 16 * size) for check, size in sizes.items()}
    orders: dict[str, Any] = {
        "cells": [asdict(cell) for cell in task.cells if cell.id not in skip],
        "cases": cases,
        "own_check": task.own_check,
        "limits": asdict(task.limits) | {"answer_bytes": answer_bytes},
    }
    if SENTENCES:  # in English the runner needs none
        orders["sentences"] = SENTENCES
    return wire.encode(orders, save(tensors))


class NotStarted(SandboxUnavailable):
    """The runner did not start: never the student's doing, since their code runs only after it has."""


@dataclass
class Started:
    """A runner under way: its processes and its pipe; and, once it has ended, whether by SIGKILL."""

    pids: tuple[int, ...]
    pipe: int
    killed: bool = False


def require_sandbox(packages: tuple[str, ...]) -> None:
    """Raises SandboxUnavailable if none starts here. What is started to find out stays, for the first notebook."""
    if forks.server(packages, RUNNER) is None:
        bubblewrap.probe()


@contextmanager
def forked(server: forks.ForkServer, task: Task, orders: int, errors: IO[bytes]) -> Iterator[Started]:
    """As ``started``, but forked from a process that has imported the task's packages. Raises forks.Broken if it cannot."""
    pipe, frames = os.pipe()
    with ExitStack() as stack:
        stack.callback(os.close, pipe)
        try:
            fork = stack.enter_context(server.fork(task.files, task.limits, orders, frames, errors.fileno()))
        finally:
            os.close(frames)
        runner = Started(fork.pids, pipe)
        yield runner
        stack.close()
        runner.killed = fork.killed


@contextmanager
def started(task: Task, orders: int, errors: IO[bytes]) -> Iterator[Started]:
    """The processes and the pipe of the runner, in a sandbox unless the task says otherwise.

    The runner has ended when the context is left.
    """
    with ExitStack() as stack:
        options: dict[str, Any]
        if task.protected:
            mounts = bubblewrap.Mounts(task.packages, RUNNER, task.files)
            program = bubblewrap.python([f"{bubblewrap.RUNNER}/run.py"])
            ready = stack.enter_context(bubblewrap.prepared(program, mounts, task.limits))
            program, options = ready.command, {"pass_fds": ready.descriptors, "cwd": "/"}
        else:
            folder = stack.enter_context(scratch.folder("run"))
            for path, name in task.files:
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, Path(folder, name))
            packages = dict.fromkeys(str(path.parent) for path, _ in runtime.package_paths(runtime.RUNNER_NEEDS))
            program = bubblewrap.python([str(RUNNER / "run.py"), str(RUNNER), *packages])
            environment = {"HOME": folder, "MPLBACKEND": "agg", "MPLCONFIGDIR": folder, "IPYTHONDIR": folder}
            environment |= bubblewrap.FOR_LIBRARIES
            options = {"cwd": folder, "env": environment, "start_new_session": True}
        streams: dict[str, Any] = {"stdin": orders, "stdout": subprocess.PIPE, "stderr": errors}
        process = stack.enter_context(subprocess.Popen(program, **streams, **options))
        assert process.stdout is not None
        runner = Started((process.pid,), process.stdout.fileno())
        try:
            yield runner
        finally:
            with suppress(subprocess.TimeoutExpired):
                runner.killed = process.wait(SECONDS_TO_LEAVE) in KILLED
            if process.poll() is None and task.protected:
                process.kill()  # the end of its first process is the end of its namespace
            elif process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Spent:
    """The time that runs of one notebook took: in ``earlier`` runs, and by now in this one."""

    limits: Limits
    processor: Callable[[], float]
    watch: meter.Watch
    earlier: tuple[float, float] = (0.0, 0.0)
    begun: tuple[float, float] = (0.0, 0.0)

    def now(self) -> tuple[float, float]:
        """Seconds of the processor and by the clock."""
        return self.earlier[0] + self.processor(), self.clock()

    def clock(self) -> float:
        return self.earlier[1] + self.watch.look()

    def begin(self) -> None:
        """A cell begins."""
        self.begun = self.now()

    def reached(self) -> TimeLimit | None:
        """The limit that is used up, the notebook's before the cell's."""
        now = self.now()
        for whole, seconds, since in (
            (True, self.limits.notebook_seconds, (0.0, 0.0)), (False, self.limits.cell_seconds, self.begun),
        ):  # fmt: skip
            for processor, most in ((True, seconds), (False, seconds * self.limits.waiting)):
                if now[not processor] - since[not processor] >= most:
                    return TimeLimit(most, processor, whole)
        return None


class Reader:
    """Reads one run's frames.

    The cells begin in the order in which they were sent, each once, and a run is done with its last. So a forged frame sets
    no clock back but by taking the next cell's time.
    """

    def __init__(
        self, task: Task, transcript: Transcript, skip: set[str], spent: Spent, replies: Replies | None = None
    ) -> None:
        self.task, self.transcript, self.spent, self.replies = task, transcript, spent, replies
        self.known = {cell.id: cell for cell in task.cells}
        self.to_come = [cell.id for cell in reversed(task.cells) if cell.id not in skip]
        self.current: str | None = None
        self.limit: TimeLimit | None = None
        self.ready = self.done = False

    def take(self, frame: Frame) -> None:
        """Enter one frame into the transcript; the first answer to a check stays.

        Raises BorderError if the run is said to be done before its last cell.
        """
        kind, cell = frame.kind, frame.text("cell")
        if kind == "ready":
            self.ready = True
        elif kind == "done" and self.to_come:
            raise BorderError("a run is said to be done before its last cell")
        elif kind == "done":
            self.done = True
        elif kind == "begin" and self.to_come and cell == self.to_come[-1]:
            self.current = self.to_come.pop()
            self.spent.begin()
        elif kind == "end" and cell == self.current:
            clock = self.spent.clock() - self.spent.begun[1]
            if clock >= self.spent.limits.cell_seconds:
                self.transcript.waited[cell] = clock
        elif kind in ("text", "png", "error") and cell in self.known:
            self.take_output(kind, cell, frame)
        elif kind == "answer":
            self.take_answer(frame)
        elif kind == "calls":
            self.take_calls(frame)
        elif kind == "question" and self.replies is not None:
            self.replies.add(*self.reply_to(frame))

    def reached(self) -> TimeLimit | None:
        """The limit of time that is used up; before the first cell it is the runner's."""
        if self.current is None:
            return TimeLimit(START_SECONDS, False) if self.spent.watch.look() >= START_SECONDS else None
        return self.spent.reached()

    def take_output(self, kind: str, cell: str, frame: Frame) -> None:
        output = self.transcript.output(cell)
        if kind == "text":
            self.take_text(output, frame.text("text", MOST_TEXT + ROOM_FOR_A_NOTE - len(output.text)))
        elif kind == "png" and len(output.pictures) < MOST_PICTURES and is_small_png(frame.block):
            self.transcript.picture_bytes += len(frame.block)
            if self.transcript.picture_bytes <= MOST_PICTURE_BYTES:
                output.pictures.append(frame.block)
        elif kind == "error" and output.error is None:
            output.error = named_error(frame.header.get("error"))

    def take_text(self, output: CellOutput, text: str) -> None:
        """Keep what a cell printed, until the whole notebook has printed as much as is kept; the cell where it ends says so."""
        left = MOST_TEXT_BYTES - self.transcript.text_bytes
        self.transcript.text_bytes += len(text.encode())
        if self.transcript.text_bytes <= MOST_TEXT_BYTES:
            output.text += text
        elif left >= 0:
            told = _("[The notebook printed more than {most} KB; the rest is left out]")
            kept = text.encode()[:left].decode(errors="ignore")
            output.text += f"{kept}\n{told.format(most=MOST_TEXT_BYTES >> 10)}\n"

    def take_calls(self, frame: Frame) -> None:
        """The first recording for a check that rests on another; it decides nothing but what is said."""
        check = frame.text("check")
        if check in self.transcript.calls or not any(cell.earlier for cell in self.task.cells if cell.check == check):
            return
        try:
            self.transcript.calls[check] = arrays(frame.block)
        except BorderError:
            self.transcript.calls[check] = {}

    def reply_to(self, frame: Frame) -> tuple[dict[str, Any], bytes]:
        """What an earlier function gives, if the reference calls it so: looked up, not computed."""
        number, cases = frame.header.get("case"), self.task.parts.get(frame.text("check"), [])
        known = cases[number : number + 1] if isinstance(number, int) and number >= 0 else []
        calls = known[0].get(frame.text("function")) if known else None
        try:
            found = calls and calls.result_of(read_result(frame.header.get("inputs"), arrays(frame.block)))
        except BorderError:
            found = None
        if not found:
            return {"found": False}, b""
        tensors: dict[str, Array] = {}
        return {"found": True, "result": encoded(found.result, "result", tensors)}, save(tensors)

    def take_answer(self, frame: Frame) -> None:
        check = frame.text("check")
        if check not in self.task.cases or check in self.transcript.answers:
            return
        try:
            self.transcript.answers[check] = read_answer(frame, len(self.task.cases[check]))
        except BorderError as error:
            self.transcript.answers[check] = Answer(False, ())
            self.transcript.malformed.append(f"{check}: {error}")


def named_error(value: Any) -> tuple[str, str]:
    """The name and message of an exception, from a header's object."""
    return text_in(value, "name", 80, _("an error")), text_in(value, "message", 500)


def read_answer(frame: Frame, count: int) -> Answer:
    """An answer in plain types. Raises BorderError if it has not one entry a case, or its arrays cannot be read."""
    if frame.header.get("missing") is True:
        return Answer(True, ())
    entries = frame.header.get("cases")
    if not isinstance(entries, list) or len(entries) != count:
        raise BorderError("an answer does not have one entry for each case")
    tensors = arrays(frame.block)
    return Answer(False, tuple(read_case(entry, tensors) for entry in entries))


def read_case(entry: Any, tensors: dict[str, Array]) -> CaseAnswer:
    if not isinstance(entry, dict):
        raise BorderError("a case is not an object")
    changed, shared = (names_in(entry.get(key)) for key in ("changed", "shared"))
    error = entry.get("error")
    if error is not None:
        place = error.get("place") if isinstance(error, dict) else None
        return CaseAnswer(error=named_error(error), raised_in=text_in(place, "function", 80), changed=changed)
    result = entry.get("result")
    if not isinstance(result, dict):
        raise BorderError("a case has neither a result nor an error")
    overwritten = entry.get("overwritten") is True
    return CaseAnswer(read_result(result, tensors), changed=changed, shared=shared, overwritten=overwritten)


def names_in(value: Any) -> tuple[str, ...]:
    return tuple(plain_text(str(name), 40) for name in value[:16]) if isinstance(value, list) else ()


def read_result(result: Any, tensors: dict[str, Array], depth: int = 0) -> Returned:
    """What a function is said to have returned: one value, or the parts of a tuple, a list or a dict.

    Raises BorderError if it is not an object, or has more parts or levels than the runner sends.
    """
    if not isinstance(result, dict) or depth > DEEPEST:
        raise BorderError("a result is not an object, or is nested too deeply")
    kind, dtype, parts = plain_text(str(result.get("type")), 80), result.get("dtype"), result.get("parts")
    if parts is not None:
        if not isinstance(parts, list) or len(parts) > MOST_PARTS or not all(is_named(part) for part in parts):
            raise BorderError("the parts of a result cannot be read")
        read = tuple((plain_text(name, 80), read_result(part, tensors, depth + 1)) for name, part in parts)
        return Returned(kind, parts=read)
    key = result.get("tensor")
    array = tensors.get(key) if isinstance(key, str) else None
    if array is not None:  # what is there counts, not what is said of it
        return Returned(kind, str(array.dtype), array.shape, array)
    shape = result.get("shape")
    told = tuple(int(n) for n in shape[:16] if isinstance(n, int)) if isinstance(shape, list) else ()
    return Returned(kind, plain_text(str(dtype or ""), 40), told)


def is_named(part: Any) -> bool:
    """Whether it is a pair of a name and something else."""
    return isinstance(part, list) and len(part) == 2 and isinstance(part[0], str)


def run_once(task: Task, skip: set[str], transcript: Transcript) -> bool:
    """Run the cells that are not skipped; True if the run came to its end. Else the culprit stands in the transcript.

    It is forked where that can be done; a fork server that was lost is replaced, once a run.
    """
    for again in (False, True):
        server = forks.server(task.packages, RUNNER) if task.protected else None
        if server is None:
            break
        try:
            return attempt(task, skip, transcript, partial(forked, server))
        except forks.Broken as error:
            if not again:
                forks.lost(server)
            else:
                forks.give_up(task.packages, RUNNER, str(error))
        except NotStarted as error:
            forks.give_up(task.packages, RUNNER, str(error))
    return attempt(task, skip, transcript, started)


def attempt(
    task: Task, skip: set[str], transcript: Transcript, start: Callable[..., AbstractContextManager[Started]]
) -> bool:
    """One run, started in one way. Raises NotStarted if it did not come to its first cell."""
    frames, why = FrameReader(task.limits.border_bytes - transcript.bytes_read), "malformed"
    earlier = transcript.processor_seconds, transcript.clock_seconds
    with tempfile.TemporaryFile() as errors, speaking(encode_orders(task, skip), bool(task.parts)) as (orders, replies):
        try:
            with start(task, orders, errors) as runner:
                spent = Spent(task.limits, partial(meter.processor_seconds, *runner.pids), meter.Watch(), earlier)
                reader = Reader(task, transcript, skip, spent, replies)
                try:
                    why = read_frames(runner.pipe, reader, frames)
                except BorderError as error:
                    transcript.malformed.append(str(error))
                waits = not meter.wants_processor(*runner.pids)
                transcript.processor_seconds, transcript.clock_seconds = spent.now()
        finally:
            transcript.bytes_read = task.limits.border_bytes - frames.left
        if not reader.ready and not STOP.is_set():
            errors.seek(0)
            raise NotStarted(f"The runner did not start: {errors.read(2000).decode(errors='replace').strip()}")
    if not reader.done and reader.current is not None:
        transcript.ended.setdefault(reader.current, why)
        transcript.disturbed |= why == "crashed" and runner.killed
        if reader.limit is not None:
            transcript.limits.setdefault(reader.current, reader.limit)
            transcript.disturbed |= spent.watch.paused or not (reader.limit.processor or waits)
    return reader.done


def read_frames(descriptor: int, reader: Reader, frames: FrameReader) -> str:
    """Read until the runner is done, its pipe closes ('crashed'), or the time is up ('timeout').

    A cell's time is up only when nothing is left to read: the frame that says that it ended may have come long ago.

    Raises BorderError if what comes cannot be read, or takes this side too long to read.
    """
    os.set_blocking(descriptor, False)
    begun = time.thread_time()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not reader.done and not STOP.is_set():
            if reader.replies is not None:
                reader.replies.write(selector)
            if is_readable(selector, descriptor, SECONDS_BETWEEN_LOOKS):
                data = os.read(descriptor, 1 << 16)
                if not data:
                    return "crashed"
                for frame in frames.feed(data):
                    reader.take(frame)
                if time.thread_time() - begun > reader.task.limits.border_seconds:
                    raise BorderError("what came out of the sandbox takes too long to read")
            limit = None if reader.done else reader.reached()
            if limit is not None and (limit.whole_notebook or not is_readable(selector, descriptor, 0)):
                reader.limit = limit
                return "timeout"
    return "done" if reader.done else "crashed"


def is_readable(selector: selectors.BaseSelector, descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, now or within so many seconds."""
    return any(key.fd == descriptor for key, _events in selector.select(seconds))


def execute(task: Task) -> Transcript:
    """Run a notebook; after a cell that hangs or crashes, run it again without that cell and the checks already answered.

    What ended because the grader or the machine stood still, or was killed (by whoever is short of memory), need be no
    student's doing: all of it is run once more.

    Raises SandboxUnavailable if the runner does not start; never the student's doing: their code runs only after it has.
    """
    transcript = runs_of(task)
    return runs_of(task) if transcript.disturbed else transcript


def runs_of(task: Task) -> Transcript:
    """The run of a notebook, and its reruns."""
    transcript = Transcript()
    by_check = {cell.check: cell.id for cell in task.cells if cell.check}
    skip: set[str] = set()
    for _run in range(MOST_RERUNS):
        if run_once(task, skip, transcript):
            break
        if STOP.is_set():
            raise Interrupted("The grader was interrupted.")
        answered = {by_check[check] for check in transcript.answers if check in by_check}
        before, skip = skip, skip | answered | set(transcript.ended)
        used_up = any(limit.whole_notebook for limit in transcript.limits.values())
        if skip == before or used_up or transcript.bytes_read >= task.limits.border_bytes:
            break
    return transcript
