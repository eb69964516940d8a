"""The time that a sandbox takes, measured from outside, where nothing in it can touch the figures.

Source: Linux, proc_pid_stat(5) for the fields, proc_pid_task(5) for the children.
"""

import os
import time
from collections.abc import Callable, Iterator

TICKS = os.sysconf("SC_CLK_TCK")
# Places behind the name, which stands in brackets and may hold anything.
STATE, USER, CHILDREN_SYSTEM, THREADS = 0, 11, 14, 17
LONGEST_STEP = 2.0


def family(pid: int) -> Iterator[list[str]]:
    """The fields of a process and of all that descend from it; those that end meanwhile are left out."""
    todo = [pid]
    while todo:
        own = todo.pop()
        try:
            fields = contents(f"/proc/{own}/stat").rpartition(")")[2].split()
            threads = os.listdir(f"/proc/{own}/task") if fields[THREADS] != "1" else [str(own)]
            for thread in threads:
                todo += [int(child) for child in contents(f"/proc/{own}/task/{thread}/children").split()]
        except OSError:
            continue
        yield fields


def contents(path: str) -> str:
    """A small file of the kernel's, read at once: this is asked for at each cell's beginning and end."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16).decode(errors="replace")
    finally:
        os.close(descriptor)


def processor_seconds(*pids: int) -> float:
    """What processes, their descendants and those of them that have ended took of the processors."""
    ticks = (int(ticks) for pid in pids for one in family(pid) for ticks in one[USER : CHILDREN_SYSTEM + 1])
    return sum(ticks) / TICKS


def wants_processor(*pids: int) -> bool:
    """Whether one of them could run now: then it does not wait for anything but a processor."""
    return any(one[STATE] == "R" for pid in pids for one in family(pid))


class Watch:
    """Seconds by the clock while somebody looks.

    Whoever looks should do so more than once in LONGEST_STEP. If not, they were stopped themselves (Ctrl-Z, a suspended
    or overloaded machine): no more than one step is counted then, and the pause is noted.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now, self.last, self.seconds, self.paused = now, now(), 0.0, False

    def look(self) -> float:
        step = self.now() - self.last
        self.last += step
        self.seconds += min(step, LONGEST_STEP)
        self.paused = self.paused or step > LONGEST_STEP
        return self.seconds
