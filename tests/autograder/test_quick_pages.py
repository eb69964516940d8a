"""The quick way to feedback pages: byte for byte nbgrader's own, whatever a notebook holds and whatever was shown before."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook

from autograder.check import Verdict
from autograder.course import CONFIG, Course
from autograder.exercise import Exercise
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.core import version_of
from autograder.grading.gradebook import GradeWriter
from autograder.grading.pages import LONGEST_HIGHLIGHTED, feedback_page, graded_notebook
from autograder.grading.points import Graded
from autograder.grading.quick_pages import QuickPages
from autograder.grading.reading import StudentCell
from autograder.grading.rebuilding import rebuild
from autograder.grading.tidy import Unusual, simply_tidied, stands_alone, tidy
from autograder.grading.transcript import CellOutput, TimeLimit, Transcript

HOSTILE = """</pre></div></main><script>alert(1)</script><!-- <style> ]]> &copy &#x3c;b&#x3e; &amp;lt; &nbsp; <hr id="p0-0"/>
<b>open <br/> </br> </div> <img src=x onerror=alert(1)> <textarea> <title> [x](javascript:alert(1)) $x<y$ $$a&b$$ `<i>`
```perl
$a =~ s/b/c/
```
"""
CODE = (
    "x = '<b>\"&amp;\" it\\'s</b>'  # <!-- &nbsp; 'é' \U0001f600 \u2028 \xa0",
    "%%html\n<b>x</b>\n", "%timeit 1\n!ls *\nprint?\n5 != 4 % 3\n", "\n\n  \n", "\t\n\tx =\t1",
    "a = 1\r\nb = 2\x0c\x07\x85\ufffe",
    '"""not closed', "def f(:\n  return <", "f'{x!r:>{w}}' rb'\\n' 0x1F 1_000j", "match x:\n    case {'a': [1, *_]}: ...",
    "x" * (LONGEST_HIGHLIGHTED + 1), "# only &lt;span class='k'&gt;</span>", "@dec\nasync def g(): await 1\n" * 5,
)  # fmt: skip
OUTPUTS = ("", "plain", HOSTILE, " \n ", "\x1b[31mred\x1b[0m \x07 <b>", "é\u2028\xa0\U0001f600")
PICTURES = ([], [b"\x89PNG\r\n\x1a\n" + bytes(50)], [b"\x89PNG" + bytes(9000), b"\x89PNG" + bytes(7)])


@pytest.fixture
def writer(course: Course):
    with GradeWriter(course) as writer:
        yield writer


@pytest.fixture
def graded(course: Course, exercise: Exercise, writer: GradeWriter) -> Callable[..., bytes]:
    """Writes a student's grade into the gradebook, for cells that they added to the answer key; gives the graded notebook."""
    run = writer.begin(exercise.slug, version_of(exercise), bytes(32), anew=True)
    released = nbformat.read(course.released(exercise.slug), as_version=4)

    def grade(student: str, added: list[StudentCell], seed: int = 0, blank: bool = False) -> bytes:
        rng = random.Random(seed)
        sources = {} if blank else reference_sources(exercise)
        solved = fill_in(exercise, released, sources).cells
        cells = [StudentCell(cell.cell_type, cell.source, cell.id, "") for cell in solved]
        for cell in added:
            cells.insert(rng.randrange(len(cells) + 1), cell)
        rebuilt = rebuild(exercise, released, cells)
        rebuilt.notebook.metadata["autograder"] = {"notes": [HOSTILE, *rebuilt.notes]}
        transcript = Transcript()
        for cell in rebuilt.notebook.cells:
            if cell.cell_type == "code" and cell.id.startswith(("added", "code", "step")):
                transcript.outputs[cell.id] = CellOutput(rng.choice(OUTPUTS), rng.choice(PICTURES))
                rng.choice((transcript.ended.setdefault, transcript.waited.setdefault, lambda *_: None))(cell.id, 0)
        transcript.ended |= dict.fromkeys(transcript.ended, "timeout")
        transcript.limits |= {cell: TimeLimit(2.0, True) for cell in transcript.ended}
        statuses = ("right", "wrong", "error", "not attempted", "hung")
        verdicts = [
            Verdict(check.name, rng.choice(statuses), HOSTILE if rng.random() < 0.5 else "One line.\nAnd 'another'.")
            for check in exercise.checks
        ]
        notebook = graded_notebook(exercise, rebuilt.notebook, transcript, verdicts)
        about = ("2026-01-01 00:00:00 UTC", "", (), tuple(verdicts), notebook)
        writer.write(exercise, run, Graded(student, *about))
        return notebook

    return grade


