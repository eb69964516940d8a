"""What the grader says to a sandbox: the orders, and in runs that may ask, the replies, in the order of the questions."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from autograder.grading.border import BorderError
from autograder.runner import wire

MOST_WAITING = 8 << 20  # bytes: more is not kept for one who asks and does not read


def sealed(data: bytes) -> int:
    """A file descriptor that holds ``data`` and that nobody can write to: the sandbox's standard input."""
    import fcntl

    descriptor = os.memfd_create("orders", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Replies:
    """Frames on their way into a pipe that may be full: never waited for."""

    def __init__(self, descriptor: int, orders: bytes) -> None:
        self.descriptor, self.waiting, self.watched = descriptor, bytearray(orders), False
        os.set_blocking(descriptor, False)

    def add(self, header: Mapping[str, object], block: bytes) -> None:
        """Raises BorderError if too much waits already."""
        if len(self.waiting) > MOST_WAITING:
            raise BorderError("questions come, and no reply is read")
        self.waiting += wire.encode(header, block)

    def write(self, selector: selectors.BaseSelector) -> None:
        """Write what the pipe takes, and have the selector wake whoever waits when it takes more."""
        with suppress(BlockingIOError):
            while self.waiting:
                try:
                    written = os.write(self.descriptor, self.waiting)
                except BrokenPipeError:  # the run has ended, which its own pipe says
                    written = len(self.waiting)
                del self.waiting[:written]
        if bool(self.waiting) != self.watched:
            self.watched = not self.watched
            if self.watched:
                selector.register(self.descriptor, selectors.EVENT_WRITE)
            else:
                selector.unregister(self.descriptor)


@contextmanager
def speaking(orders: bytes, may_ask: bool) -> Iterator[tuple[int, Replies | None]]:
    """The sandbox's standard input, which gives the orders; to one that may ask, the replies after them."""
    if not may_ask:
        descriptor = sealed(orders)
        try:
            yield descriptor, None
        finally:
            os.close(descriptor)
        return
    descriptor, ours = os.pipe()
    try:
        yield descriptor, Replies(ours, orders)
    finally:
        os.close(descriptor)
        os.close(ours)
