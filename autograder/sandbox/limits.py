"""What one sandbox may take, and so what a machine must have for each worker."""

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The bounds of one sandbox.

    Memory is bounded for the whole sandbox: no process takes more than ``address_space``, there are at most ``processes``
    of them (threads count), and files lie in two folders of ``folder`` bytes each. All system calls that take memory in
    another way are refused (``seccomp``).
    """

    address_space: int = 1536 * MEGABYTE
    processes: int = 3
    folder: int = 32 * MEGABYTE
    open_files: int = 128
    cell_seconds: float = 10.0
    notebook_seconds: float = 120.0
    text_bytes: int = 64 * 1024
    border_bytes: int = 64 * MEGABYTE

    @property
    def memory(self) -> int:
        """The most that a sandbox can take, in bytes."""
        return self.processes * self.address_space + 2 * self.folder
