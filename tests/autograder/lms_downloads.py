"""A made-up class, and what it handed in, as five learning management systems lay it out."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from autograder.lms.roster import plain

BEGAN = datetime(2026, 10, 5, 9, 30, 15)
FIRST = (
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Emre",
    "Farah",
    "Grace",
    "Hana",
    "İlker",
    "José",
    "Kwame",
    "Léa",
    "名",
    "Noor",
)
LAST = (
    "Lovelace",
    "Åkesson",
    "O'Neill",
    "van der Berg",
    "Çelik",
    "Haddad",
    "Hopper",
    "Sato",
    "Müller",
    "Núñez",
    "Mensah",
)


@dataclass
class Person:
    """A student of the class, or somebody who is not in it; ``number`` is what the system calls them."""

    id: str
    name: str
    number: int
    files: list[dict[str, bytes]] = field(default_factory=list)  # for each attempt
    late: bool = False
    in_class: bool = True

    @property
    def email(self) -> str:
        return f"{self.id}@uni.example"

    def came(self, attempt: int) -> datetime:
        return BEGAN + timedelta(days=9 if self.late else 0, minutes=self.number % 50, hours=attempt)


def people(count: int) -> list[Person]:
    """So many students; the second has the name of the first."""
    names = [
        f"{FIRST[n % len(FIRST)]} {LAST[n // len(FIRST) % len(LAST)]} {n // 154 or ''}".strip() for n in range(count)
    ]
    names[1] = names[0]
    return [Person(f"s{n:03}", name, 4000 + 7 * n) for n, name in enumerate(names)]


def roster(everyone: Sequence[Person], system: str, numbers: bool = True) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["id", "name", "email", *([system] if numbers else [])])
    for one in everyone:
        if one.in_class:
            own = one.id if system == "gradescope" else one.number
            writer.writerow([one.id, one.name, one.email, *([own] if numbers else [])])
    return out.getvalue().encode()


Files = dict[str, bytes]


def moodle(everyone: Sequence[Person]) -> Files:
    """As Moodle 4.1 and later; only the last attempt is in it, and no time."""
    found = {}
    for one in everyone:
        for name, data in (one.files[-1] if one.files else {}).items():
            found[f"{one.name.replace('_', ' ')}_{one.number}_assignsubmission_file/{name}"] = data
        if one.files:
            found[f"{one.name}_{one.number}_assignsubmission_onlinetext/onlinetext.html"] = b"<p>Hello</p>"
    return found


def worksheet(everyone: Sequence[Person]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(
        ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
         "Last modified (submission)", "Last modified (grade)", "Feedback comments"]
    )  # fmt: skip
    for one in everyone:
        came = one.came(len(one.files) - 1)
        said = f"{came:%A}, {came.day} {came:%B %Y}, {came:%I:%M %p}" if one.files else "-"
        status = "Submitted for grading" if one.files else "No submission"
        writer.writerow([f"Participant {one.number}", one.name, one.email, status, "", "12.00", "Yes", said, "-", ""])
    return out.getvalue().encode()


def canvas(everyone: Sequence[Person]) -> Files:
    found = {}
    for one in everyone:
        first, *rest = one.name.split()
        sortable = plain("".join([*rest, first]))
        for attempt, files in enumerate(one.files):
            for number, (name, data) in enumerate(files.items()):
                stem, dot, ending = name.rpartition(".")
                again = f"-{attempt}" if attempt else ""
                attachment = 90_000 + one.number * 10 + attempt * 5 + number
                late = "LATE_" if one.late else ""
                found[f"{sortable}_{late}{one.number}_{attachment}_{stem.replace('/', '_')}{again}{dot}{ending}"] = data
    return found


def gradebook(everyone: Sequence[Person], title: str, most: float) -> bytes:
    """Canvas's own export."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Essay (81)", f"{title} (82)"])
    writer.writerow(["    Points Possible", "", "", "", "", "10.0", most])
    for one in everyone:
        writer.writerow([", ".join(reversed(one.name.split(" ", 1))), one.number, one.id, one.email, "A", "7.5", ""])
    return out.getvalue().encode()


def gradescope(everyone: Sequence[Person]) -> Files:
    found, about = {}, {}
    for one in everyone:
        if one.files:
            folder = f"submission_{50_000 + one.number}"
            about[folder] = {
                ":submitters": [{":name": one.name, ":sid": one.id, ":email": one.email}],
                ":created_at": one.came(len(one.files) - 1).isoformat() + "-07:00", ":score": None, ":status": "unprocessed",
            }  # fmt: skip
            found |= {f"assignment_77_export/{folder}/{name}": data for name, data in one.files[-1].items()}
    found["assignment_77_export/submission_metadata.yml"] = yaml.safe_dump(about, allow_unicode=True).encode()
    return found


def brightspace(everyone: Sequence[Person]) -> Files:
    found = {"index.html": b"<html><body>Submissions</body></html>"}
    for one in everyone:
        for attempt, files in enumerate(one.files):
            came = one.came(attempt)
            when = f"{came:%b} {came.day}, {came.year} {int(f'{came:%I}')}{came:%M} {came:%p}"
            found |= {
                f"{one.number}-{600 + attempt} - {one.name} - {when}/{name}": data for name, data in files.items()
            }
    return found


def blackboard(everyone: Sequence[Person]) -> Files:
    found = {}
    for one in everyone:
        for attempt, files in enumerate(one.files):
            begin = f"Exercise 1_{one.number}_attempt_{one.came(attempt):%Y-%m-%d-%H-%M-%S}"
            found[f"{begin}.txt"] = f"Name: {one.name} ({one.number})\n".encode()
            found |= {f"{begin}_{name.replace('/', '_')}": data for name, data in files.items()}
    return found


LAYOUTS: dict[str, Callable[[Sequence[Person]], Files]] = {
    "moodle": moodle, "canvas": canvas, "gradescope": gradescope, "brightspace": brightspace, "blackboard": blackboard,
}  # fmt: skip


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def marked(notebook: bytes, text: str) -> bytes:
    """The notebook with a cell of its own, so that no two are the same."""
    content = json.loads(notebook)
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "mine",
        "metadata": {},
        "outputs": [],
        "source": f"# {text}",
    }
    content["cells"].append(cell)
    return json.dumps(content).encode()


def laid_out(folder: Path, system: str, everyone: Sequence[Person]) -> Path:
    path = folder / f"{system}.zip"
    path.write_bytes(zipped(LAYOUTS[system](everyone)))
    return path
