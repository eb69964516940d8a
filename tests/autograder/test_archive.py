"""A course in one file: opened elsewhere it is graded to the same grades, and nothing but a whole archive is opened."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder import settings
from autograder.archive import making, manifest, opening
from autograder.archive.manifest import ArchiveError
from autograder.course import Course, write_atomically
from autograder.grading import attempts
from autograder.grading.intake import read_record
from tests.autograder.conftest import tree
from tests.autograder.toy_course import SLUG, SQUARED, TEXT, hand_in, run, write_toy

SETTINGS = """
name = "toys"
folders = [
  "../shared",
]

[late]
percent_per_day = 10

[exercise.01_toy]
due = 2020-01-01
extensions = { ada = 2999-01-01 }
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose exercise lies in a folder beside it: ada is right, bob late and wrong, with points and words by hand."""
    folder = tmp_path_factory.mktemp("years")
    root = folder / "course"
    write_toy(folder / "elsewhere")
    (folder / "elsewhere" / "exercises").rename(folder / "shared")
    Course.create(root)
    write_atomically(root / settings.FILE, SETTINGS.encode())
    assert run("release", SLUG, "--course", root).exit_code == 0
    hand_in(root, "ada")
    hand_in(root, "bob", double=SQUARED)
    record = {"digest": "of another file", "when": "2019-12-31T12:00:00+00:00", "from": "moodle"}
    attempts.write(Course.open(root), SLUG, "bob", record)
    write_atomically(root / attempts.FOLDER / SLUG / "bob" / "1" / f"{SLUG}.ipynb", b"an earlier attempt")
    write_atomically(root / "my own notes.txt", b"keep me")
    assert run("grade", SLUG, "--course", root).exit_code == 0
    with Gradebook(Course.open(root).db_url, "toys") as gradebook:
        gradebook.find_grade("answer-why", SLUG, SLUG, "ada").manual_score = 2.5
        gradebook.find_comment("answer-why", SLUG, SLUG, "ada").manual_comment = "Nearly."
        gradebook.db.commit()
    assert run("report", "--course", root).exit_code == 0
    return root


@pytest.fixture(scope="module")
def archived(graded: Path) -> Path:
    file = graded.parent / "toys.zip"
    assert run("archive", file, "--course", graded, "--quiet").exit_code == 0
    return file


def of_people(root: Path) -> dict[str, str]:
    """The files of a course that no command makes anew."""
    ours = (settings.FILE, "gradebook.db", ".autograder-known", ".autograder-lock", ".autograder-program")
    return {name: digest for name, digest in tree(root).items() if not name.startswith(ours)}


def test_opened_elsewhere_it_is_graded_to_the_same_grades(graded: Path, archived: Path, tmp_path: Path) -> None:
    root, before = tmp_path / "again", (graded / "grades.csv").read_bytes()
    assert b"2.5" in before
    told = run("archive", "--open", archived, "--course", root, "--quiet")
    assert (told.exit_code, told.stdout.count("\n")) == (0, 1), told.output
    exercise = {f"exercises/{SLUG}/{name}": digest for name, digest in tree(graded.parent / "shared" / SLUG).items()}
    assert of_people(root) == of_people(graded) | {name: one for name, one in exercise.items() if "cache" not in name}
    assert (root / ".autograder-secret").stat().st_mode & 0o777 == 0o600
    (root / "grades.csv").unlink()
    told = run("grade", SLUG, "--course", root)
    assert "0 graded now, 2 unchanged" in told.stdout, told.output
    assert (root / "grades.csv").read_bytes() == before
    assert "nothing to write" in run("regrade", SLUG, "--course", root).stdout
    run("grade", SLUG, "--course", root, "--anew")
    assert (root / "grades.csv").read_bytes() == before


def test_the_grader_of_then_grades_it_too(graded: Path, archived: Path, tmp_path: Path) -> None:
    root = tmp_path / "again"
    run("archive", archived, "--open", "--course", root)
    (root / "grades.csv").unlink()
    then = {**os.environ, "PYTHONPATH": str(root / making.OPENED)}
    command = [sys.executable, "-m", "autograder", "grade", SLUG, "--anew", "--course", str(root)]
    done = subprocess.run(command, cwd=tmp_path, env=then, capture_output=True, text=True, check=False, timeout=300)
    assert "2 graded now" in done.stdout, done.stderr
    assert (root / "grades.csv").read_bytes() == (graded / "grades.csv").read_bytes()


def test_what_is_taken_in_anew_came_when_it_came(graded: Path, archived: Path, tmp_path: Path) -> None:
    root = tmp_path / "again"
    run("archive", archived, "--open", "--course", root)
    course = Course.open(root)
    before = read_record(course, "bob", SLUG)
    assert before is not None
    path = course.submitted / "bob" / SLUG / "intake.json"
    write_atomically(path, json.dumps(before | {"seen": 1577923200.0}).encode())  # 2020-01-02, as if years had passed
    write_atomically(root / "exercises" / SLUG / f"{SLUG}.md", TEXT.replace("The end.", "The end, mended.").encode())
    run("release", SLUG, "--course", root)
    run("intake", SLUG, "--course", root)
    after = read_record(course, "bob", SLUG)
    assert after is not None
    assert after["signature"] != before["signature"]
    assert after["arrived"] == "2020-01-02 00:00:00 UTC"


def test_the_gradebook_is_of_one_moment_while_another_process_writes(tmp_path: Path, graded: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(graded, root)
    shutil.copytree(graded.parent / "shared", tmp_path / "shared")
    program = """
