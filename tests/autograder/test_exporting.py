"""Marks and pages for the system that the hand-ins came from: what was collected is named, each once, with its own mark."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.authoring.release import release_into
from autograder.course import Course
from autograder.errors import UserError
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.cells import notebook_bytes, question_id
from autograder.exercise.notebooks import fill_in, reference_sources, set_source
from autograder.grading.class_run import ClassResult, grade_class
from autograder.grading.pages import feedback_path
from autograder.lms import layouts
from autograder.lms.collecting import collect
from autograder.lms.exporting import TARGETS, export
from tests.autograder.lms_downloads import Person, gradebook, laid_out, marked, people, roster, worksheet


def handed_in(course: Course, exercise: Exercise, count: int) -> list[Person]:
    """A class in which the first has everything right, the last hands in nothing, and the others hand in what was released."""
    import nbformat

    released = nbformat.read(course.released(exercise.slug), as_version=4)
    right = notebook_bytes(fill_in(exercise, released, reference_sources(exercise)))
    everyone = people(count)
    for one in everyone[:-1]:
        one.files = [{"a.ipynb": marked(right if one is everyone[0] else notebook_bytes(released), one.id)}]
    return everyone


def graded(course: Course, exercise: Exercise, everyone: Sequence[Person], system: str, folder: Path) -> ClassResult:
    listed = folder / "class.csv"
    listed.write_bytes(roster(everyone, system, numbers=system != "moodle"))
    sheet = None
    if system == "moodle":
        sheet = folder / "sheet.csv"
        sheet.write_bytes(worksheet(everyone))
    told = collect(course, laid_out(folder, system, everyone), listed, sheet=sheet)
    assert (told.unknown, len(told.taken)) == ([], len(everyone) - 1)
    return grade_class(course, exercise)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


@pytest.fixture
def everyone(course: Course, exercise: Exercise) -> list[Person]:
    return handed_in(course, exercise, 4)


@pytest.mark.parametrize("system", TARGETS)
def test_every_student_has_a_line_with_their_own_mark(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path, system: str
) -> None:
    result = graded(course, exercise, everyone, system, tmp_path)
    points = {row.student: row.points for row in result.rows}
    assert sorted(points.values()) == [0, 0, 12]
    written = export(course, exercise, system)
    rows = rows_of(written.marks)
    by, mark = {
        "moodle": ("Email address", "Grade"), "canvas": ("SIS User ID", exercise.title), "gradescope": ("Email", "Total Score"),
    }[system]  # fmt: skip
    marks = {row[by].removesuffix("@uni.example"): row[mark] for row in rows if row[by]}
    absent = {} if system == "moodle" else {everyone[-1].id: ""}  # of whom Moodle never told the number
    assert marks == {student: f"{earned:g}" for student, earned in points.items()} | absent
    assert (written.count, written.not_listed) == (3, ())


def test_moodle_gets_the_numbers_that_it_gave(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path
) -> None:
    """Pages are read back by the rule of Moodle's importer: name_number_plugintype_plugin, the number being one of its own."""
    graded(course, exercise, everyone, "moodle", tmp_path)
    written = export(course, exercise, "moodle")
    assert [row["Identifier"] for row in rows_of(written.marks)] == [
        f"Participant {one.number}" for one in everyone[:-1]
    ]
    with zipfile.ZipFile(written.pages) as archive:
        numbers = {}
        for name in archive.namelist():
            _full_name, number, kind, plugin = name.split("/")[0].split("_")
            assert (kind, plugin) == ("assignfeedback", "file")
            numbers[int(number)] = archive.read(name)
    for one in everyone[:-1]:
        assert numbers[one.number] == feedback_path(course, exercise.slug, one.id).read_bytes()


def test_canvas_gets_the_names_that_it_gave(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path
) -> None:
    graded(course, exercise, everyone, "canvas", tmp_path)
    written = export(course, exercise, "canvas")
    with zipfile.ZipFile(written.pages) as archive:
        names = archive.namelist()
        again = layouts.canvas(names, tmp_path, layouts.ZoneInfo("UTC"))
        assert again.unread == {}
        numbers = {one.envelope.id: archive.read(next(iter(one.files))) for one in again.found.values()}
    assert numbers == {
        str(one.number): feedback_path(course, exercise.slug, one.id).read_bytes() for one in everyone[:-1]
    }


@pytest.mark.parametrize("system", ["moodle", "canvas"])
def test_the_systems_own_file_keeps_everything_but_the_marks(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path, system: str
) -> None:
    graded(course, exercise, everyone, system, tmp_path)
    template = tmp_path / "own.csv"
    column = f"{exercise.title} (82)" if system == "canvas" else "Grade"
    template.write_bytes(worksheet(everyone) if system == "moodle" else gradebook(everyone, exercise.title, 12.0))
    before, after = rows_of(template), rows_of(export(course, exercise, system, template).marks)
    assert [row.pop(column) for row in after[-4:]] == ["12", "0", "0", ""]
    for row in before[-4:]:
        del row[column]
    assert after == before


