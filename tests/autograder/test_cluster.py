"""Grading on a Dask cluster: the same grades, whatever becomes of its workers; a machine that differs runs nothing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.course import Course
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading import class_run, cluster, worker
from autograder.grading.class_run import ClassResult, grade_class
from autograder.grading.executor import STOP, Interrupted, RunCell, Task
from autograder.grading.transcript import Transcript
from autograder.runner.calling import SENTENCES
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.table import csv_text
from tests.autograder.conftest import ROOT, tree
from tests.autograder.sample_class import write_class

pytestmark = pytest.mark.xdist_group("cluster")
distributed = pytest.importorskip("distributed")

SEED = bytes(range(32))
FEW = frozenset({"full", "mistake-bias"})
DASK = [sys.executable, "-W", "ignore", "-m", "dask"]


@dataclass
class Machines:
    """A scheduler and workers, each a process of its own on this machine."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "scheduler.json").read_text(encoding="utf-8"))["address"])

    def start(self, *command: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(code)}
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder, "env": environment}
        self.processes.append(subprocess.Popen([*DASK, *command, "--no-dashboard"], **options))
        return self.processes[-1]

    def scheduler(self) -> subprocess.Popen[bytes]:
        started = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "scheduler.json")
        until((self.folder / "scheduler.json").is_file)
        return started

    def worker(self, code: Path = ROOT) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1",
            "--local-directory", str(self.folder), code=code,
        )  # fmt: skip

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    (tmp_path / "dask").mkdir()
    made = Machines(tmp_path / "dask")
    made.scheduler()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """STOP and the language are the process's."""
    spoken = dict(SENTENCES)
    yield
    STOP.clear()
    SENTENCES.clear()
    SENTENCES.update(spoken)


