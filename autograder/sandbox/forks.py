"""The grader's side of the fork server: start-up is paid once, and each submission gets a fork in a sandbox of its own.

``bubblewrap`` makes each sandbox, as it does for a program of its own; the fork enters it before it reads a byte of the
submission (``runner/entering.py``). Where that cannot be done on a machine, ``server`` says None, and a runner is started anew
for each submission.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.sandbox import bubblewrap, runtime, scratch
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.empty import View
from autograder.sandbox.limits import Limits

SWITCH = "AUTOGRADER_FORK"  # "no": start a runner anew for each submission
START_SECONDS, ANSWER_SECONDS = 60.0, 20.0
LARGEST_ANSWER = 1 << 12
# What is imported before there is a notebook, by the name of the package that brings it.
MODULES = {"matplotlib": ("matplotlib.pyplot",)}


class Broken(Exception):
    """The fork server ended, does not answer, or cannot fork."""


@dataclass
class Fork:
    """Two processes, whose families are all of a sandbox: bwrap's, and the fork; and, once it has ended, whether by SIGKILL."""

    pids: tuple[int, int]
    killed: bool = False


class ForkServer:
    """One process that has imported certain packages. Its methods may be called by several threads."""

    def __init__(self, packages: tuple[str, ...], runner: Path) -> None:
        self.packages, self.runner = packages, runner
        self.lock, self.stack = threading.Lock(), ExitStack()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = self.stack.enter_context(mine)
        mine.settimeout(START_SECONDS)
        self.view = self.stack.enter_context(View(self.packages, self.runner))
        folder = self.stack.enter_context(scratch.folder("sandbox"))
        errors = self.stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stack
        modules = [module for name in self.packages for module in MODULES.get(name, (name,))]
        program = bubblewrap.python([f"{bubblewrap.RUNNER}/fork_server.py", *modules])
        words = self.view.server_command(program, folder, Limits())
        with theirs:
            self.process = subprocess.Popen(
                words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=errors, cwd="/"
            )
        self.stack.callback(self._end)
        try:
            self.pid = int(self._heard()["pid"])
        except Broken as error:
            errors.seek(0)
            said = errors.read(2000).decode(errors="replace").strip()
            raise Broken(f"{error} {said}".strip()) from error
        mine.settimeout(ANSWER_SECONDS)

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.stack.close()

    def _heard(self) -> dict[str, Any]:
        try:
            data = self.control.recv(LARGEST_ANSWER)
        except OSError as error:
            raise Broken(f"The fork server does not answer ({error}).") from error
        if not data:
            raise Broken("The fork server has ended.")
        said: dict[str, Any] = json.loads(data)
        return said

    def _asked(self, request: dict[str, Any], descriptors: tuple[int, ...] = ()) -> dict[str, Any]:
        with self.lock:
            try:
                socket.send_fds(self.control, [json.dumps(request).encode()], descriptors)
            except OSError as error:
                raise Broken("The fork server has ended.") from error
            return self._heard()

    @contextmanager
    def fork(
        self, files: tuple[tuple[Path, str], ...], limits: Limits, orders: int, frames: int, errors: int
    ) -> Iterator[Fork]:
        """A fork in a sandbox of its own, all of which has ended when the context is left.

        Raises Broken if there is no fork, or no sandbox for one.
        """
        request = {"filter": bubblewrap.filter_program().hex(), "uid": bubblewrap.own_user(), "folder": bubblewrap.WORK}
        with ExitStack() as stack:
            try:
                outside, first = stack.enter_context(self.view.sandbox(files, limits))
            except (SandboxUnavailable, OSError) as error:  # the view is gone, say; another way may do
                raise Broken(str(error)) from error
            sandbox = os.pidfd_open(first)
            try:
                said = self._asked(request, (sandbox, orders, frames, errors))
            finally:
                os.close(sandbox)
            if "pid" not in said:
                raise Broken(f"The fork server cannot fork: {said.get('error')}.")
            fork = Fork((outside, said["pid"]))
            stack.callback(self._forget, fork)
            yield fork

    def _forget(self, fork: Fork) -> None:
        """End a fork, if it has not ended, and let its number go."""
        try:
            fork.killed = bool(self._asked({"end": fork.pids[1]})["killed"])
        except Broken:
            return


_servers: dict[tuple[str, ...], ForkServer] = {}
_broken: dict[tuple[str, ...], str] = {}
_owner = os.getpid()
_lock = threading.Lock()
# A program that ends with its parent ends with the thread that started it; so one thread starts all, and stays.
_starter = ThreadPoolExecutor(1, thread_name_prefix="fork-server")


def server(packages: tuple[str, ...], runner: Path) -> ForkServer | None:
    """The fork server for these packages, started if there is none; None where there can be none, or none is wanted."""
    key = (*packages, str(runner))
    with _lock:
        if os.getpid() != _owner or key in _broken or os.environ.get(SWITCH) == "no":
            return None
        running = _servers.get(key)
        if running is not None and running.process.poll() is not None:
            running.stop()
            running = None
        if running is None:
            try:
                running = _servers[key] = _starter.submit(ForkServer, packages, runner).result()
            except (Broken, SandboxUnavailable, OSError, runtime.MissingPackage) as error:
                _broken[key] = str(error)
        return running


def why_none(packages: tuple[str, ...], runner: Path) -> str:
    """Why ``server`` said None."""
    return _broken.get((*packages, str(runner)), f"{SWITCH} says no")


def give_up(packages: tuple[str, ...], runner: Path, why: str) -> None:
    """Do without: the server for these packages did not do what it should."""
    key = (*packages, str(runner))
    with _lock:
        running = _servers.pop(key, None)
        _broken[key] = why
    if running is not None:
        running.stop()


def lost(running: ForkServer) -> None:
    """A server that has ended: the next one who asks gets another."""
    with _lock:
        for key in [key for key, one in _servers.items() if one is running]:
            del _servers[key]
    running.stop()


def stop_all() -> None:
    with _lock:
        running = list(_servers.values())
        _servers.clear()
    for one in running:
        one.stop()


atexit.register(stop_all)
