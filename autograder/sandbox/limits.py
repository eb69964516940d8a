"""What one sandbox may take, and so what a machine must have for each worker."""

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The bounds of one sandbox.

    Memory is bounded for the whole sandbox: no process takes more than ``address_space``, there are at most ``processes``
    of them (threads count), and files lie in one memory file system of ``folder`` bytes and ``files`` entries. The system
    calls known to take memory in another way are refused (``seccomp``). What is left are the kernel's own buffers: at most
    ``open_files`` pipes or socket pairs a process, which ``kernel`` allows for.

    Time is processor time, of all processes together. By the clock there may pass ``waiting`` times as much, for what
    waits, and for a busy machine. What comes out is ``border_bytes`` at most, and the grader takes ``border_seconds`` of
    processor time at most to read it.
    """

    address_space: int = 1536 * MEGABYTE
    processes: int = 3
    folder: int = 64 * MEGABYTE
    files: int = 4096
    kernel: int = 128 * MEGABYTE
    open_files: int = 128
    cell_seconds: float = 10.0
    notebook_seconds: float = 120.0
    waiting: float = 3.0
    text_bytes: int = 64 * 1024
    border_bytes: int = 64 * MEGABYTE
    border_seconds: float = 5.0

    @property
    def memory(self) -> int:
        """The most that a sandbox can take, in bytes."""
        return self.processes * self.address_space + self.folder + self.kernel