def assert_same(quick: QuickPages, writer: GradeWriter, slug: str, student: str, notebook: bytes) -> None:
    """The quick page, made twice and without falling back, against nbgrader's."""
    expected = feedback_page(quick.course, slug, student, notebook)
    for _ in range(2):
        assert quick.quick(slug, student, notebook, writer.marks(slug, student)) == expected


def text(source: str) -> StudentCell:
    return StudentCell("markdown", source, "", "")


def code(source: str) -> StudentCell:
    return StudentCell("code", source, "", "")


def test_cells_of_each_kind(course: Course, exercise: Exercise, writer: GradeWriter, graded) -> None:
    quick = QuickPages(course)
    for number, source in enumerate(CODE):
        added = [code(source), text(HOSTILE), text("# A title\n\n* `x`\n\n<details>"), code(f"y = {number}")]
        notebook = graded(f"s{number}", added, seed=number, blank=number % 4 == 3)
        assert_same(quick, writer, exercise.slug, f"s{number}", notebook)


def test_what_people_entered(course: Course, exercise: Exercise, writer: GradeWriter, graded) -> None:
    quick = QuickPages(course)
    notebook = graded("ada", [])
    before = quick.page(exercise.slug, "ada", notebook, writer.marks(exercise.slug, "ada"))
    with Gradebook(course.db_url) as gradebook:
        entered = gradebook.find_submission_notebook(exercise.slug, exercise.slug, "ada")
        entered.grades[0].manual_score = 0.3
        entered.grades[1].extra_credit = 1.25
        entered.comments[0].manual_comment = f"Well done & <b>bold</b>\n{HOSTILE}"
        entered.late_submission_penalty = 0.1
        gradebook.db.commit()
    assert_same(quick, writer, exercise.slug, "ada", notebook)
    after = quick.page(exercise.slug, "ada", notebook, writer.marks(exercise.slug, "ada"))
    assert after != before, "what was kept of cells is not kept for other marks"
    assert b"Well done &amp; &lt;b&gt;" in after


def test_no_cell_changes_what_another_shows(course: Course, exercise: Exercise, writer: GradeWriter, graded) -> None:
    """Cells of the same place and name that hold something else, in both orders, after what is hostile."""
    pages: list[bytes] = []
    students = {"ada": "x = 1", "ben": "x = 1 ", "eve": HOSTILE, "zoe": "x = '1'"}
    notebooks = {name: graded(name, [code(source), text(source)]) for name, source in students.items()}
    for order in (list(students), list(reversed(students))):
        quick = QuickPages(course)
        marks = {name: writer.marks(exercise.slug, name) for name in order}
        made = {name: quick.quick(exercise.slug, name, notebooks[name], marks[name]) for name in order}
        pages.append(b"".join(made[name] for name in students))
    assert pages[0] == pages[1]
    for name in students:
        assert_same(quick, writer, exercise.slug, name, notebooks[name])


def test_only_so_much_is_kept(course: Course, exercise: Exercise, writer: GradeWriter, graded, monkeypatch) -> None:
    monkeypatch.setattr("autograder.grading.quick_pages.MOST_KEPT", 5)
    monkeypatch.setattr("autograder.grading.quick_pages.LARGEST_KEPT", 3000)
    quick = QuickPages(course)
    assert_same(quick, writer, exercise.slug, "ada", graded("ada", [code("x"), code("1" * 3000)]))
    assert len(quick.kept) == 5
    assert all(len(html) <= 3000 for _before, html, _after in quick.kept.values())