import sqlite3, sys, itertools
with sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None) as database:
    database.execute("CREATE TABLE pair (name TEXT PRIMARY KEY, number INT, filling TEXT)")
    database.executemany("INSERT INTO pair VALUES (?, 0, ?)", [(name, "x" * 200000) for name in "ab"])
    print("begun", flush=True)
    for number in itertools.count(1):
        database.execute("BEGIN IMMEDIATE")
        for name in "ab":
            database.execute("UPDATE pair SET number = ?, filling = ? WHERE name = ?", (number, str(number) * 20000, name))
        database.execute("COMMIT")
"""
    with subprocess.Popen([sys.executable, "-c", program, root / "gradebook.db"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"begun\n"
        numbers = []
        for number in range(5):
            (tmp_path / str(number)).mkdir()
            copy = making.copied_gradebook(Course.open(root), tmp_path / str(number))
            assert copy is not None
            with closing(sqlite3.connect(copy)) as database:
                pair = [row for (row,) in database.execute("SELECT number FROM pair")]
                assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert pair[0] == pair[1]
            numbers.append(pair[0])
        assert other.poll() is None
        other.kill()
    assert numbers[-1] > numbers[0], "it went on writing"


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(graded: Path, tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "there.zip"
    file.write_bytes(b"mine")
    told = run("archive", file, "--course", graded)
    assert "is there already; give another name, or --force" in str(told.exception)
    with monkeypatch.context() as patched:
        patched.setattr(manifest.Manifest, "written", broken_off)
        told = run("archive", file, "--course", graded, "--force")
        assert told.exit_code != 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"there.zip": b"mine"}, (
        "Ctrl-C leaves nothing"
    )
    assert run("archive", file, "--course", graded, "--force", "--quiet").exit_code == 0
    assert zipfile.is_zipfile(file)
    assert file.stat().st_mode & 0o777 == 0o600


def broken_off(*_: Any) -> None:
    raise KeyboardInterrupt


def test_links_are_left_out_and_named(graded: Path, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(graded, root)
    shutil.copytree(graded.parent / "shared", tmp_path / "shared")
    (root / "passwords").symlink_to("/etc/passwd")
    told = run("archive", tmp_path / "toys.zip", "--course", root, "--quiet")
    assert "left out: passwords: it is a link" in told.stdout
    assert not any("passwords" in name for name in zipfile.ZipFile(tmp_path / "toys.zip").namelist())


def test_other_packages_and_another_grader_are_said_in_a_sentence(archived: Path, tmp_path: Path, monkeypatch) -> None:
    real = manifest.version_of_package
    monkeypatch.setattr(manifest, "version_of_package", lambda name: "9.9" if name == "numpy" else real(name))
    monkeypatch.setattr(opening.manifest, "program_files", dict)
    told = run("archive", "--open", archived, "--course", tmp_path / "again", "--quiet").stdout
    said = [line for line in told.splitlines() if line.startswith("Other versions here")]
    assert len(said) == 1
    assert f"numpy 9.9 (then {real('numpy')}); 'autograder regrade --course" in said[0]
    assert "PYTHONPATH=" in told


def changed(file: Path, archived: Path, how: Callable[[dict[str, Any], dict[str, bytes]], object]) -> None:
    """The archive with its manifest and its files changed, the digests being right unless ``how`` makes them wrong."""
    with zipfile.ZipFile(archived) as old:
        files = {name: old.read(name) for name in old.namelist()}
    about = json.loads(files.pop(manifest.NAME))
    how(about, files)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in files.items():
            new.writestr(name, data)
        if about:
            new.writestr(manifest.NAME, json.dumps(about))


def with_file(
    name: str, data: bytes = b"bad", size: int | None = None
) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    from hashlib import sha256

    def how(about: dict[str, Any], files: dict[str, bytes]) -> None:
        files[name] = data
        entry = {"sha256": sha256(data).hexdigest(), "bytes": len(data) if size is None else size, "mtime_ns": 0}
        about["files"][name] = entry | {"mode": 0o644}

    return how


BAD: dict[str, tuple[Any, str]] = {
    "another kind": (lambda about, files: about.clear(), "is no archive of a course"),
    "manifest of another kind": (lambda about, files: about.update(files=3), "is no archive of a course"),
    "newer": (lambda about, files: about.update(version=2), "made by a newer grader"),
    "out of it": (with_file("course/../../out"), "is damaged"),
    "absolute": (with_file("/tmp/out"), "is damaged"),
    "a bomb": (with_file("course/bomb", b"0" * (80 << 20), 3), "more than"),
    "more than the disk": (with_file("course/big", b"0", 1 << 60), "make room"),
    "one too many": (lambda about, files: files.update({"course/new": b""}), "is damaged"),
    "one missing": (lambda about, files: files.pop("course/grades.csv"), "is damaged"),
    "other content": (lambda about, files: files.update({"course/grades.csv": b"ada,100"}), "is not what it was"),
    "another gradebook": (with_file("course/course.toml", b'database = "sqlite:////srv/g.db"'), "outside of itself"),
    "settings that are none": (with_file("course/course.toml", b"["), "settings that cannot be read"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_archive_is_refused_in_a_sentence_and_nothing_is_made(kind: str, archived: Path, tmp_path: Path) -> None:
    how, said = BAD[kind]
    changed(tmp_path / "bad.zip", archived, how)
    refused(tmp_path, tmp_path / "bad.zip", said)


def test_what_is_no_whole_archive_is_refused(archived: Path, tmp_path: Path) -> None:
    whole = archived.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 64]) + whole[middle + 64 :]
    for data, said in (
        (b"", "is no archive"),
        (b"a text", "is no archive"),
        (whole[:-1000], "a part"),
        (flipped, "is damaged"),
    ):
        (tmp_path / "bad.zip").write_bytes(data)
        refused(tmp_path, tmp_path / "bad.zip", said)
    refused(tmp_path, tmp_path / "none.zip", "is not there")
    refused(tmp_path, tmp_path, "is no file")


def refused(folder: Path, file: Path, said: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(ArchiveError, match=said) as told:
        opening.open_archive(file, folder / "again")
    assert len(str(told.value)) < 400
    assert sorted(folder.iterdir()) == before


def test_a_link_in_an_archive_is_not_made(archived: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.zip"
    changed(file, archived, with_file("course/plain"))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("course/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc")
    refused(tmp_path, file, "is damaged")


def test_a_folder_that_holds_something_is_not_opened_into(archived: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    told = run("archive", "--open", archived, "--course", tmp_path)
    assert "is there already" in str(told.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_settings_that_name_places_are_taken_out_and_all_else_stays(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    text = 'name = "a" # stays\nfolders = [ # "x"\n  "more",\n]\ndatabase = "sqlite:////srv/g.db"\n[late]\ngrace_hours = 2\n'
    (tmp_path / settings.FILE).write_text(text, encoding="utf-8")
    kept = settings.without(tmp_path, ("folders", "database"))
    assert [line for line in kept.splitlines() if "taken out" not in line] == [
        'name = "a" # stays', "[late]", "grace_hours = 2",
    ]  # fmt: skip
    assert kept.count("taken out") == 2


def test_it_holds_every_attempt_and_what_is_the_instructors_own(archived: Path) -> None:
    names = zipfile.ZipFile(archived).namelist()
    for name in (
        f"inbox/bob/{SLUG}/{SLUG}.ipynb", f"submitted/bob/{SLUG}/{SLUG}.ipynb", f"collected/{SLUG}/bob/1/{SLUG}.ipynb",
        f"release/{SLUG}/{SLUG}.ipynb", f"exercises/{SLUG}/checks.py", "gradebook.db", "my own notes.txt",
    ):  # fmt: skip
        assert f"course/{name}" in names
