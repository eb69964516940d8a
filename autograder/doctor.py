"""Whether this machine is fit to grade: each finding is measured, in a real sandbox and on the real gradebook."""

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from autograder.course import Course, CourseError, put_environment_on_path
from autograder.grading.executor import RUNNER, RunCell, Task, execute
from autograder.grading.gradebook import GradeWriter
from autograder.sandbox import bubblewrap, forks, runtime
from autograder.sandbox.limits import MEGABYTE, Limits

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
# What a sandbox must refuse. The program runs inside and prints what it could do all the same.
ATTEMPTS = """
import json, os, resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NPROC, (int(sys.argv[1]),) * 2)
could = []
def attempt(name, action):
    try:
        if action() is not False:
            could.append(name)
    except (OSError, ImportError):
        pass
attempt("open a network connection", lambda: socket.socket(socket.AF_INET))
attempt("read the files of the grader", lambda: os.listdir(sys.argv[2]))
attempt("write outside its folders", lambda: open("/usr/lib/written", "w"))
attempt("take memory by memfd", lambda: os.memfd_create("x"))
attempt("see other processes", lambda: os.kill(int(sys.argv[3]), 0))
attempt("import the reference", lambda: __import__("solutions"))
attempt("be root", lambda: os.setuid(0) if os.getuid() else False)
def forks():
    for _ in range(16):
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
attempt("start more processes than allowed", forks)
print(json.dumps(could), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name, whether it is fit, and what was seen or what to do."""

    name: str
    ok: bool
    message: str


def environment_findings() -> Iterator[Finding]:
    """Python, what is installed for it, and the command that nbgrader calls."""
    fit = (3, 11) <= sys.version_info[:2] <= (3, 13)
    what = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", fit, what if fit else f"{what}; the course needs Linux and Python 3.11 to 3.13")
    different = "; ".join(different_versions())
    what = f"{different}; run 'make setup'" if different else "as the grader pins them"
    yield Finding("versions", not different, what)
    put_environment_on_path()
    there = shutil.which("alembic") is not None
    yield Finding("alembic", there, "on PATH" if there else "nbgrader needs alembic on PATH; run 'make setup'")


def different_versions() -> Iterator[str]:
    """What is not installed in the version that the grader pins."""
    for name, wanted in pinned().items():
        try:
            found = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted:
            yield f"{name} {found} instead of {wanted}"


def pinned() -> dict[str, str]:
    """What the grader needs, with the versions that it was tried with."""
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines())
    return {name: wanted for name, _, wanted in (line.partition("==") for line in lines) if wanted}


def sandbox_findings() -> Iterator[Finding]:
    """Start a sandbox, and try to get out of it."""
    try:
        found = runtime.package_paths(runtime.RUNNER_NEEDS)
        yield Finding("packages", True, f"the sandbox sees {len(found)} files and folders of packages, and no other")
    except runtime.MissingPackage as error:
        yield Finding("packages", False, str(error))
    try:
        bubblewrap.probe()
    except bubblewrap.SandboxUnavailable as error:
        yield Finding("sandbox", False, str(error))
        return
    asked = [bubblewrap.bwrap(), "--version"]
    version = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    who = "root, as a user of its own for each sandbox" if os.geteuid() == 0 else "a user namespace of its own"
    yield Finding("sandbox", True, f"starts ({version}; {who})")
    could = ", ".join(escapes(in_a_program))
    what = f"the sandbox let a program {could}" if could else "every attempt to get out was refused"
    yield Finding("isolation", not could, what)
    if forks.server((), RUNNER) is None:
        why = forks.why_none((), RUNNER)
        yield Finding(
            "fork server", True, f"does not run ({why}); a runner is started for each submission, which takes longer"
        )
        return
    could = ", ".join(escapes(in_a_fork))
    what = (
        f"a fork in a sandbox could {could}"
        if could
        else "runs; of its forks, too, every attempt to get out was refused"
    )
    yield Finding("fork server", not could, what)


def in_a_program(source: str) -> str:
    """What is printed by a program of its own in a sandbox."""
    mounts = bubblewrap.Mounts((), RUNNER)
    return bubblewrap.run(bubblewrap.python(["-c", source]), mounts, Limits()).stdout


def in_a_fork(source: str) -> str:
    """What is printed by a notebook's only cell, which the fork server's fork runs."""
    return execute(Task((), (RunCell("attempts", source),), {})).output("attempts").text


def escapes(run: Callable[[str], str]) -> list[str]:
    """What a program in a sandbox could do that it must not, where ``run`` says what it printed."""
    arguments = [str(Limits().processes), str(Path(__file__).parent.parent), str(os.getpid())]
    said = run(f"import sys\nsys.argv[1:] = {arguments}\n{ATTEMPTS}")
    try:
        return list(json.loads(said))
    except ValueError:
        return [f"end unexpectedly ({said.strip()[-200:]})"]


def memory_finding(workers: int) -> Finding:
    """Whether the machine holds what the sandboxes together may take."""
    need, gigabyte = workers * Limits().memory, 1024 * MEGABYTE
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    what = f"{workers} sandboxes may take {need / gigabyte:.1f} GB together; the machine has {have / gigabyte:.1f} GB"
    return Finding("memory", need <= have, what if need <= have else f"{what}; use fewer --workers")


def database_finding(course: Course) -> Finding:
    """Open the gradebook and write to it (in a transaction that is taken back)."""
    try:
        with GradeWriter(course) as writer, writer.engine.connect() as connection:
            connection.execute(text("CREATE TABLE autograder_doctor (x INTEGER)"))
            connection.execute(text("DROP TABLE autograder_doctor"))
            connection.rollback()
    except (CourseError, SQLAlchemyError) as error:
        return Finding("database", False, str(error).splitlines()[0])
    return Finding("database", True, f"the gradebook of {course.root} can be read and written")


def examine(course: Course | None, workers: int) -> list[Finding]:
    """Every finding. Without a course, a gradebook is tried in a folder made for it."""
    findings = [*environment_findings(), *sandbox_findings(), memory_finding(workers)]
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        return [*findings, database_finding(course or Course.create(Path(folder) / "course"))]