def test_an_instructors_own_settings_of_pages_hold(
    course: Course, exercise: Exercise, writer: GradeWriter, graded
) -> None:
    own = course.root / CONFIG
    own.write_text(f"{own.read_text(encoding='utf-8')}c.HTMLExporter.exclude_markdown = True\n", encoding="utf-8")
    course = Course(course.root)
    quick = QuickPages(course)
    notebook, marks = graded("ada", []), writer.marks(exercise.slug, "ada")
    assert not quick.usual
    page = quick.page(exercise.slug, "ada", notebook, marks)
    assert page == feedback_page(course, exercise.slug, "ada", notebook)
    assert b"text_cell" not in page


def changed(notebook: bytes, change: Callable[[Any], object]) -> bytes:
    content = nbformat.reads(notebook, as_version=4)
    change(content)
    return f"{nbformat.writes(content)}\n".encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.metadata.language_info.update(name="perl"),
        lambda content: content.cells.append(nbformat.v4.new_raw_cell("<b>raw", id="raw-1")),
        lambda content: content.cells[0].update(source="<div>**open**", cell_type="markdown"),
        lambda content: content.cells[0].update(source="<div><script>1</script></div>"),
    ],
)
def test_what_is_unusual_goes_nbgraders_way(course, exercise, writer, graded, change) -> None:
    quick = QuickPages(course)
    notebook = changed(graded("ada", []), change)
    marks = writer.marks(exercise.slug, "ada")
    with pytest.raises(Unusual):
        quick.quick(exercise.slug, "ada", notebook, marks)
    expected = feedback_page(course, exercise.slug, "ada", notebook)
    assert quick.page(exercise.slug, "ada", notebook, marks) == expected


PIECES = (
    "<p>a</p>", "<p class='b  a' id=x>a &copy; &lt;</p>", "<pre class=\"printed\"> \n a\n  </pre>", "<br>", "<hr/>",
    "<div scope=\"row\" class=\" a  b \">\n  <b> </b> \n</div>", "<img src=\"data:x\" alt=\"y\">", "<img src=\"x\">",
    "<pre>\n</pre>", "<span>&#39;&quot;&nbsp;&amp;lt;&#x27;</span>", "<math><mo>&#x0002B;</mo></math>",
    "<details><summary>é</summary> x </details>", "<a href=\"#x\"></a>", "<td class=\"\">1</td>", "<i/>", "<P>upper</P>",
)  # fmt: skip
SPACES = ("", " ", "\n", "  \n  ", "text &amp; more")


@pytest.mark.parametrize("seed", range(20))
def test_pieces_tidied_one_by_one_are_the_page_tidied_whole(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [rng.choice(PIECES) for _ in range(12)]
    spaces = [rng.choice(SPACES) for _ in range(13)]
    between = [f'<hr id="place-{number}">' for number in range(len(pieces))]
    frame = "<body><main>" + "".join(map("".join, zip(spaces, [*between, ""], strict=True))) + "</main></body>"
    whole = frame
    for place, piece in zip(between, pieces, strict=True):
        whole = whole.replace(place, piece)
    soup = BeautifulSoup(whole, features="html.parser")
    for image in soup.select("img:not([alt])"):
        image.attrs["alt"] = "No description has been provided for this image"
    made = tidy(frame)
    for number, piece in enumerate(pieces):
        made = made.replace(f'<hr id="place-{number}"/>', tidy(piece))
    assert made == str(soup)


@pytest.mark.parametrize(
    "piece",
    ["<p>", "</p>", "<p></div>", "<p><b></p></b>", "<script>1</script>", "<!-- x --><p></p>",
     "<br></br>", "<p", "<p>a<</p>", "<title>&lt;</title>", "<p a='>x</p>", "<p><?x?></p>", "<textarea></textarea>"],
)  # fmt: skip
def test_a_piece_that_could_change_what_surrounds_it_is_refused(piece: str) -> None:
    assert not stands_alone(piece)
    assert simply_tidied(piece) is None
    with pytest.raises(Unusual):
        tidy(piece)


def test_pages_of_a_new_course_are_made_the_quick_way(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    assert QuickPages(course).usual
