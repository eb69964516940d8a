"""Modules of nbgrader, without what ``import nbgrader`` brings along: servers, commands and packages that take a second to load.

Python runs the beginning of a package before any module in it. Here it is left for when somebody asks for what it defines.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from threading import RLock
from types import ModuleType
from typing import Any

LATE = ("nbgrader", "nbformat")
# What nbgrader's commands, which do not run here, would ask of other packages, and what stands in annotations alone. It is
# there by name while one of nbgrader's modules is loaded, and gone afterwards.
MENTIONED = {
    "nbgrader.auth": ("Authenticator",),
    "setuptools": (),
    "setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile"),
}


def part(name: str) -> ModuleType:
    """The module of that name, as ``nbgrader.api``."""
    if "nbgrader" in sys.modules and "__getattr__" not in vars(sys.modules["nbgrader"]):  # it is loaded as a whole
        return importlib.import_module(name)
    for package in LATE:
        if package not in sys.modules:
            sys.modules[package] = late(package)
    added = {module: mentioned(module) for module in MENTIONED if module not in sys.modules}
    sys.modules.update(added)
    try:
        return importlib.import_module(name)
    finally:
        for module in added:
            del sys.modules[module]


def late(name: str) -> ModuleType:
    """A package that begins when it is asked for what it does not have yet."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package, lock, begun = importlib.util.module_from_spec(spec), RLock(), False
    loader = spec.loader

    def found(attribute: str) -> Any:
        nonlocal begun
        with lock:
            if not begun and importlib.util.find_spec(f"{name}.{attribute}") is not None:
                return importlib.import_module(f"{name}.{attribute}")
            if not begun:
                begun = True
                loader.exec_module(package)
            if attribute in vars(package):
                return vars(package)[attribute]
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    vars(package)["__getattr__"] = found
    return package


def mentioned(module: str) -> ModuleType:
    stand_in = ModuleType(module)
    for name in MENTIONED[module]:
        setattr(stand_in, name, type(name, (), {}))
    return stand_in