OTHERS = {
    "another course's": (b"Identifier,Grade\nParticipant 1,\n", "names none of the students who are graded"),
    "no column": (b"Identifier,Points\nParticipant 1,\n", "has no column 'grade'"),
    "nothing": (b"", "has no column 'identifier' and no 'grade'; it is empty"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_file_is_one_sentence_and_nothing_is_written(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path, what: str
) -> None:
    graded(course, exercise, everyone, "moodle", tmp_path)
    template = tmp_path / "own.csv"
    data, words = OTHERS[what]
    template.write_bytes(data)
    with pytest.raises(UserError, match=words):
        export(course, exercise, "moodle", template)
    assert not (course.root / "export").exists()


def test_canvas_must_have_one_column_for_the_exercise(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path
) -> None:
    graded(course, exercise, everyone, "canvas", tmp_path)
    template = tmp_path / "own.csv"
    template.write_bytes(gradebook(everyone, "Quiz", 12.0))
    with pytest.raises(UserError, match=f"has no columns for {exercise.slug}; name the assignment in Canvas"):
        export(course, exercise, "canvas", template)


def test_who_is_graded_and_not_in_the_class_is_named(
    course: Course, exercise: Exercise, everyone: list[Person], tmp_path: Path, autograder
) -> None:
    graded(course, exercise, everyone, "canvas", tmp_path)
    (course.root / "class.csv").write_bytes(roster(everyone[1:], "canvas"))
    done = autograder("export", "--to", "canvas", "--course", str(course.root))
    assert done.returncode == 0, done.stderr
    assert f"not in the class: s000: graded on {exercise.slug}, but in no line of class.csv" in done.stdout


def test_before_anybody_is_graded_it_says_so(course: Course, autograder) -> None:
    done = autograder("export", "--course", str(course.root))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Nobody is graded in ")


@pytest.mark.slow
@pytest.mark.parametrize("system", ["moodle", "canvas"])
def test_a_class_of_300_from_download_to_marks(course: Course, tmp_path: Path, system: str, autograder) -> None:
    """By the commands: two of one name, 20 late, 10 twice, 5 unknown, 5 with files of another kind; all accounted for.

    An answer in words is graded with a comment in between.
    """
    import nbformat

    exercise = EXERCISES["03_gradients"]
    answer, most = question_id(exercise.questions[0]), exercise.points
    released = nbformat.read(release_into(course, exercise), as_version=4)
    solved = fill_in(exercise, released, reference_sources(exercise))
    set_source(solved, answer, "It bounds how much one step can stretch a gradient.")
    right = notebook_bytes(solved)
    blank = notebook_bytes(released)
    everyone = people(300)
    for number, one in enumerate(everyone):
        one.files = [{f"{exercise.slug}.ipynb": marked(right if number % 10 == 0 else blank, one.id)}]
        one.late = 100 <= number < 120
        if 200 <= number < 210:
            one.files.append({"better.ipynb": marked(right, f"{one.id} again")})
        if 250 <= number < 255:
            one.files = [{"photo.jpg": b"\xff\xd8"}]
    strangers = [
        Person(f"x{n}", f"Unknown Person {n}", 90_000 + n, [{"a.ipynb": blank}], in_class=False) for n in range(5)
    ]
    (course.root / "class.csv").write_bytes(roster(everyone, system))
    settings = course.root / "course.toml"
    said = settings.read_text(encoding="utf-8").replace("# percent_per_day = 0.0", "percent_per_day = 10")
    said = said.replace("# most_percent = 100.0", "most_percent = 50")
    due = "due = 2026-10-10T12:00:00Z\nextensions = { s100 = 2026-12-30T12:00:00Z }"
    settings.write_text(f"{said}\n[exercise.{exercise.slug}]\n{due}\n", encoding="utf-8")
    source = laid_out(tmp_path, system, [*everyone, *strangers])
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(worksheet([*everyone, *strangers]))
    more = ["--worksheet", str(sheet)] if system == "moodle" else []
    at = ["--course", str(course.root)]
    told = autograder("collect", str(source), *more, *at, "--quiet")
    lines = told.stdout.splitlines() or [told.stderr]
    assert (told.returncode, lines[-1]) == (
        1,
        f"{exercise.slug}: 295 hand-ins from {system} in the inbox, 0 unchanged.",
    )
    assert sum(line.startswith("not in the class: ") for line in lines) == 5
    assert sum("photo.jpg" in line for line in lines) == 5
    assert sum(line.startswith("nothing handed in: ") for line in lines) == 5
    assert autograder("grade", exercise.slug, "--quiet", *at, seconds=1800).returncode == 0
    with Gradebook(course.db_url, course.course_id) as book:
        grade = book.find_grade(answer, exercise.slug, exercise.slug, "s000")
        comment = book.find_comment(answer, exercise.slug, exercise.slug, "s000")
        grade.manual_score, grade.needs_manual_grade, comment.manual_comment = 1.5, False, "Say which norm."
        book.db.commit()
    assert autograder("grade", exercise.slug, "--quiet", *at, seconds=1800).returncode == 0
    assert autograder("export", "--to", system, *at).returncode == 0
    totals = {row["student"]: float(row["total"]) for row in rows_of(course.root / "grades.csv")}
    by, mark = {"moodle": ("Email address", "Grade"), "canvas": ("SIS User ID", exercise.title)}[system]
    rows = rows_of(course.root / "export" / f"{exercise.slug}-{system}.csv")
    marks = {row[by].removesuffix("@uni.example"): float(row[mark]) for row in rows if row[by] and row[mark]}
    assert marks == pytest.approx(totals)
    assert len(totals) == 295
    full = {one.id for number, one in enumerate(everyone) if number % 10 == 0 and one.id in totals} | {
        one.id for one in everyone[200:210]
    }
    assert totals.pop("s000") == most + 1.5
    assert {student for student, total in totals.items() if total == most} == full - {"s000", "s110"}
    assert 0 < totals["s110"] < most, "late"
    assert totals["s100"] == most, "late, with an extension"
    report = (course.root / "report.html").read_text(encoding="utf-8")
    assert f'<td class="n">{most + 1.5:g}</td>' in report
    with zipfile.ZipFile(course.root / "export" / f"{exercise.slug}-{system}-feedback.zip") as archive:
        assert len(archive.namelist()) == 295
        pages = [archive.read(name).decode() for name in archive.namelist()]
    assert sum("Say which norm." in page for page in pages) == 1
    assert max(map(len, pages)) < 100_000
