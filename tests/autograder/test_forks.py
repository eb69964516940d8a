"""The fork server: a fork is bound as a runner of its own is, knows nothing of another, and is done without where it fails."""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder import doctor
from autograder.grading import executor
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.transcript import Transcript
from autograder.sandbox import forks
from autograder.sandbox.forks import Broken, ForkServer
from autograder.sandbox.limits import Limits

PACKAGES = ("numpy",)
# All that a process can say of how it is bound, without its own number and user.
STATE = """
import ctypes, json, os, resource, signal, socket, sys, threading

LIBC = ctypes.CDLL(None)
header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
LIBC.capget(header, sets)
bounding = [LIBC.prctl(23, number, 0, 0, 0) for number in range(41)]
shown = [os.path.join(folder, name) for folder, inner, names in os.walk("/") for name in inner + names
         if not folder.startswith(("/packages/", "/usr/", "/root/", "/home/", "/dev/"))]
limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
refused = {}
for name, call in {"unshare": lambda: LIBC.unshare(0x10000000), "mount": lambda: LIBC.mount(b"x", b"/tmp", b"tmpfs", 0, 0),
                   "setns": lambda: LIBC.setns(0, 0), "chroot": lambda: LIBC.chroot(b"/tmp"),
                   "kill": lambda: LIBC.kill(1, 9)}.items():
    refused[name] = call()
def opened():
    for number in range(3, 64):
        try:
            os.fstat(number)
        except OSError:
            continue
        yield number
print(json.dumps({
    "capabilities": list(sets), "bounding": bounding, "no new privileges": LIBC.prctl(39, 0, 0, 0, 0),
    "seccomp": LIBC.prctl(21, 0, 0, 0, 0), "groups": os.getgroups() if ROOT else None,
    "one user": len({*os.getresuid(), *os.getresgid()}) == 1,
    "host": socket.gethostname(), "parent": os.getppid(), "session": os.getsid(0) == os.getpid(), "folder": os.getcwd(),
    "environment": dict(os.environ), "arguments": sys.argv, "path": sys.path, "flags": str(sys.flags), "shown": sorted(shown),
    "limits": limits, "umask": os.umask(0o22), "descriptors": len(list(opened())), "threads": threading.active_count(),
    "signals": {str(s): str(signal.getsignal(s)) for s in signal.valid_signals()}, "masked": [*signal.pthread_sigmask(0, [])],
    "refused": refused,
}))
"""
STATE = STATE.replace("ROOT", str(os.geteuid() == 0))


def run(*sources: str, packages: tuple[str, ...] = PACKAGES, limits: Limits | None = None) -> Transcript:
    return execute(
        Task(packages, tuple(RunCell(f"{n}", source) for n, source in enumerate(sources)), {}, limits or Limits())
    )


def said(transcript: Transcript, cell: int = 0) -> str:
    output = transcript.outputs[f"{cell}"]
    assert output.error is None, output.error
    return output.text


@pytest.fixture
def server() -> ForkServer:
    """The server that the next run uses."""
    running = forks.server(PACKAGES, executor.RUNNER)
    assert running is not None, forks._broken
    return running


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(forks.SWITCH, "no")


