"""What a command costs with everything that it starts: processor time, time on the clock, and its own memory.

A sandbox that is killed from outside is waited for by nobody in the measured command, and its time reaches nobody's account
of children. So each command runs in a control group of its own, which counts every process that was ever in it. Where no
group can be made, the operating system's account of children (rusage) is taken instead, and ``COUNTED`` says so.

Memory is that of the command's own processes, without sandboxes: every tenth of a second the proportional set sizes (PSS, in
which memory that processes share counts once) are added up over the processes of the group that live in our own namespace of
process numbers and are not bubblewrap itself. What runs inside a sandbox lives in another.
"""

import itertools
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

JOIN = 'echo 0 > "$0/cgroup.procs" && exec "$@"'
SECONDS_BETWEEN_SAMPLES, SECONDS_TO_END = 0.1, 10.0
NUMBERS = itertools.count()
PROC = Path("/proc")


@dataclass(frozen=True)
class Place:
    """Where control groups can be made, and the file of a group that holds its processor time."""

    folder: Path
    file: str

    def seconds(self, group: Path) -> float:
        words = (group / self.file).read_text().split()
        # Version 2 has names and microseconds, version 1 a single number of nanoseconds.
        return int(words[0]) / 1e9 if len(words) == 1 else int(words[words.index("usage_usec") + 1]) / 1e6

    def make(self) -> Path:
        group = self.folder / f"benchmark-{os.getpid()}-{next(NUMBERS)}"
        group.mkdir()
        return group


def candidates() -> Iterator[Place]:
    """The groups of this process in each mounted hierarchy that counts processor time."""
    with suppress(OSError):
        own = {
            names: path.lstrip("/")
            for _, names, path in (line.split(":", 2) for line in (PROC / "self/cgroup").read_text().splitlines())
        }
        for line in (PROC / "mounts").read_text().splitlines():
            _, folder, kind, options, *_ = line.split()
            if kind == "cgroup2":
                yield Place(Path(folder) / own.get("", ""), "cpu.stat")
            elif kind == "cgroup" and "cpuacct" in options.split(","):
                path = next((path for names, path in own.items() if "cpuacct" in names.split(",")), "")
                yield Place(Path(folder) / path, "cpuacct.usage")


def find_place() -> Place | None:
    """The first place in which a process can be put into a new group, and is counted there."""
    for place in candidates():
        with suppress(OSError, ValueError):
            group = place.make()
            try:
                command = ["/bin/sh", "-c", JOIN, str(group), "/bin/sh", "-c", ":"]
                done = subprocess.run(command, check=False, capture_output=True)
                if done.returncode == 0 and place.seconds(group) > 0:
                    return place
            finally:
                group.rmdir()
    return None


PLACE = find_place()
COUNTED = PLACE.file if PLACE else "rusage"


def of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def below(root: int) -> list[int]:
    """A process and its descendants, for machines without control groups."""
    children: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for process in found:  # grows while it is walked
        found += children.get(process, [])
    return found


def is_own(process: int) -> bool:
    """Whether a process is outside of sandboxes."""
    namespace, name = PROC / f"{process}/ns/pid", (PROC / f"{process}/comm").read_text().strip()
    return name != "bwrap" and os.readlink(namespace) == os.readlink(PROC / "self/ns/pid")


def called(process: int) -> str:
    """The end of a process's command line, enough to know it by."""
    return (PROC / f"{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[-60:]


def proportional_mb(process: int) -> float:
    for line in (PROC / f"{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def told(found: dict[int, float]) -> Iterator[str]:
    """The processes with their memory in words, the largest first."""
    for process in sorted(found, key=found.__getitem__, reverse=True):
        with suppress(OSError):
            yield f"{found[process]:.0f} MB: {called(process)}"


@dataclass
class Running:
    """A command under way; what it cost is known once ``measured`` is left."""

    process: subprocess.Popen[bytes]
    group: Path | None
    begun: float = field(default_factory=time.perf_counter)
    before: float = field(default_factory=of_children)
    processor_s: float = 0.0
    wall_s: float = 0.0
    peak_mb: float = 0.0
    peak_of: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def processes(self) -> list[int]:
        if self.group is None:
            return below(self.process.pid)
        return [int(word) for word in (self.group / "cgroup.procs").read_text().split()]

    def since(self) -> float:
        """Seconds on the clock until now."""
        return time.perf_counter() - self.begun

    def used(self) -> float:
        """Seconds of processor time until now; from rusage, of what has ended."""
        if self.group is None or PLACE is None:
            return of_children() - self.before
        return PLACE.seconds(self.group)

    def sample(self) -> None:
        while not self.ended.wait(SECONDS_BETWEEN_SAMPLES):
            found: dict[int, float] = {}
            for process in self.processes():
                with suppress(OSError):  # it has ended meanwhile
                    if is_own(process):
                        found[process] = proportional_mb(process)
            if sum(found.values()) > self.peak_mb:
                self.peak_mb, self.peak_of = sum(found.values()), list(told(found))

    def close(self) -> None:
        """Let what is left of the group end, by force in the end, and take the group away."""
        if self.group is None:
            return
        last = time.monotonic() + SECONDS_TO_END
        while self.processes() and time.monotonic() < last:
            time.sleep(0.02)
        while left := self.processes():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, 9)
            time.sleep(0.02)
        self.processor_s = self.used()
        self.group.rmdir()


@contextmanager
def measured(
    command: list[str], folder: Path, environment: dict[str, str], out: IO[Any] | int, err: IO[Any] | int
) -> Iterator[Running]:
    """Start a command, and at the end wait for it and fill in what it cost."""
    group = PLACE.make() if PLACE else None
    joined = ["/bin/sh", "-c", JOIN, str(group), *command] if group else command
    begun, before = time.perf_counter(), of_children()
    process = subprocess.Popen(joined, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    running = Running(process, group, begun, before)
    sampler = threading.Thread(target=running.sample, daemon=True)
    sampler.start()
    try:
        yield running
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        running.wall_s = running.since()
        running.ended.set()
        sampler.join()
        running.processor_s = of_children() - before
        running.close()
