"""Hand-ins from five systems: everyone is accounted for, and nothing that was handed in is lost."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading import attempts
from autograder.grading.class_run import grade_class
from autograder.grading.intake import read_record, take_in_all
from autograder.lms.collecting import Collected, collect
from tests.autograder.lms_downloads import LAYOUTS, Person, laid_out, marked, people, roster, worksheet, zipped

SYSTEMS = list(LAYOUTS)
KEEPS_ATTEMPTS = ("canvas", "brightspace", "blackboard")


@pytest.fixture
def blank(course: Course, exercise: Exercise) -> bytes:
    return course.released(exercise.slug).read_bytes()


def a_class(blank: bytes, slug: str) -> list[Person]:
    """Nine people: two of one name, one late, one twice, one with a wrong file, one with nothing, one unknown."""
    everyone = people(8)
    for one in everyone[:7]:
        one.files = [{f"{slug}.ipynb": marked(blank, one.id)}]
    everyone[2].late = True
    everyone[3].files.append({"final (1).ipynb": marked(blank, "s003, better")})
    everyone[4].files = [{"essay.pdf": b"%PDF"}]
    everyone[5].files = [{"work/my answer.ipynb.txt": marked(blank, "s005")}]
    stranger = Person("nobody", "Zoë Nobody", 999, [{f"{slug}.ipynb": marked(blank, "whose?")}], in_class=False)
    return [*everyone, stranger]


def collected(course: Course, system: str, everyone: Sequence[Person], folder: Path, **more: object) -> Collected:
    listed = folder / "class.csv"
    listed.write_bytes(roster(everyone, system))
    return collect(course, laid_out(folder, system, everyone), listed, **more)  # type: ignore[arg-type]


def said_in(course: Course, slug: str, student: str) -> str:
    """The comment by which a notebook in the inbox is known."""
    notebook = json.loads((course.inbox / student / slug / f"{slug}.ipynb").read_bytes())
    return str(notebook["cells"][-1]["source"])


@pytest.mark.parametrize("system", SYSTEMS)
def test_everyone_is_accounted_for(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    slug, everyone = exercise.slug, a_class(blank, exercise.slug)
    told = collected(course, system, everyone, tmp_path)
    assert told.system == system, "it is found out"
    in_inbox = {path.parts[-3] for path in course.inbox.glob(f"*/{slug}/{slug}.ipynb")}
    assert in_inbox == {"s000", "s001", "s002", "s003", "s005", "s006"}
    for student in in_inbox - {"s003"}:
        assert said_in(course, slug, student) == f"# {student}"
    assert said_in(course, slug, "s003") == "# s003, better"
    assert len(told.unknown) == 1
    assert any("essay.pdf" in line and line.startswith("s004") for line in told.unread)
    assert told.missing == {slug: ["s004", "s007"]}
    assert ((slug, "s002") in told.late) == (system == "canvas")


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_handed_in_is_lost(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    everyone = a_class(blank, exercise.slug)
    collected(course, system, everyone, tmp_path)
    kept = {path.read_bytes() for path in (course.root / attempts.FOLDER).rglob("*") if path.is_file()}
    for one in everyone:
        for files in one.files if system in KEEPS_ATTEMPTS else one.files[-1:]:
            assert set(files.values()) <= kept


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_download_again_changes_nothing(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    everyone = a_class(blank, exercise.slug)
    collected(course, system, everyone, tmp_path)
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    told = collected(course, system, everyone, tmp_path)
    assert {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()} == before
    assert set(told.taken.values()) == {"unchanged"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_of_one_name_are_told_apart_by_number_or_named(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    everyone = a_class(blank, exercise.slug)[:3]
    listed = tmp_path / "class.csv"
    listed.write_bytes(roster(everyone, system, numbers=False))
    told = collect(course, laid_out(tmp_path, system, everyone), listed)
    if system == "gradescope":  # it says the address
        assert (told.unknown, len(told.taken)) == ([], 3)
    elif system == "blackboard":  # it says the user's name alone
        assert len(told.unknown) == 3
    else:
        assert {student for _slug, student in told.taken} == {"s002"}
        assert all("s000 and s001 have this name" in line for line in told.unknown)


def test_moodles_worksheet_tells_namesakes_apart_and_has_the_times(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    everyone = a_class(blank, exercise.slug)
    listed, sheet = tmp_path / "class.csv", tmp_path / "worksheet.csv"
    listed.write_bytes(roster(everyone, "moodle", numbers=False))
    sheet.write_bytes(worksheet(everyone))
    told = collect(course, laid_out(tmp_path, "moodle", everyone), listed, sheet=sheet)
    assert {student for _slug, student in told.taken} == {"s000", "s001", "s002", "s003", "s005", "s006"}
    record = attempts.read(course, exercise.slug, "s002")
    assert record is not None
    assert record["when"] == everyone[2].came(0).replace(second=0, tzinfo=UTC).isoformat()


def test_times_that_come_later_move_who_is_graded_already(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    with open(course.root / "course.toml", "a", encoding="utf-8") as settings:
        settings.write(f"\n[exercise.{exercise.slug}]\ndue = 2026-10-10T12:00:00Z\n")
    course, everyone = Course.open(course.root), a_class(blank, exercise.slug)[:3]
    collected(course, "moodle", everyone, tmp_path)
    before = grade_class(course, exercise, write_pages=False)
    assert all(row.late for row in before.rows), "their files came today"
    sheet = tmp_path / "worksheet.csv"
    sheet.write_bytes(worksheet(everyone))
    collect(course, laid_out(tmp_path, "moodle", everyone), tmp_path / "class.csv", sheet=sheet)
    after = grade_class(course, exercise, write_pages=False)
    assert after.graded == [], "nobody is graded anew"
    assert [row.student for row in after.rows if row.late] == ["s002"]


@pytest.mark.parametrize("system", ["gradescope", "brightspace", "blackboard"])
def test_the_systems_time_is_the_time_of_arrival_and_marked_so(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    everyone = a_class(blank, exercise.slug)
    collected(course, system, everyone, tmp_path)
    take_in_all(course, exercise)
    record = read_record(course, "s002", exercise.slug)
    assert record is not None
    came = everyone[2].came(0)
    if system == "gradescope":  # its times have a zone, seven hours behind
        came = datetime.fromisoformat(came.isoformat() + "-07:00").astimezone(UTC)
    seconds = "00" if system == "brightspace" else "15"
    assert record["arrived"] == f"{came:%Y-%m-%d %H:%M}:{seconds} UTC"
    assert record["arrived_by"] == system


def test_canvas_says_who_was_late_and_the_others_came_in_time(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    with open(course.root / "course.toml", "a", encoding="utf-8") as settings:
        settings.write(f"\n[exercise.{exercise.slug}]\ndue = 2026-10-10T12:00:00Z\n")
    course = Course.open(course.root)
    collected(course, "canvas", a_class(blank, exercise.slug), tmp_path)
    take_in_all(course, exercise)
    arrived = {student: read_record(course, student, exercise.slug) for student in ("s000", "s002")}
    assert arrived["s000"] is not None
    assert (arrived["s000"]["arrived"], arrived["s000"]["arrived_by"]) == ("2026-10-10 12:00:00 UTC", "canvas")
    assert arrived["s002"] is not None
    assert arrived["s002"]["arrived"] > "2026-10-10 12:00:00 UTC"


def test_a_notebook_that_was_changed_since_has_its_own_time(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    collected(course, "blackboard", a_class(blank, exercise.slug), tmp_path)
    path = course.inbox / "s002" / exercise.slug / f"{exercise.slug}.ipynb"
    path.write_bytes(marked(blank, "by hand"))
    take_in_all(course, exercise)
    record = read_record(course, "s002", exercise.slug)
    assert record is not None
    assert record["arrived_by"] == ""


def test_what_an_instructor_laid_into_the_inbox_is_kept(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    mine = course.inbox / "s000" / exercise.slug / f"{exercise.slug}.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(marked(blank, "came by e-mail"))
    (mine.parent / "note.txt").write_text("from her e-mail")
    collected(course, "canvas", a_class(blank, exercise.slug), tmp_path)
    assert said_in(course, exercise.slug, "s000") == "# s000"
    kept = list(attempts.folder_of(course, exercise.slug, "s000").glob("replaced-*"))
    assert [path.name for path in kept[0].iterdir() if path.suffix == ".txt"] == ["note.txt"]
    assert b"came by e-mail" in (kept[0] / mine.name).read_bytes()


def test_an_older_download_does_not_replace_a_newer_attempt(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    everyone = a_class(blank, exercise.slug)
    collected(course, "brightspace", everyone, tmp_path)
    everyone[3].files.pop()
    told = collected(course, "brightspace", everyone, tmp_path)
    assert said_in(course, exercise.slug, "s003") == "# s003, better"
    assert any(line.startswith("s003") and "newest counts" in line for line in told.earlier)


def test_a_notebook_says_itself_which_exercise_it_is(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    """Whatever it is called, and in a zip that the student made."""
    one, other = people(2)
    one.files = [{"Untitled7.json": marked(blank, "s000")}]
    other.files = [{"all.zip": zipped({f"deep/{exercise.slug} (2).ipynb": marked(blank, "s001"), "../up.txt": b"x"})}]
    told = collected(course, "moodle", [one, other], tmp_path)
    assert {said_in(course, exercise.slug, student) for student in ("s000", "s001")} == {"# s000", "# s001"}
    assert any("up.txt" in line for line in told.unread)


def test_names_of_any_script_become_folders(course: Course, exercise: Exercise, blank: bytes, tmp_path: Path) -> None:
    one = Person("名前.さとう", "さとう 名前", 17, [{"x.ipynb": marked(blank, "sato")}])
    two = Person("हिन्दी", "हिन्दी देवी", 18, [{"x.ipynb": marked(blank, "devi")}])
    told = collected(course, "moodle", [one, two], tmp_path)
    assert told.unknown == []
    take_in_all(course, exercise)
    for student in (one.id, two.id):
        assert read_record(course, student, exercise.slug) is not None


def test_a_folder_does_as_well_as_its_archive(course: Course, exercise: Exercise, blank: bytes, tmp_path: Path) -> None:
    everyone = a_class(blank, exercise.slug)
    listed, folder = tmp_path / "class.csv", tmp_path / "unpacked"
    listed.write_bytes(roster(everyone, "moodle"))
    with zipfile.ZipFile(laid_out(tmp_path, "moodle", everyone)) as archive:
        archive.extractall(folder)
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    told = collect(course, folder, listed)
    assert len(told.taken) == 6
    assert any(line.startswith("link.ipynb") for line in told.unread)


def bomb() -> bytes:
    return zipped({f"Ada Lovelace_1_assignsubmission_file/{n}.ipynb": bytes(60 << 20) for n in range(3)})


BAD = {
    "no zip": (b"hello", b"id,name\na,A\n", "cannot be unpacked"),
    "a bomb": (bomb, b"id,name\na,A\n", "cannot be unpacked .*more than"),
    "no layout": (zipped({"a.txt": b"x"}), b"id,name\na,A\n", "laid out like no system"),
    "no column": (zipped({}), b"number,name\n1,A\n", "has no column 'id'; it has number, name"),
    "no student": (zipped({}), b"id,name\n", "has no student in it"),
    "an id twice": (zipped({}), b"id,name\na,A\nA,B\n", "line 3: A stands in line 2 already"),
    "an id that is a path": (zipped({}), b"id,name\n../a,A\n", "cannot be a student's id"),
    "bytes": (zipped({}), b"\xff\xfe\xfa", "cannot be read as a roster"),
    "metadata": (zipped({"submission_metadata.yml": b"a: [", "submission_1/a.ipynb": b""}), b"id,name\na,A\n", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_sentence_and_changes_nothing(
    course: Course, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.lms.collecting.MOST_BYTES", 100 << 20)
    data, listed, words = BAD[what]
    source, class_list = tmp_path / "download.zip", tmp_path / "class.csv"
    source.write_bytes(data() if callable(data) else data)
    class_list.write_bytes(listed)
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=words) as told:
        collect(course, source, class_list)
    assert "\n" not in str(told.value)
    assert {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("row", "words"), [
    ("Participant x", "is no participant's number"), ("Participant 7,,the day after", "cannot be read as a date"),
])  # fmt: skip
def test_a_worksheet_that_is_none_is_one_sentence(course: Course, tmp_path: Path, row: str, words: str) -> None:
    sheet, listed = tmp_path / "sheet.csv", tmp_path / "class.csv"
    sheet.write_text(f"Identifier,Email address,Last modified (submission)\n{row}\n")
    listed.write_text("id,name\na,A\n")
    with pytest.raises(UserError, match=words):
        collect(course, tmp_path, listed, "moodle", sheet=sheet)


def test_a_path_that_leaves_the_download_is_named_and_reaches_nothing(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    files = LAYOUTS["moodle"](a_class(blank, exercise.slug))
    files["../../evil_1_assignsubmission_file/x.ipynb"] = b"x"
    source, listed = tmp_path / "in" / "download.zip", tmp_path / "class.csv"
    source.parent.mkdir()
    source.write_bytes(zipped(files))
    listed.write_bytes(roster(a_class(blank, exercise.slug), "moodle"))
    told = collect(course, source, listed)
    assert any("evil" in line and "leave its folder" in line for line in told.unread)
    assert not list(tmp_path.rglob("evil*"))


def test_the_command_says_a_line_each_and_ends_with_1_where_something_is_not_read(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, autograder
) -> None:
    everyone = a_class(blank, exercise.slug)
    (course.root / "class.csv").write_bytes(roster(everyone, "canvas"))
    source = laid_out(tmp_path, "canvas", everyone)
    done = autograder("collect", str(source), "--course", str(course.root), "--quiet")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == f"{exercise.slug}: 6 hand-ins from canvas in the inbox, 0 unchanged."
    assert f"late: s002: {exercise.slug}" in lines
    assert f"nothing handed in: s007: {exercise.slug}" in lines
    assert sum(line.startswith("not in the class: ") for line in lines) == 1
    wrong = autograder("collect", str(source), "--from", "mudle", "--course", str(course.root))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("--from is 'mudle'; it takes moodle, canvas,")
    shutil.rmtree(course.inbox)
    absent = autograder("collect", str(tmp_path / "none.zip"), "--course", str(course.root))
    assert absent.stderr.strip().endswith("a zip file or the folder that it was unpacked into.")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_file_s_own_name_never_says_whose_it_is(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, system: str
) -> None:
    """Each system writes a file's name behind the student's: what stands there may look like another student's."""
    eve, bob = people(2)
    eve.name, bob.name = "Eve Evans", "Bob Brown"
    whole = LAYOUTS[system]([Person(bob.id, bob.name, bob.number, [{"x.ipynb": b""}])])
    as_bobs = next(name for name in whole if name.endswith("x.ipynb"))
    eve.files = [{as_bobs: marked(blank, "eve's")}]
    told = collected(course, system, [eve, bob], tmp_path)
    assert {student for _slug, student in told.taken} == {"s000"}
    assert not (course.inbox / "s001").exists()


