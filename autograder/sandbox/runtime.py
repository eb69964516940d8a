"""What a sandbox can import: the named packages with all they need, and nothing else of the environment.

The environment that grades also holds the reference code and the grader. So a sandbox does not see its site-packages; it
sees the folders of the packages that an exercise allows, one by one.
"""

import functools
import importlib.metadata
import shutil
import site
import sys
import sysconfig
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.errors import UserError
from autograder.sandbox import libraries

RUNNER_NEEDS = ("numpy", "ipython", "safetensors")


class MissingPackage(UserError):
    """A package that an exercise allows is not installed."""


@functools.cache
def distributions(names: tuple[str, ...]) -> tuple[str, ...]:
    """The named distributions and all that they require, sorted."""
    found: set[str] = set()
    todo = {canonicalize_name(name) for name in names}
    while todo:
        name = todo.pop()
        found.add(name)
        try:
            needed = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        except importlib.metadata.PackageNotFoundError as error:
            raise MissingPackage(f"The package {name} is not installed; run 'make setup'.") from error
        needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
        todo |= {canonicalize_name(one.name) for one in needed} - found
    return tuple(sorted(found))


@functools.cache
def package_paths(names: tuple[str, ...]) -> tuple[tuple[Path, str], ...]:
    """Each top-level file or folder of these distributions, with the name it has in site-packages."""
    paths: dict[str, Path] = {}
    for name in distributions(names):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            top = file.parts[0]
            if top in ("..", "__pycache__") or top.endswith(".pth") or top in paths:
                continue
            path = Path(str(distribution.locate_file(top))).resolve()
            if path.exists():
                paths[top] = path
    return tuple((path, top) for top, path in sorted(paths.items()))


@functools.cache
def importable(packages: tuple[str, ...]) -> frozenset[str]:
    """The top-level modules that code in a sandbox with these packages can import."""
    found = (Path(name).name.partition(".")[0] for _, name in package_paths(tuple(sorted({*RUNNER_NEEDS, *packages}))))
    return frozenset({*sys.stdlib_module_names, *found})


@functools.cache
def interpreter() -> Path:
    """The real interpreter behind the virtual environment."""
    return Path(sys.executable).resolve()


@functools.cache
def system_paths() -> tuple[Path, ...]:
    """The interpreter's own files."""
    base = Path(sys.base_prefix).resolve()
    variables = dict.fromkeys(("base", "installed_base", "platbase", "installed_platbase"), str(base))
    paths = [Path(sysconfig.get_path(name, vars=variables)) for name in ("stdlib", "platstdlib")]
    paths += [interpreter(), *(base / "lib").glob("libpython3*.so*")]
    unique = dict.fromkeys(path for path in paths if path.exists())
    return tuple(path for path in unique if not any(other in path.parents for other in unique))


@functools.cache
def library_paths(names: tuple[str, ...]) -> tuple[tuple[Path, str], ...]:
    """The system's libraries that the interpreter and these distributions need, each with the path that it is looked for at."""
    programs = [path / "lib-dynload" if path.is_dir() else path for path in system_paths()]
    programs += [path for path, _name in package_paths(names)]
    return libraries.system_libraries(
        (*programs, *(Path(tool) for tool in map(shutil.which, ("setpriv", "cat")) if tool))
    )


@functools.cache
def hidden_paths() -> tuple[Path, ...]:
    """Folders inside the system paths that a sandbox must not see: packages installed for the whole system."""
    candidates = {Path(path) for path in site.getsitepackages([str(Path(sys.base_prefix).resolve()), "/usr"])}
    candidates |= {Path(sysconfig.get_path("stdlib")) / name for name in ("site-packages", "dist-packages", "test")}
    candidates |= {Path("/usr/lib/python3/dist-packages")}
    shown = system_paths()
    return tuple(sorted(path for path in candidates if path.is_dir() and any(s in path.parents for s in shown)))
