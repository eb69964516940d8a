"""The runner: executes a notebook's cells in this process and hands over what the functions return.

It starts inside the sandbox, reads one frame of orders from standard input, and writes frames to what was standard output.
Nothing it sends is believed; it only has to be honest for honest notebooks.
"""

import io
import os
import resource
import sys
from contextlib import contextmanager, redirect_stdout
from types import ModuleType


def set_limits(limits):
    """Bind this process and its children. What was allowed from outside can only become less."""
    for number, value in (
        (resource.RLIMIT_AS, limits["address_space"]), (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]), (resource.RLIMIT_FSIZE, limits["folder"]),
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_MEMLOCK, 0),
    ):  # fmt: skip
        _soft, hard = resource.getrlimit(number)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (most, most))


def take_standard_streams():
    """Keep standard output's pipe for frames alone, and leave the three standard descriptors empty."""
    orders, border = os.fdopen(os.dup(0), "rb"), os.dup(1)
    empty = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(empty, descriptor)
    os.close(empty)
    return orders, border


def make_shell():
    """A quiet IPython: no history, no colours, plain tracebacks."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = {"colors": "nocolor", "xmode": "Plain", "enable_tip": False}
    return InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}, InteractiveShell=shell))


class Notebook:
    """One run through a notebook."""

    def __init__(self, orders, tensors, border, replies=None):
        from answers import answer, describe_error, question, record_calls, result_in
        from calling import _
        from capture import CellText, send_pictures
        from wire import read

        self.answer, self.describe_error, self.record_calls = answer, describe_error, record_calls
        self.send_pictures, self.say = send_pictures, _
        self.question, self.result_in, self.read = question, result_in, read
        self.replies = replies
        self.orders, self.tensors, self.border = orders, tensors, border
        self.shell = make_shell()
        self.text = sys.stdout = sys.stderr = CellText(border, orders["limits"]["text_bytes"])
        if orders["own_check"]:
            sys.path.insert(0, os.getcwd())
        else:  # in grading, `check` in the student's own cells is silent: what counts is asked for directly
            sys.modules["check"] = ModuleType("check")
            sys.modules["check"].check = lambda name, function=None: None
            for name in (
                "answers",
                "calling",
                "capture",
                "wire",
            ):  # under no name of ours can a cell put something else
                sys.modules.pop(name, None)

    def run(self):
        for cell in self.orders["cells"]:
            self.border.send({"kind": "begin", "cell": cell["id"]})
            self.text.begin(cell["id"])
            if cell["check"]:
                self.ask(cell)
            else:
                self.execute(cell)
            self.text.end()
            self.border.send({"kind": "end", "cell": cell["id"]})
        self.border.send({"kind": "done"})

    def execute(self, cell):
        _ = self.say
        result = self.shell.run_cell(cell["source"], store_history=False)
        sys.stdout = sys.stderr = self.text
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            about = self.describe_error(error, self.shell.user_ns)
            self.border.send({"kind": "error", "cell": cell["id"], "error": about})
        try:
            self.send_pictures(self.border, cell["id"])
        except Exception as error:
            about = self.describe_error(error, self.shell.user_ns)
            told = _("The figure could not be drawn: {error}: {message}")
            self.text.write("\n" + told.format(error=about["name"], message=about["message"]) + "\n")

    def ask(self, cell):
        namespace, name, tensors = self.shell.user_ns, cell["check"], cell["tensors"]
        limit, cases = self.orders["limits"]["answer_bytes"][name], self.orders["cases"][name]
        function, variable = namespace.get(cell["function"]), cell["variable"]
        if variable:  # what the notebook made goes out as what a function returned
            function, cases = (lambda: namespace[variable]) if variable in namespace else None, [{}]
        missing, results, block = not callable(function), [], b""
        if not missing and cell["from_grader"]:
            with self.grader_answers(name, cell["from_grader"], namespace, function) as counted:
                results, block = self.answer(counted, cases, self.tensors, namespace, limit, tensors)
        elif not missing:
            results, block = self.answer(function, cases, self.tensors, namespace, limit, tensors)
        self.border.send({"kind": "answer", "check": name, "missing": missing, "cases": results}, block)
        if cell["earlier"] and not missing and not variable:
            calls = self.record_calls(function, cell["earlier"], cases, self.tensors, namespace, tensors)
            self.border.send({"kind": "calls", "check": name}, calls)

    @contextmanager
    def grader_answers(self, check, names, namespace, function):
        """Meanwhile, calls of the functions of these names go to the grader; ``function``, made to count its calls."""
        before, case = {name: namespace.get(name) for name in names}, [-1]

        def counted(*inputs):
            case[0] += 1
            return function(*inputs)

        namespace.update({name: self.from_grader(check, case, name, before[name]) for name in names})
        try:
            yield counted
        finally:
            namespace.update(before)

    def from_grader(self, check, case, name, original):
        """Stands in for a function: the grader answers, if the reference calls it so in this challenge."""

        def asked(*inputs, **named):
            about, block = self.question(original, inputs, named)
            header = {"kind": "question", "check": check, "case": case[0], "function": name, "inputs": about}
            self.border.send(header, block)
            reply, block = self.read(self.replies)
            if not reply["found"]:
                raise LookupError(f"{name} is not called so")
            return self.result_in(reply["result"], block)

        return asked


def make_ready():
    """Import what a run needs, and make its shell: all that can be done before there is a notebook."""
    import answers  # noqa: F401
    import calling  # noqa: F401
    import capture  # noqa: F401
    import numpy.random  # noqa: F401 - NumPy loads it when it is first asked for
    import safetensors.numpy  # noqa: F401
    import wire  # noqa: F401

    shell = make_shell()
    with redirect_stdout(io.StringIO()):
        for source in ("None", "1/0"):  # IPython loads some of its modules with its first cell, or error
            shell.run_cell(source, store_history=False)
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)


def own_chance():
    """Draw what libraries drew when they were imported, so that no two forks have it in common; make the shell's folders."""
    import numpy as np

    np.random.seed()
    profile = make_shell().profile_dir
    os.makedirs(profile.location, exist_ok=True)
    profile.check_dirs()


def serve():
    """Read the orders, run the notebook, and end the process."""
    import wire

    stream, descriptor = take_standard_streams()
    orders, block = wire.read(stream)
    if not any(cell["from_grader"] for cell in orders["cells"]):
        stream.close()
    set_limits(orders["limits"])

    import calling
    import capture
    from safetensors.numpy import load

    calling.SENTENCES.update(orders.get("sentences", {}))
    border = capture.Border(descriptor, wire.encode)
    notebook = Notebook(orders, load(block), border, stream)
    border.send({"kind": "ready"})
    notebook.run()
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for what runs at exit
    os._exit(0)


def main():
    sys.path[:0] = ["/runner", "/packages"] if len(sys.argv) == 1 else sys.argv[1:]
    serve()


if __name__ == "__main__":
    main()
