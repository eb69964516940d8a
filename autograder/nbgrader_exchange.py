"""The exchange of a JupyterHub: nbgrader's own commands, with hand-ins into the inbox and pages to those who handed in there.

What lies in the exchange was written by students' accounts. So no link in it is followed, and of what they say of themselves
only the secret is used, by which nbgrader finds a student's page.
"""

import glob
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash

from autograder.course import Course, write_atomically
from autograder.grading import attempts
from autograder.grading.files import LARGEST_FILE, Unreadable, below, find_notebook, read_file

HUB, SECRET, LARGEST_SECRET = "jupyterhub", "submission_secret.txt", 4096


class CollectIntoInbox(ExchangeCollect):  # type: ignore[misc]
    """``nbgrader collect``, into the inbox. The time is when the kernel last saw the notebook change in the exchange."""

    def copy_files(self) -> None:
        self.coursedir.submitted_directory = "inbox"
        super().copy_files()

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the regular files; a link, or a device, is left out and named."""
        source, target = Path(src), Path(dest)
        wanted = set(below(source))
        for path in sorted(source.rglob("*")):
            parts = path.relative_to(source).parts
            if (not path.is_dir() and parts not in wanted) or path.is_symlink():
                self.log.warning("%s is no regular file, or lies too deep, and is left out.", path)
        target.mkdir(parents=True, exist_ok=True)
        for parts in sorted(wanted):
            try:
                data, _changed = read_file(source, parts, LARGEST_FILE)
            except Unreadable as error:
                self.log.warning("%s is left out: %s", source.joinpath(*parts), error)
                continue
            write_atomically(target.joinpath(*parts), data)
        self.note_arrival(source, target)

    def note_arrival(self, source: Path, target: Path) -> None:
        course, (student, slug) = Course.open(Path(self.coursedir.root)), target.parts[-2:]
        try:
            found = find_notebook(course.inbox, student, slug)
            data, _copied = read_file(course.inbox, found.parts, LARGEST_FILE)
            came = os.lstat(source.joinpath(*found.parts[2:])).st_ctime
        except (Unreadable, OSError):
            return  # intake says what is wrong with it
        when = datetime.fromtimestamp(came, UTC).isoformat()
        attempts.write(course, slug, student, {"from": HUB, "when": when, "digest": attempts.digest(data)})


class ReleaseToExchange(ExchangeReleaseFeedback):  # type: ignore[misc]
    """``nbgrader release_feedback``: a page under the name that its student alone can make, from the secret of the hand-in."""

    def copy_files(self) -> None:
        course, slug = Course.open(Path(self.coursedir.root)), self.coursedir.assignment_id
        left_out = set((self.coursedir.student_id_exclude or "").split(","))
        for place in sorted(glob.glob(os.path.join(self.src_path, "*.html"))):
            page = Path(place)
            student = page.parts[-3]
            if student in left_out:
                continue
            secret = self.secret_of(course, student, slug)
            if secret is None:
                self.log.warning(
                    "%s did not hand in %s through the exchange; give the page back in another way.", student, slug
                )
                continue
            name = notebook_hash(secret=secret, notebook_id=page.stem)
            released = Path(self.dest_path) / f"{name}.html"
            write_atomically(released, page.read_bytes())
            released.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
            self.log.info("Feedback released for %s on %s", student, slug)

    def secret_of(self, course: Course, student: str, slug: str) -> str | None:
        """What the student's own ``nbgrader submit`` drew, and kept."""
        try:
            data, _changed = read_file(course.inbox, (student, slug, SECRET), LARGEST_SECRET)
        except Unreadable:
            return None
        secret = data.decode("ascii", "replace").strip()
        return secret if secret.isalnum() else None
