"""Runs a class's sandboxes on a Dask cluster; drawing, judging and writing stay with the grader.

A worker is a machine of the instructor's: Dask lets the scheduler, the workers and their clients run any program on each
other, and unpickles what they send. So a worker is trusted as the grader is. What a notebook did is not: on the worker it
passes the same border as here, and nothing but what ``execute`` makes of it, in plain types, comes back to be judged.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from autograder.errors import UserError
from autograder.grading import worker
from autograder.grading.executor import STOP, Interrupted, Task
from autograder.grading.transcript import Transcript
from autograder.sandbox.bubblewrap import SandboxUnavailable

CONNECT_SECONDS = 10
LOOK_SECONDS = 1.0  # between looks at which workers there are
NO_WORKER_SECONDS = 60.0
AHEAD = 2  # submissions under way for each thread of a worker: one runs, one waits there
MOST_AHEAD = 128  # what the grader holds in memory
MOST_TRIES = 8  # of one submission; a try fails when workers are lost or refuse


class ClusterError(UserError):
    """The cluster cannot be graded on, or not any more."""


class GivenUp(UserError):
    """A submission whose workers were lost again and again."""


@contextmanager
def connected(address: str, packages: tuple[str, ...], protected: bool) -> Iterator[Cluster]:
    """The cluster whose scheduler is at ``address``, its workers compared with this machine.

    Raises ClusterError if it cannot be reached, has no worker, or one that differs, and SandboxUnavailable if a worker
    starts no sandbox. On leaving, what is still under way there is ended.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "Grading on a cluster needs the package distributed; run \"pip install '.[cluster]'\" in the folder of the course."
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what the user is to know is said in a sentence
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared below
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # each transport raises its own
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ClusterError(f"The Dask scheduler at {address} cannot be reached ({why}); is it running?") from error
    cluster = Cluster(client, address, worker.names_for(packages), protected)
    try:
        cluster.compare()
        yield cluster
    finally:
        cluster.close()


