"""The time of a sandbox, measured from outside it."""

import subprocess
import sys

from autograder.sandbox.meter import LONGEST_STEP, Watch, processor_seconds, wants_processor

# A child that takes three tenths of a second and ends, and as much again by the program itself, which then waits.
BUSY = """
import subprocess, sys, time
work = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", work])
exec(work)
print("ready", flush=True)
sys.stdin.read()
"""


def test_what_a_process_and_its_ended_children_took_is_counted_and_waiting_is_not() -> None:
    command = [sys.executable, "-c", BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        taken = processor_seconds(process.pid)
        waits = any(not wants_processor(process.pid) for _look in range(100_000))  # once it has come to its last line
        process.communicate(b"")
    assert taken >= 0.55
    assert waits
    assert processor_seconds(process.pid) == 0, "it has ended"


def test_a_pause_of_the_one_who_looks_is_hardly_counted_and_noted() -> None:
    now = 100.0
    watch = Watch(lambda: now)
    for _ in range(10):
        now += 0.5
        watch.look()
    assert (watch.seconds, watch.paused) == (5.0, False)
    now += 3600
    assert watch.look() == 5.0 + LONGEST_STEP
    assert watch.paused
