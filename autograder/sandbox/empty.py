"""Empty sandboxes: bubblewrap makes all of one, and a process that is running already enters it.

What all sandboxes with the same packages see alike is mounted once, below an empty folder, where only a process of ours sees
it. Each sandbox is then made from there, with as few mounts as it has things of its own: a hundred take 60 ms.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from autograder.sandbox import bubblewrap, scratch
from autograder.sandbox.bubblewrap import Mounts, SandboxUnavailable
from autograder.sandbox.limits import Limits

LEAVING_SECONDS = 5.0

# What it takes to enter the namespaces of a sandbox, and to become its user there.
ENTERING = ("CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL")


@contextmanager
def waiting(words: list[str], descriptors: tuple[int, ...] = ()) -> Iterator[tuple[int, int]]:
    """Run bwrap, which these words call, with ``cat`` as its program: the numbers of its process and of the first one inside.

    Both have ended when the context is left. Raises SandboxUnavailable if it does not start.
    """
    with ExitStack() as stack:
        told, telling = os.pipe()
        stack.callback(os.close, told)
        words = [*words, "--info-fd", str(telling), "--", bubblewrap.tool("cat")]
        streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        try:
            process = stack.enter_context(
                subprocess.Popen(words, pass_fds=(telling, *descriptors), cwd="/", bufsize=0, **streams)
            )
        finally:
            os.close(telling)
        stack.callback(leave, process)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        with suppress(BrokenPipeError):
            process.stdin.write(b".")
        if process.stdout.read(1) != b".":  # it comes back when everything is in place
            said = process.stderr.read(2000).decode(errors="replace").strip()
            raise SandboxUnavailable(f"The sandbox does not start: {said}")
        yield process.pid, int(json.loads(os.read(told, 1 << 12))["child-pid"])


def leave(process: subprocess.Popen[bytes]) -> None:
    """End what ``waiting`` began: with its input ``cat`` ends, and with a sandbox's first process all others."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(LEAVING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


class View:
    """What all sandboxes with these packages see alike, mounted once; a context.

    The mounts are held by descriptors of their namespaces, which no process need live for.
    """

    def __init__(self, packages: tuple[str, ...], runner: Path) -> None:
        self.packages, self.runner, self.stack = packages, runner, ExitStack()
        self.spaces: dict[str, int] = {}
        self.top = ""

    def __enter__(self) -> View:
        with ExitStack() as stack:
            self.top = f"{stack.enter_context(scratch.folder('sandbox'))}"
            own = [] if os.geteuid() == 0 else [bubblewrap.tool("unshare"), "--user", "--map-root-user", "--"]
            places = [f"{self.top}{name}" for name in (bubblewrap.WORK, "/tmp", "/dev")]  # noqa: S108 - the sandbox's own
            words = [
                *own, bubblewrap.bwrap(), "--die-with-parent", "--new-session", "--dev-bind", "/", "/",
                "--perms", "0755", "--tmpfs", self.top,
                *bubblewrap.shared_view(self.packages, self.runner, self.top),
                *bubblewrap.shown(bubblewrap.tool("cat"), self.top),
                *(word for place in places for word in ("--perms", "0755", "--dir", place)), "--remount-ro", self.top,
            ]  # fmt: skip
            with waiting(words) as (_outside, inside):
                for name in ("mnt",) if os.geteuid() == 0 else ("mnt", "user"):
                    self.spaces[name] = os.open(f"/proc/{inside}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
                    stack.callback(os.close, self.spaces[name])
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_about: object) -> None:
        self.stack.close()

    def entered(self, folder: str, limits: Limits) -> list[str]:
        """What stands before bwrap: there, the view is seen, and in ``folder`` two small empty folders."""
        at = {name: f"/proc/{os.getpid()}/fd/{descriptor}" for name, descriptor in self.spaces.items()}
        into = [f"--mount={at['mnt']}"]
        if "user" in at:
            into += [f"--user={at['user']}", "--preserve-credentials"]
        small = bubblewrap.making_small_folders(folder, limits)
        return [bubblewrap.tool("nsenter"), *into, "--", bubblewrap.tool("unshare"), "--mount", "--", *small]

    def server_command(self, program: list[str], folder: str, limits: Limits) -> list[str]:
        """A program of ours in that view and without a network, which may enter the sandboxes."""
        allowed = [word for name in ENTERING for word in ("--cap-add", name)]
        return [
            *self.entered(folder, limits), bubblewrap.bwrap(), "--unshare-net", "--unshare-ipc", "--unshare-uts",
            "--die-with-parent", *bubblewrap.surroundings(), *allowed, "--ro-bind", self.top, "/",
            *bubblewrap.own_view(Mounts(self.packages, self.runner), folder), "--chdir", bubblewrap.WORK, "--", *program,
        ]  # fmt: skip

    @contextmanager
    def sandbox(self, files: tuple[tuple[Path, str], ...], limits: Limits) -> Iterator[tuple[int, int]]:
        """A sandbox like that of ``bubblewrap.command``, in which nothing runs but ``cat``: as ``waiting`` says.

        Whoever enters it becomes its user themselves.
        """
        with bubblewrap.refusals() as code, scratch.folder("sandbox") as folder:
            identity = [] if os.geteuid() == 0 else list(bubblewrap.OWN_USERS)
            words = [
                *self.entered(folder, limits), bubblewrap.bwrap(), *bubblewrap.NAMESPACES, "--die-with-parent", "--as-pid-1",
                *bubblewrap.surroundings(), *identity, "--ro-bind", self.top, "/",
                *bubblewrap.own_view(Mounts(self.packages, self.runner, files), folder), "--chdir", bubblewrap.WORK,
                "--seccomp", str(code),
            ]  # fmt: skip
            with waiting(words, (code,)) as processes:
                yield processes