def test_a_fork_is_bound_exactly_as_a_runner_of_its_own_is(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for its parent, which it does not see, and its session, which it begins itself."""
    forked = json.loads(said(run(STATE)))
    monkeypatch.setenv(forks.SWITCH, "no")
    own = json.loads(said(run(STATE)))
    helpers = ("/usr/bin", "/usr/bin/setpriv", "/usr/bin/cat")
    for found in (forked, own):
        found["shown"] = [path for path in found["shown"] if path not in helpers]
    assert not any(forked.pop("bounding")), "not one capability can be had again"
    own.pop("bounding")
    assert (forked.pop("parent"), own.pop("parent")) == (0, 1)
    assert (forked.pop("session"), own.pop("session")) == (True, False)
    assert forked == own
    assert not any(forked["capabilities"])
    assert forked["no new privileges"] == 1
    assert forked["seccomp"] == 2
    assert set(forked["refused"].values()) == {-1}


def test_nothing_that_the_doctor_tries_gets_out_of_a_fork(server: ForkServer) -> None:
    assert doctor.escapes(doctor.in_a_fork) == []


def test_two_forks_are_two_users_and_draw_other_numbers(server: ForkServer) -> None:
    program = "import os, random, uuid\nimport numpy as np\nprint(random.random(), np.random.rand(), uuid.uuid4(), os.getuid())"
    one, other = said(run(program)).split(), said(run(program)).split()
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, False, False, os.geteuid() != 0]


LEAVE = """
import numpy as np
np.kept = "".join(reversed("esle erehwon si taht"))
open("/tmp/left", "w").write(np.kept)
"""
# What it looks for stands in its own text the wrong way round, so that it finds no word of its own.
LOOK = """
import gc, os
gc.unfreeze()  # the server keeps what it imported out of sight
import numpy as np
wanted = "".join(reversed("esle erehwon si taht"))
held = (x for o in gc.get_objects() if isinstance(o, (list, dict, tuple)) for x in (o.values() if isinstance(o, dict) else o))
found = any(isinstance(x, str) and wanted in x and x is not wanted for x in held)
print(found, hasattr(np, "kept"), os.path.exists("/tmp/left"))
"""


def test_what_libraries_load_when_they_are_first_asked_is_there_already(server: ForkServer) -> None:
    before = run("import sys; first = set(sys.modules)", "import numpy as np; np.random.rand(); [1][1]",
                 "print(sorted(set(sys.modules) - first))")  # fmt: skip
    assert said(before, 2) == "[]\n"


def test_a_fork_finds_nothing_of_the_one_before_it(server: ForkServer) -> None:
    assert said(run(LEAVE, LOOK), 1).split() == ["True"] * 3, "what is there is found"
    assert said(run(LOOK)).split() == ["False"] * 3


def test_the_server_holds_one_thread_one_way_in_and_no_memory_that_a_fork_could_write_to(server: ForkServer) -> None:
    proc = Path(f"/proc/{server.pid}")
    assert len(list((proc / "task").iterdir())) == 1
    assert [line for line in (proc / "maps").read_text().splitlines() if line.split()[1] == "rw-s"] == []
    opened = {int(path.name): os.readlink(path) for path in (proc / "fd").iterdir()}
    assert (opened[0], opened[1], opened[3].partition(":")[0], len(opened)) == (
        "/dev/null",
        "/dev/null",
        "socket",
        4,
    ), opened


@pytest.mark.parametrize("signal_sent", [signal.SIGKILL, signal.SIGSEGV])
def test_a_server_that_has_ended_is_replaced(server: ForkServer, signal_sent: int) -> None:
    os.kill(server.pid, signal_sent)
    server.process.wait(20)
    assert said(run("print(1 + 1)")) == "2\n"
    following = forks.server(PACKAGES, executor.RUNNER)
    assert following is not None
    assert following is not server


def test_a_server_without_its_view_is_replaced(server: ForkServer) -> None:
    """All that is mounted is held by descriptors. Where they are gone, nothing starts from that view any more."""
    server.view.top = "/nowhere"
    assert said(run("print(1 + 1)")) == "2\n"
    assert forks.server(PACKAGES, executor.RUNNER) not in (None, server)


def test_what_runs_when_its_server_ends_goes_on(server: ForkServer) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, "import time\nprint('begun')\ntime.sleep(1.5)\nprint('done')")
        time.sleep(0.7)
        os.kill(server.pid, signal.SIGKILL)
        assert said(running.result()) == "begun\ndone\n"


def test_a_server_that_does_not_answer_is_done_without(server: ForkServer) -> None:
    server.control.settimeout(0.3)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        assert said(run("print(1 + 1)")) == "2\n"
    finally:
        forks.lost(server)


def test_where_no_fork_can_enter_a_sandbox_a_runner_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in executor.RUNNER.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tmp_path.chmod(0o755)  # the sandbox's user reads it
    (tmp_path / "entering.py").write_text("SET_CHILD_SUBREAPER = 36\ndef prctl(*a): pass\n")
    monkeypatch.setattr(executor, "RUNNER", tmp_path)
    assert said(run("print(1 + 1)")) == "2\n"
    assert forks.server(PACKAGES, tmp_path) is None


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "fork_server.py").write_text("raise OSError('no room here')")
    with pytest.raises(Broken, match="no room here"):
        ForkServer(PACKAGES, tmp_path)


def test_without_the_server_a_runner_is_started_anew(anew: None) -> None:
    assert forks.server(PACKAGES, executor.RUNNER) is None
    assert said(run("import os\nprint(os.getppid())")) == "1\n", "a fork's parent is in another namespace, and 0"


def test_many_at_once_each_get_their_own(server: ForkServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda n: said(run(f"open('/notebook/own', 'x').write('{n}')\nprint(open('own').read())")), range(16)
            )
        )
    assert found == [f"{n}\n" for n in range(16)]


def test_processes_that_a_fork_leaves_behind_end_with_it(server: ForkServer) -> None:
    program = "import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(600)\nprint('left')"
    before = set(os.listdir("/proc"))
    assert said(run(program)) == "left\n"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = [p for p in set(os.listdir("/proc")) - before if p.isdigit() and is_of(p, server.pid)]
        if not left:
            break
        time.sleep(0.05)
    assert left == []


def is_of(pid: str, parent: int) -> bool:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == parent
    except OSError:
        return False


def test_a_fork_s_time_is_counted(server: ForkServer) -> None:
    transcript = run("import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end:\n    pass")
    assert transcript.processor_seconds >= 0.4


def test_the_time_of_its_children_is_counted_too(server: ForkServer) -> None:
    limits = Limits(cell_seconds=0.5)
    program = "import os\npid = os.fork()\nwhile pid == 0:\n    pass\nos.waitpid(pid, 0)"
    transcript = run(program, limits=limits)
    assert transcript.ended == {"0": "timeout"}
    assert transcript.limits["0"].processor


def test_servers_started_by_several_threads_at_once_are_one(server: ForkServer) -> None:
    forks.lost(server)
    found: list[ForkServer | None] = []
    threads = [threading.Thread(target=lambda: found.append(forks.server(PACKAGES, executor.RUNNER))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1
