"""The time that a sandbox takes, measured from outside, where nothing in it can touch the figures.

Source: Linux, proc_pid_stat(5) for the fields, proc_pid_task(5) for the children.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
STATE, USER, CHILDREN_SYSTEM = 0, 11, 14  # places behind the name, which stands in brackets and may hold anything
LONGEST_STEP = 2.0


def family(pid: int) -> Iterator[list[str]]:
    """The fields of a process and of all that descend from it; those that end meanwhile are left out."""
    todo = [pid]
    while todo:
        folder = Path(f"/proc/{todo.pop()}")
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            todo += [int(child) for file in folder.glob("task/*/children") for child in file.read_text().split()]
        except OSError:
            continue
        yield fields


def processor_seconds(pid: int) -> float:
    """What a process, its descendants and those of them that have ended took of the processors."""
    return sum(int(ticks) for one in family(pid) for ticks in one[USER : CHILDREN_SYSTEM + 1]) / TICKS


def wants_processor(pid: int) -> bool:
    """Whether one of them could run now: then it does not wait for anything but a processor."""
    return any(one[STATE] == "R" for one in family(pid))


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
