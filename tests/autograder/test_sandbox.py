"""The sandbox by itself: what a program in it can and cannot do, in the mode of whoever runs the tests."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from autograder import doctor
from autograder.sandbox import bubblewrap, runtime, seccomp
from autograder.sandbox.limits import MEGABYTE, Limits
from tests.autograder.conftest import ROOT

RUNNER = ROOT / "autograder" / "runner"
BOUND = """
import sys
sys.path[:0] = ["/runner", "/packages"]
import run, json
from dataclasses import asdict
run.set_limits(json.loads(sys.argv[1]))
"""


def inside(
    program: str,
    *arguments: str,
    packages: tuple[str, ...] = ("numpy",),
    bound: bool = True,
    files: tuple[tuple[Path, str], ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program in a sandbox, under the runner's limits."""
    limits = Limits()
    source = (BOUND if bound else "") + program
    mounts = bubblewrap.Mounts(packages, RUNNER, files)
    return bubblewrap.run(
        bubblewrap.python(["-c", source, json.dumps(asdict(limits)), *arguments]), mounts, limits, 120
    )


def test_nothing_that_the_doctor_tries_gets_out() -> None:
    assert doctor.escapes(doctor.in_a_program) == []


def test_a_listener_on_the_host_is_out_of_reach() -> None:
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def listen() -> None:
            try:
                connection, _ = server.accept()
            except (TimeoutError, OSError):
                return
            heard.append(connection.recv(10))
            connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        result = inside(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=5).send(b'hello')")
        server.close()
        thread.join(timeout=25)
    assert result.returncode != 0
    assert heard == []


