"""Matplotlib's list of fonts, made once a process: without it each sandbox would search the font files anew (0.5 s)."""

import atexit
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from autograder.sandbox import scratch

CONFIGURATION = "/tmp/matplotlib"  # noqa: S108 - inside the sandbox; matplotlib asks for a folder that it may write to

_made: list[str] = []
_kept = ExitStack()
atexit.register(_kept.close)
_lock = threading.Lock()


def font_list() -> Path | None:
    """The file that matplotlib keeps its list in, with the fonts that it brings along; None without matplotlib."""
    with _lock:
        if not _made:
            _made.append(_kept.enter_context(scratch.folder("fonts")))
            subprocess.run(
                [sys.executable, "-c", "import matplotlib.font_manager"],
                env=os.environ | {"MPLCONFIGDIR": _made[0], "MPL_IGNORE_SYSTEM_FONTS": "1"},
                check=False, capture_output=True,
            )  # fmt: skip
    return next(Path(_made[0]).glob("fontlist-*.json"), None)


def bind_arguments() -> list[str]:
    """What bwrap mounts: a writable folder, and the list in it, which the sandbox can read only."""
    path = font_list()
    folder = ["--perms", "1777", "--dir", CONFIGURATION]
    return [] if path is None else [*folder, "--ro-bind", str(path), f"{CONFIGURATION}/{path.name}"]