def test_who_took_another_one_s_name_replaces_nobody(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    """A name can be changed by whoever bears it; a number cannot. With numbers that the class list lacks, neither is taken."""
    ada, eve = people(2)
    ada.files, eve.files = ([{"a.ipynb": marked(blank, text)}] for text in ("ada's", "eve's"))
    only_ada = Person(ada.id, ada.name, ada.number)
    for system in ("moodle", "canvas", "brightspace"):
        listed = tmp_path / "class.csv"
        listed.write_bytes(roster([only_ada], system, numbers=False))
        told = collect(course, laid_out(tmp_path, system, [ada, eve]), listed)
        assert told.taken == {}, system
        assert len(told.unknown) == 2, system
        listed.write_bytes(roster([only_ada], system))
        told = collect(course, laid_out(tmp_path, system, [ada, eve]), listed)
        assert {student for _slug, student in told.taken} == {ada.id}, system
        assert said_in(course, exercise.slug, ada.id) == "# ada's"


def test_one_hand_in_s_strange_names_hold_up_no_other(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path
) -> None:
    """A file called like the folder that an archive becomes, and a name with a zero in it, or far too long."""
    good, strange, stranger = people(3)
    good.files = [{"a.ipynb": marked(blank, "good")}]
    strange.files = [{"work.zip": zipped({"a.ipynb": marked(blank, "strange")}), "work": b"a file"}]
    stranger.name, stranger.in_class = "x\0y" + "z" * 400 + "/../..", False
    stranger.files = [{"a.ipynb": marked(blank, "whose?")}]
    told = collected(course, "gradescope", [strange, stranger, good], tmp_path)
    assert {student for _slug, student in told.taken} == {good.id, strange.id}
    assert len(told.unknown) == 1
    kept = {path.read_bytes() for path in (course.root / attempts.FOLDER).rglob("*") if path.is_file()}
    assert {b"a file", marked(blank, "whose?")} <= kept


def test_archives_in_archives_are_bounded_together(
    course: Course, exercise: Exercise, blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.lms.collecting.MOST_OF_ONE", 1 << 20)
    (one, other) = people(2)
    inner = zipped({"zeros": bytes(700_000)})
    one.files = [{"all.zip": zipped({f"{n}.zip": inner for n in range(9)})}]
    other.files = [{"a.ipynb": marked(blank, "good")}]
    told = collected(course, "moodle", [one, other], tmp_path)
    assert {student for _slug, student in told.taken} == {other.id}
    assert sum("cannot be unpacked" in line for line in told.unread) == 8


def test_a_date_that_is_none_is_no_time(course: Course, tmp_path: Path) -> None:
    source, listed = tmp_path / "download.zip", tmp_path / "class.csv"
    source.write_bytes(zipped({"Essay_ada_attempt_2026-99-99-00-00-00_a.ipynb": b"x"}))
    listed.write_text("id,name\nada,Ada\n")
    told = collect(course, source, listed)
    assert [line.split(":")[0] for line in told.unread] == ["ada"]