def test_an_exercises_files_can_be_read_in_their_folders_and_not_written(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("as it was")
    read = inside("print(open('data/more/kept.txt').read())", files=((kept, "data/more/kept.txt"),))
    assert read.stdout.strip() == "as it was", read.stderr
    for program in ("open('data/more/kept.txt', 'w')", "import os; os.remove('data/more/kept.txt')"):
        written = inside(program, files=((kept, "data/more/kept.txt"),))
        assert written.returncode != 0, program
        assert "Error" in written.stderr
    assert kept.read_text() == "as it was"


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK"])
def test_no_socket_but_a_pair(family: str) -> None:
    result = inside(f"import socket\nsocket.socket(socket.{family}, socket.SOCK_DGRAM)")
    assert "Error" in result.stderr
    assert inside("import socket\nsocket.socketpair()").returncode == 0


@pytest.mark.parametrize(
    "name",
    ["solutions", "autograder", "autograder.exercise", "nbgrader", "torch", "_pytest", "pip"],
)
def test_a_package_that_the_exercise_does_not_allow_cannot_be_imported(name: str) -> None:
    result = inside(f"import {name}")
    assert "ModuleNotFoundError" in result.stderr


def test_the_packages_of_the_exercise_can_be_imported() -> None:
    result = inside(
        "import numpy, matplotlib.pyplot, IPython\nprint(numpy.arange(3).sum())", packages=("numpy", "matplotlib")
    )
    assert (result.stdout.strip(), result.returncode) == ("3", 0), result.stderr


@pytest.mark.parametrize(
    "path",
    [ROOT, ROOT / "solutions", ROOT / "exercises", Path("/etc/passwd"), Path("/home"), Path("/var"), Path("/proc")],
)
def test_no_file_of_the_repository_or_the_system_is_there(path: Path) -> None:
    result = inside(f"import os\nprint(os.path.exists({str(path)!r}))\nprint(os.listdir('/'))")
    assert result.stdout.startswith("False"), result.stdout + result.stderr


def test_of_the_system_only_libraries_that_something_needs_are_there() -> None:
    """Each program of the host that can be read there is one that an attack can be prepared for."""
    program = """
import os
seen = [os.path.join(folder, name) for top in ("/usr", "/lib64", "/etc") for folder, _, names in os.walk(top) for name in names]
print(*seen, sep="\\n")
"""
    shown = inside(program).stdout.split()
    libraries = {place for _path, place in runtime.library_paths(tuple(sorted({*runtime.RUNNER_NEEDS, "numpy"})))}
    allowed = (*(str(path) for path in runtime.system_paths()), str(bubblewrap.CHARACTERS), "/usr/bin/setpriv")
    assert "libc.so.6" in "".join(shown)
    assert [path for path in shown if path not in libraries and not path.startswith(("/lib64/", *allowed))] == []
    assert not any(name in path for path in libraries for name in ("libtk", "libX11", "libsystemd"))


def test_what_the_interpreter_brings_along_finds_its_libraries() -> None:
    program = """
import bz2, ctypes, hashlib, locale, lzma, sqlite3, threading, uuid, zlib
locale.setlocale(locale.LC_ALL, "C.UTF-8")
thread = threading.Thread(target=print, args=(hashlib.sha256(b"").hexdigest()[:4],))
thread.start()
thread.join()
print(sqlite3.connect("/notebook/x.db").execute("SELECT 1").fetchone())
"""
    result = inside(program)
    assert result.stdout.split() == ["e3b0", "(1,)"], result.stderr


def test_a_lock_on_a_shared_file_is_seen_by_nobody_else(tmp_path: Path) -> None:
    """The sandbox holds its locks until the host has looked."""
    shared = tmp_path / "shared.txt"
    shared.write_text("x")
    program = """
import fcntl, sys, time
file = open("/notebook/shared.txt")
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
print("locked", flush=True)
sys.stdin.read()
"""
    mounts = bubblewrap.Mounts(("numpy",), RUNNER, ((shared, "shared.txt"),))
    with bubblewrap.prepared(bubblewrap.python(["-c", program]), mounts, Limits()) as ready:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(ready.command, pass_fds=ready.descriptors, cwd="/", text=True, **pipes) as process:
            assert process.stdout is not None
            told = process.stdout.readline()
            with shared.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _out, errors = process.communicate("")
    assert told == "locked\n", errors


@pytest.mark.parametrize("command", ["F_SETLEASE", "F_NOTIFY"])
def test_who_else_opens_a_file_is_not_told(command: str) -> None:
    result = inside(f"import fcntl, os\nfcntl.fcntl(os.open('/packages', os.O_RDONLY), fcntl.{command}, 1)")
    assert "PermissionError" in result.stderr


def test_nothing_can_be_written_but_in_two_small_folders() -> None:
    program = """
import os
written = []
for folder, inner, _ in os.walk("/"):
    inner[:] = inner[:50]
    try:
        open(folder + "/x", "w").write("x")
        written.append(folder)
    except OSError:
        pass
print(sorted(written))
for path in ("/notebook/big", "/tmp/big"):
    size = 0
    try:
        with open(path, "wb") as file:
            for _ in range(100):
                size += file.write(bytes(1 << 20))
    except OSError:
        pass
    print(size >> 20)
"""
    folders, notebook, tmp = inside(program).stdout.splitlines()
    assert folders == "['/notebook', '/tmp']"
    most = Limits().folder // MEGABYTE
    assert int(notebook) <= most
    assert int(tmp) <= most


def test_two_hundred_small_files_do_not_go_beyond_the_folder() -> None:
    program = """
total = 0
for number in range(200):
    try:
        with open(f"/notebook/{number}", "wb") as file:
            total += file.write(bytes(1 << 20))
    except OSError:
        break
print(total >> 20)
"""
    assert int(inside(program).stdout) <= Limits().folder // MEGABYTE


def test_the_number_of_files_is_bounded() -> None:
    """An empty file takes kernel memory that no byte limit counts."""
    program = """
import os
made = 0
for folder in ("/notebook", "/tmp"):
    for number in range(10000):
        try:
            os.symlink("x", f"{folder}/{number}")
            made += 1
        except OSError:
            break
print(made)
"""
    assert 0 < int(inside(program).stdout) < Limits().files


def test_memory_is_bounded_for_all_processes_together() -> None:
    """Each process takes what it can; the sum stays within what Limits.memory states."""
    program = """
import os, sys
reader, writer = os.pipe()
children = 0
for _ in range(16):
    try:
        pid = os.fork()
    except OSError:
        break
    if pid == 0:
        blocks = []
        try:
            for _ in range(128):
                blocks.append(bytearray(64 << 20))
        except MemoryError:
            pass
        os.write(writer, b"%d\\n" % (64 * len(blocks)))
        os._exit(0)
    os.waitpid(pid, 0)
    children += 1
os.close(writer)
print(max(int(line) for line in os.fdopen(reader)))
"""
    largest = int(inside(program).stdout)
    limits = Limits()
    assert 0 < largest * MEGABYTE <= limits.address_space
    assert limits.memory == limits.processes * limits.address_space + limits.folder + limits.kernel


def test_a_fork_bomb_stops_at_the_limit() -> None:
    program = """
import os, time
children = 0
for _ in range(64):
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    except OSError:
        break
    children += 1
print(children, flush=True)
os._exit(0)
"""
    assert 0 <= int(inside(program).stdout) <= Limits().processes


@pytest.mark.parametrize(
    "call",
    [
        "os.memfd_create('x')",
        "refused(library.shmget(0, ctypes.c_size_t(1 << 20), 0o1600))",
        "refused(library.unshare(0x10000000))",
        "refused(library.ptrace(0, 0, 0, 0))",
        "refused(library.syscall(425, 4, 0))",
        "refused(library.syscall(250, 0, -3, 1))",
        "refused(library.mount(b'x', b'/tmp', b'tmpfs', 0, 0))",
        "refused(library.syscall(56, 0x10000000 | 17, 0, 0, 0, 0))",
        "refused(library.syscall(321, 0, 0, 0))",
        "refused(library.inotify_init1(0))",
        "refused(library.inotify_init())",
        "refused(library.vmsplice(1, 0, 0, 0))",
        "refused(library.setsockopt(__import__('socket').socketpair()[0].fileno(), 1, 7, bytes(4), 4))",
    ],
)
def test_calls_that_take_hidden_memory_or_make_namespaces_are_refused(call: str) -> None:
    program = f"""
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
def refused(result):
    if result == -1 and ctypes.get_errno() == 1:
        raise PermissionError("refused")
{call}
"""
    assert "Error" in inside(program).stderr


def test_a_sandbox_has_no_capability_and_cannot_gain_one() -> None:
    program = """
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
print(os.getuid() != 0 and os.geteuid() != 0, library.prctl(39, 0, 0, 0, 0))
try:
    os.setuid(0)
    print("root")
except OSError:
    print("refused")
"""
    assert inside(program).stdout.split() == ["True", "1", "refused"]


def test_the_environment_is_empty_but_for_what_we_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    result = inside("import os\nprint('SECRET_OF_THE_HOST' in os.environ, os.environ.get('HOME'))")
    assert result.stdout.split() == ["False", "/notebook"]


def test_no_descriptor_of_the_host_is_inherited() -> None:
    with open(__file__, "rb") as file:
        os.set_inheritable(file.fileno(), True)
        program = """
import os
found = []
for number in range(3, 256):
    try:
        os.fstat(number)
        found.append(number)
    except OSError:
        pass
print(found)
"""
        assert inside(program).stdout.strip() == "[]"


def test_the_filter_holds_for_each_processor_and_refuses_others() -> None:
    for machine in seccomp.ARCHITECTURES:
        code = seccomp.program(machine)
        assert len(code) % struct.calcsize("HBBI") == 0
        assert len(code) // struct.calcsize("HBBI") < 4096
    with pytest.raises(NotImplementedError, match="riscv64"):
        seccomp.program("riscv64")


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(runtime.MissingPackage, match="no-such-package"):
        runtime.package_paths(("no-such-package",))


def test_the_system_paths_hold_no_package_folder_that_is_shown() -> None:
    shown = {path for path, _ in runtime.package_paths(tuple(sorted({*runtime.RUNNER_NEEDS, "matplotlib"})))}
    assert not any("solutions" in str(path) or "autograder" in str(path) for path in shown)