class Cluster:
    """A Dask cluster as the grader sees it: its workers, and which of them are like this machine."""

    def __init__(self, client: Any, address: str, names: tuple[str, ...], protected: bool) -> None:
        self.client, self.address, self.names, self.protected = client, address, names, protected
        self.versions = worker.versions(names)
        self.grader = uuid.uuid4().hex
        self.threads: dict[str, int] = {}  # of each worker that is there
        self.like_ours: set[str] = set()
        self.refused: dict[str, str] = {}  # workers that are not used, and why
        self.looked, self.seen = 0.0, time.monotonic()
        self.lock, self.one_at_a_time = threading.RLock(), threading.Lock()

    # ---- the workers

    def compare(self) -> None:
        """See that the scheduler and every worker are like this machine, and that each worker starts sandboxes."""
        with self.speaking():
            self.client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            try:
                theirs = self.client.run_on_scheduler(worker.versions, self.names)
            except (ImportError, AttributeError):
                theirs = {}
        if differs := worker.difference(self.versions, theirs):
            raise ClusterError(f"{self.unlike(f'Dask scheduler at {self.address}', *differs)} Nothing is graded.")
        self.look()
        for why in self.refused.values():
            raise ClusterError(f"{why} Nothing is graded.")

    def unlike(self, who: str, part: str, version: str) -> str:
        ours = self.versions[part]
        return f"The {who} has another version of {part} ({version}, and here {ours}); install the same on both sides."

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Say in one sentence what goes wrong between here and the scheduler."""
        try:
            yield
        except TimeoutError as error:
            raise ClusterError(
                f"The Dask scheduler at {self.address} has no worker; start some, and give the command again."
            ) from error
        except Exception as error:  # without its scheduler, the client raises whatever it stumbles over
            if self.client.status == "running" and not isinstance(error, OSError):
                raise
            raise self.gone() from error

    def gone(self) -> ClusterError:
        return ClusterError(
            f"The Dask scheduler at {self.address} is gone. What is graded is kept; once it runs, the same command goes on."
        )

    def look(self) -> None:
        """See which workers there are, once a second; those that are new are compared first."""
        with self.lock:
            if time.monotonic() - self.looked < LOOK_SECONDS:
                return
            with self.speaking():
                found = self.client.scheduler_info()["workers"]
                self.threads = {address: about["nthreads"] for address, about in found.items()}
                new = [one for one in self.threads if one not in self.like_ours and one not in self.refused]
                asked = (worker.about, self.names, self.protected)
                told = self.client.run(*asked, workers=new, on_error="return") if new else {}
            for address, said in told.items():
                self.judge(address, said)
            self.looked = time.monotonic()
            if self.usable():
                self.seen = self.looked
            elif self.looked - self.seen > NO_WORKER_SECONDS:
                raise ClusterError(
                    f"The Dask scheduler at {self.address} has had no worker that can be used for {NO_WORKER_SECONDS:g} s. "
                    "What is graded is kept; start workers, and the same command goes on."
                )

    def judge(self, address: str, said: Any) -> None:
        """Enter what a worker said of itself; one that is lost, or busy, is asked again at the next look."""
        if isinstance(said, (OSError, TimeoutError)):
            return
        if isinstance(said, Exception):  # it cannot even load what was to be run
            said = {}, ""
        theirs, no_sandbox = said
        if differs := worker.difference(self.versions, theirs):
            self.refused[address] = self.unlike(f"worker {address}", *differs)
        elif no_sandbox:
            self.refused[address] = f"On the worker {address}: {no_sandbox}"
        else:
            self.like_ours.add(address)

    def usable(self) -> set[str]:
        return self.threads.keys() & self.like_ours

    def ahead(self) -> int:
        """How many submissions may be under way: as many as keep every worker busy, now that so many are there."""
        self.look()
        return max(1, min(MOST_AHEAD, AHEAD * sum(self.threads[address] for address in self.usable())))

    # ---- one submission

    def run(self, task: Task) -> Transcript:
        """Run a notebook on some worker, as ``execute`` would here.

        Where workers are lost it is run on others. Dask gives a task up when it was with four that were lost, which may be
        another's doing; so it is then run while no other such task is, and given up only when that ends likewise.

        Raises GivenUp then, SandboxUnavailable if workers start no sandbox, and ClusterError if the cluster is gone.
        """
        from distributed import KilledWorker

        data, avoid, problem, suspected = worker.packed(task, self.grader, self.versions), set[str](), "", False
        for _try in range(MOST_TRIES):
            try:
                with self.one_at_a_time if suspected else nullcontext():
                    answer = self.answer(data, avoid)
            except KilledWorker as error:
                if suspected:
                    raise GivenUp(
                        f"the workers that ran it were lost, again and again, the last one at {error.last_worker.address}; "
                        "look there for the reason, or grade it without --cluster."
                    ) from error
                suspected = True
                continue
            except (ImportError, AttributeError) as error:  # a new worker that cannot even load what it is to run
                problem = f"a worker cannot load the grader ({error})"
                continue
            if isinstance(answer, Transcript):
                return answer
            if isinstance(answer, worker.Refused):
                problem = self.refuse(answer, avoid)
        raise GivenUp(f"no worker ran it in {MOST_TRIES} tries; {problem or 'other programs cancelled it'}.")

    def refuse(self, answer: worker.Refused, avoid: set[str]) -> str:
        """Keep a submission, or all of them, from a worker that ran nothing, and say why it did not.

        Raises SandboxUnavailable if a second worker starts no sandbox for it, or there is no other worker.
        """
        if not answer.no_sandbox:
            why = self.unlike(f"worker {answer.worker}", answer.part, answer.version)
            with self.lock:
                self.like_ours.discard(answer.worker)
                self.refused[answer.worker] = why
            return why
        why = f"On the worker {answer.worker}: {answer.no_sandbox}"
        avoid.add(answer.worker)
        if len(avoid) > 1 or not self.usable() - avoid:
            raise SandboxUnavailable(why)
        return why

    def answer(self, data: bytes, avoid: set[str]) -> Any:
        """What a worker answers; None if the task was cancelled there, or the workers that it was meant for are gone."""
        while not (choice := self.choice(avoid)):
            time.sleep(LOOK_SECONDS)
        restricted = bool(avoid or self.refused.keys() & self.threads.keys())
        done = threading.Event()
        with self.speaking():
            future = self.client.submit(
                worker.run, data, key=f"autograder-{uuid.uuid4().hex}", pure=False,
                workers=sorted(choice) if restricted else None,
            )  # fmt: skip
            future.add_done_callback(lambda _future: done.set())
        try:
            while not done.wait(LOOK_SECONDS):
                if not self.choice(avoid) & choice and restricted:
                    return None
            if future.cancelled():
                if self.client.status != "running":
                    raise self.gone()
                return None
            return future.result()
        finally:
            if not done.is_set() and self.client.status == "running":
                future.cancel()

    def choice(self, avoid: set[str]) -> set[str]:
        """The workers that may run a submission now. Raises Interrupted if the grader is."""
        if STOP.is_set():
            raise Interrupted("The grader was interrupted.")
        self.look()
        return self.usable() - avoid

    def close(self) -> None:
        """Leave the cluster as it was: nothing of ours runs there any more."""
        if self.client.status == "running":
            self.client.run(worker.stop, self.grader, on_error="ignore")
        self.client.close(timeout=CONNECT_SECONDS)