@pytest.fixture(scope="module")
def filled(released_course: Course, exercise: Exercise, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A course with hand-ins that nobody has graded, and its ``grades.csv`` when this machine grades them."""
    root = tmp_path_factory.mktemp("cluster")
    shutil.copytree(released_course.root, root / "filled")
    opened = Course.open(root / "filled")
    opened.inbox.mkdir()
    write_class(opened, exercise, FEW)
    shutil.copytree(opened.root, root / "local")
    return opened.root, grades(exercise, grade(Course.open(root / "local"), exercise))


def copied(filled: tuple[Path, str], folder: Path) -> Course:
    shutil.copytree(filled[0], folder)
    return Course.open(folder)


def grade(course: Course, exercise: Exercise, **options) -> ClassResult:
    return grade_class(course, exercise, write_pages=False, seed=SEED, **options)


def grades(exercise: Exercise, result: ClassResult) -> str:
    assert not result.failed
    return csv_text([(exercise, result.rows)])


def test_a_cluster_comes_to_the_same_grades_though_a_worker_is_killed(
    filled: tuple[Path, str], exercise: Exercise, machines: Machines, tmp_path: Path
) -> None:
    workers = [machines.worker(), machines.worker()]

    def kill(what: str, done: int, of: int) -> None:
        if what == "taking in" and done == of:
            os.kill(workers[0].pid, signal.SIGSTOP)  # what it gets now is under way until it is lost
        if what == "grading" and done == 1:
            os.kill(workers[0].pid, signal.SIGKILL)

    with distributed.Client(machines.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    for name, progress in (("undisturbed", lambda *_: None), ("killed", kill)):
        course = copied(filled, tmp_path / name)
        result = grade(course, exercise, scheduler=machines.address, progress=progress)
        assert grades(exercise, result) == filled[1]
        assert set(result.graded) == FEW
    assert workers[0].wait(10) == -signal.SIGKILL


def test_without_its_scheduler_grading_ends_in_one_sentence_and_is_taken_up_again(
    filled: tuple[Path, str], exercise: Exercise, machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "AHEAD", 0)  # one at a time: nobody else is done when the scheduler goes
    machines.worker()
    course = copied(filled, tmp_path / "course")
    seen = []

    def kill(what: str, done: int, _of: int) -> None:
        if what == "grading" and done == 1:
            seen.append(done)
            machines.processes[0].kill()

    with pytest.raises(cluster.ClusterError, match=r"scheduler at tcp://\S+ is gone. What is graded is kept"):
        grade(course, exercise, scheduler=machines.address, progress=kill)
    again = grade(course, exercise)
    assert seen == [1]
    assert grades(exercise, again) == filled[1]
    assert 0 < len(again.graded) < len(FEW), "who was graded is not graded again"


def test_a_worker_with_other_code_is_refused_and_nothing_is_graded(
    filled: tuple[Path, str], exercise: Exercise, machines: Machines, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(ROOT / "autograder", other / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "autograder" / "check.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    machines.worker(other)
    course = copied(filled, tmp_path / "course")
    before = tree(course.root)
    with pytest.raises(cluster.ClusterError) as raised:
        grade(course, exercise, scheduler=machines.address)
    what = r"The worker tcp://127\.0\.0\.1:\d+ has another version of the grader's code"
    said = rf"{what} \((\w+), and here (\w+)\); .+ Nothing is graded\."
    match = re.fullmatch(said, str(raised.value))
    assert match is not None, raised.value
    assert match[2] == worker.digest_of_code() != match[1]
    assert tree(course.root) == before


def test_a_cluster_that_is_not_there_is_said_in_one_sentence(
    course: Course, exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(cluster.ClusterError, match=r"127\.0\.0\.1:9 cannot be reached"):
        grade(course, exercise, scheduler="tcp://127.0.0.1:9")


def test_without_dask_the_sentence_says_what_to_install(course: Course, autograder, tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError('none')\n", encoding="utf-8")
    command = ("grade", "--course", str(course.root), "--cluster", "tcp://127.0.0.1:1")
    result = autograder(*command, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.strip().splitlines()
    assert "needs the package distributed" in line
    assert "pip install" in line


def test_what_is_no_address_is_said() -> None:
    from autograder.cli import address_of

    assert (address_of("none"), address_of("tls://a.b:8786")) == (None, "tls://a.b:8786")
    with pytest.raises(UserError, match="it takes an address such as"):
        address_of("10.0.0.1")


# ---- A worker


def parcel(source: str, files: tuple[tuple[Path, str], ...] = (), grader: str = "one", **versions: str) -> bytes:
    task = Task(("numpy",), (RunCell("a", source),), {}, files=files)
    return worker.packed(task, grader, versions or worker.versions(()))


def test_files_travel_by_their_bytes_and_none_is_left(tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_text("forty-two", encoding="utf-8")
    data = parcel("print(open('in/table.txt').read())", ((tmp_path / "table.txt", "in/table.txt"),))
    (tmp_path / "table.txt").unlink()
    made: list[Path] = []
    original = worker.written

    def watched(folder: Path, files: tuple[tuple[str, bytes], ...]) -> Iterator[tuple[Path, str]]:
        made.append(folder)
        return original(folder, files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "written", watched)
        transcript = worker.run(data)
    assert isinstance(transcript, Transcript)
    assert transcript.output("a").text == "forty-two\n"
    assert not made[0].exists()


def test_a_worker_that_came_late_with_another_version_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(address="tcp://w:1"))
    monkeypatch.setattr(worker, "execute", lambda task: pytest.fail("it ran"))
    assert worker.run(parcel("", numpy="1.0")) == worker.Refused(
        "tcp://w:1", "numpy", worker.versions(("numpy",))["numpy"]
    )


def test_a_worker_speaks_the_language_of_the_grader_whose_turn_it_is() -> None:
    turns, said = worker.Turns(), []

    def second() -> None:
        with turns.turn("two", {"yes": "ja"}):
            said.append(dict(SENTENCES))

    with turns.turn("one", {"yes": "sí"}):
        thread = threading.Thread(target=second)
        thread.start()
        until(lambda: bool(turns.line))
        assert (SENTENCES, said) == ({"yes": "sí"}, [])
    thread.join(10)
    assert said == [{"yes": "ja"}]


def test_a_grader_that_stops_ends_its_own_runs_and_no_other_grader_s() -> None:
    turns = worker.Turns()
    with turns.turn("one", {}):
        turns.stop("two")
        assert not STOP.is_set()
        turns.stop("one")
        assert STOP.is_set()
    with turns.turn("three", {}):
        assert not STOP.is_set()
    with pytest.raises(Interrupted), turns.turn("one", {}):
        pytest.fail("it ran")


# ---- The grader, with a cluster that is none


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> cluster.Cluster:
    """Two workers that are always there, and like this machine."""
    made = cluster.Cluster(SimpleNamespace(status="running"), "tcp://s:1", (), True)
    made.threads, made.like_ours = {"tcp://a:1": 1, "tcp://b:1": 2}, {"tcp://a:1", "tcp://b:1"}
    monkeypatch.setattr(made, "look", lambda: None)
    return made


def answering(cluster: cluster.Cluster, monkeypatch: pytest.MonkeyPatch, *answers: object) -> list[set[str]]:
    """Let each try end in one of these; the workers that each avoided are entered into the list."""
    todo, avoided = iter(answers), list[set[str]]()

    def answer(_data: bytes, avoid: set[str]) -> object:
        avoided.append(set(avoid))
        given = next(todo)
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(cluster, "answer", answer)
    return avoided


PLAIN = Task((), (), {})


def killed() -> Exception:
    return distributed.scheduler.KilledWorker("key", SimpleNamespace(address="tcp://a:1"), 3)


def test_who_was_with_lost_workers_is_tried_again_then_given_up(pretended, monkeypatch) -> None:
    done = Transcript()
    answering(pretended, monkeypatch, killed(), done)
    assert pretended.run(PLAIN) is done
    answering(pretended, monkeypatch, killed(), killed())
    with pytest.raises(cluster.GivenUp, match="lost, again and again, the last one at tcp://a:1"):
        pretended.run(PLAIN)


def test_a_worker_whose_sandbox_fails_is_avoided_and_two_such_end_it(pretended, monkeypatch) -> None:
    done, one = Transcript(), worker.Refused("tcp://a:1", no_sandbox="It is full.")
    avoided = answering(pretended, monkeypatch, one, done)
    assert pretended.run(PLAIN) is done
    assert avoided == [set(), {"tcp://a:1"}]
    answering(pretended, monkeypatch, one, replace(one, worker="tcp://b:1"))
    with pytest.raises(SandboxUnavailable, match="On the worker tcp://b:1: It is full"):
        pretended.run(PLAIN)


def test_a_worker_that_refuses_is_not_used_again_and_the_others_are(pretended, monkeypatch) -> None:
    pretended.versions = {"numpy": "2.0"}
    assert pretended.ahead() == 3 * cluster.AHEAD
    answering(pretended, monkeypatch, worker.Refused("tcp://b:1", "numpy", "1.0"), Transcript())
    pretended.run(PLAIN)
    assert pretended.usable() == {"tcp://a:1"}
    assert pretended.ahead() == cluster.AHEAD
    assert "another version of numpy (1.0, and here 2.0)" in pretended.refused["tcp://b:1"]


def test_no_more_are_under_way_than_the_grader_holds(pretended) -> None:
    pretended.threads["tcp://a:1"] = 10_000
    assert pretended.ahead() == cluster.MOST_AHEAD


def test_more_are_sent_once_workers_came() -> None:
    from concurrent.futures import ThreadPoolExecutor

    room, under_way, most = [1], [0], [0]
    lock = threading.Lock()

    def work(student: str) -> str:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.05)
        with lock:
            under_way[0] -= 1
        return student

    with ThreadPoolExecutor(8) as pool:
        found = []
        for student, _future, _seconds in class_run.completed(pool, work, list("abcdefgh"), lambda: room[0]):
            found.append(student)
            if len(found) == 3:
                assert most == [1]
                room[0] = 4
    assert sorted(found) == list("abcdefgh")
    assert 1 < most[0] <= 4
