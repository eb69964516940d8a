"""The fork server: imports an exercise's libraries once, and forks for each submission.

It runs beside the sandboxes, in a view of the file system that is like theirs, and never executes a student's line. A
request brings four descriptors: the first process of an empty sandbox, the orders (which only the fork reads), the pipe for
the frames, and a file for errors. Between requests it holds nothing of any submission.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys

SANDBOX, ORDERS, FRAMES, ERRORS = range(4)
LARGEST_REQUEST = 1 << 16


def take_control():
    """The socket to the grader, which came as standard input; the three standard descriptors are left empty."""
    control = socket.socket(fileno=os.dup(0))
    empty = os.open("/dev/null", os.O_RDWR)
    os.dup2(empty, 0)
    os.dup2(empty, 1)
    os.close(empty)
    return control


def import_libraries(modules):
    """Everything that the runner and a notebook import; what cannot be imported is the notebook's to find out."""
    import run

    run.make_ready()
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    if "matplotlib.pyplot" in sys.modules:
        import capture

        capture.draw_once()
    gc.collect()
    gc.freeze()  # what is never looked at again stays shared with the forks


def be_the_runner(control, descriptors, request):
    """In the fork: enter the sandbox, then do what a runner does that was started there. Does not return."""
    try:
        import entering
        import run

        control.detach()
        for place in (ORDERS, FRAMES, ERRORS):
            os.dup2(descriptors[place], place - ORDERS)
        program = bytes.fromhex(request["filter"])
        entering.enter(descriptors[SANDBOX], request["uid"], program, request["folder"])
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        run.own_chance()
        run.serve()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)


def fork(control, descriptors, request):
    """What came of a new fork, which is born in the sandbox's process namespace.

    A process cannot take back where its children are born, so there is one between, which ends at once.
    """
    import entering

    reader, writer = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            entering.children_in(descriptors[SANDBOX])
            pid = os.fork()
            if pid == 0:
                be_the_runner(control, descriptors, request)
            os.write(writer, json.dumps({"pid": pid}).encode())
        except BaseException as error:
            os.write(writer, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(between, 0)
    with os.fdopen(reader, "rb") as told:
        return json.loads(told.read() or b"{}")


def answer(control, descriptors, request, forks):
    """What is said to a request: start a fork, or end one, which is waited for; and whether it was killed."""
    if "end" in request:
        pid, killed = request["end"], False
        if pid in forks:
            forks.remove(pid)
            os.kill(pid, signal.SIGKILL)  # to one that has ended, it does nothing
            _ended, status = os.waitpid(pid, 0)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return {"ended": pid, "killed": killed}
    said = fork(control, descriptors, request)
    if "pid" in said:
        forks.add(said["pid"])
    return said


def main():
    sys.path[:0] = ["/runner", "/packages"]
    modules, sys.argv = sys.argv[1:], ["/runner/run.py"]
    control = take_control()
    import_libraries(modules)
    import entering

    entering.prctl(entering.SET_CHILD_SUBREAPER, 1)  # forks are ours to wait for
    forks = set()
    control.send(json.dumps({"pid": os.getpid()}).encode())
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(control, LARGEST_REQUEST, 4)
        if not message:  # the grader has ended
            break
        said = answer(control, descriptors, json.loads(message), forks)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(json.dumps(said).encode())


if __name__ == "__main__":
    main()
