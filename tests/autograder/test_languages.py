"""Languages: every sentence that students read comes from a catalogue, in whole, and what is not translated stays English."""

import ast
import json
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder import check as check_module
from autograder import languages, structure
from autograder.authoring.examples import worked_cases
from autograder.authoring.release import copy_of, package, student_files, write_files
from autograder.check import Case, Returned, Shown, Verdict, check, check_trained, difference
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.cells import check_id, solution_id
from autograder.grading import challenge
from autograder.grading.core import version_of
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.gradebook import GradeWriter, Outcome, Row
from autograder.grading.judge import STATUSES, Submission, judge, outcomes
from autograder.grading.pages import feedback_page, graded_notebook, write_pages
from autograder.grading.points import Graded
from autograder.grading.rebuilding import rebuild
from autograder.grading.transcript import Answer, CaseAnswer, CellOutput, Transcript
from autograder.languages import LanguageError, placeholders
from autograder.report import render, summary
from autograder.runner import calling
from autograder.sandbox.limits import Limits
from solutions.with_numpy.rnn import step
from tests.autograder.given import speaking

ROOT = Path(__file__).parents[2]
LANGUAGES = ["de", "es"]
EACH_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
MESSAGES = languages.extracted()
EXERCISE = EXERCISES["01_vanilla_rnn"]
CASES = challenge.draw_all(EXERCISE, bytes(32), "student")


@pytest.fixture(autouse=True)
def english_before_and_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """In a folder as a student has it, and in English before and after each test."""
    folder = tmp_path_factory.mktemp("student")
    (folder / "examples").symlink_to(EXERCISE.released / "examples")
    (folder / "check.py").symlink_to(ROOT / "exercises" / "student" / "check.py")
    monkeypatch.setattr(check_module, "__file__", str(folder / "check.py"))
    languages.use("en")
    yield
    languages.use("en")


# ---- catalogues ------------------------------------------------------------------------------------------------------


@EACH_LANGUAGE
def test_a_catalogue_holds_every_sentence_and_no_other_in_the_order_of_the_sources(language: str) -> None:
    """Where this fails, ``languages.update`` brings the file in step; then translate what is empty."""
    held = [message.id for message in languages.read(languages.FOLDER / f"{language}.po") if message.id]
    assert held == list(MESSAGES)


@EACH_LANGUAGE
def test_every_sentence_is_translated_and_none_is_in_doubt(language: str) -> None:
    messages = [message for message in languages.read(languages.FOLDER / f"{language}.po") if message.id]
    assert [message.id for message in messages if not message.string or message.fuzzy] == []
    assert languages.catalogue(language).keys() == MESSAGES.keys()


@EACH_LANGUAGE
def test_placeholders_and_ends_are_the_same_on_both_sides(language: str) -> None:
    for sentence, told in languages.catalogue(language).items():
        assert placeholders(sentence) == placeholders(told), sentence
        assert re.findall("<[^>]*>", sentence) == re.findall("<[^>]*>", told), sentence
        assert sentence.endswith("\n") == told.endswith("\n"), sentence


@EACH_LANGUAGE
def test_a_catalogue_is_in_step_byte_for_byte(language: str, tmp_path: Path) -> None:
    path = tmp_path / f"{language}.po"
    path.write_bytes((languages.FOLDER / path.name).read_bytes())
    languages.update(path, MESSAGES)
    assert path.read_bytes() == (languages.FOLDER / path.name).read_bytes()


def test_every_status_is_a_sentence_of_the_catalogues() -> None:
    assert set(STATUSES) | set(check_module.STATUSES) <= MESSAGES.keys()


def test_names_alone_are_filled_in() -> None:
    """A translator can then move them; a format of numbers would be theirs to break."""
    for sentence in MESSAGES:
        for _text, name, form, how in Formatter().parse(sentence):
            assert name is None or (name.isidentifier() and not form and how is None), sentence


def test_what_is_not_translated_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(calling.SENTENCES, "right", "")
    assert calling._("right") == "right"
    assert calling._("a sentence of nobody's") == "a sentence of nobody's"


def test_a_translation_that_is_fuzzy_empty_or_with_other_placeholders_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "xx.po"
    entries = [
        ("{a} is left", "{a} ist da"),
        ("{a} is wrong", "{b} ist falsch"),
        ("open {a}", "offen {a"),
        ("none", ""),
    ]
    text = "".join(f'msgid "{sentence}"\nmsgstr "{told}"\n\n' for sentence, told in entries)
    path.write_text(text + '#, fuzzy\nmsgid "perhaps"\nmsgstr "vielleicht"\n', encoding="utf-8")
    assert languages.translated(path) == {"{a} is left": "{a} ist da"}


def test_bringing_a_catalogue_in_step_keeps_translations_and_drops_what_is_said_no_more(tmp_path: Path) -> None:
    path = tmp_path / "locale" / "de.po"
    languages.update(path, {"gone": ["a.py"], "kept": ["a.py"]})
    text = path.read_text(encoding="utf-8").replace('msgid "kept"\nmsgstr ""', '# ours\nmsgid "kept"\nmsgstr "bleibt"')
    path.write_text(text, encoding="utf-8")
    languages.update(path, {"new": ["b.py", "a.py"], "kept": ["c.py"]})
    text = path.read_text(encoding="utf-8")
    assert languages.translated(path) == {"kept": "bleibt"}
    assert "# ours" in text
    assert "gone" not in text
    assert text.index('"new"') < text.index('"kept"')
    assert not re.search(r"\.py:\d|Date", text)


def test_an_unknown_language_is_said_with_those_that_there_are() -> None:
    for language in ("xx", "", "../de", "de.po"):
        with pytest.raises(LanguageError, match="choose one of en, de, es"):
            languages.use(language)


@pytest.mark.parametrize("content", [b"msgid", b'msgid "\xff"\nmsgstr "b"\n', b"no catalogue\n"])
def test_a_catalogue_that_cannot_be_read_is_said_with_its_place(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "de.po"
    path.write_bytes(content)
    with pytest.raises(LanguageError, match=r"de\.po cannot be read"):
        languages.translated(path)


def test_a_language_is_spoken_for_a_while() -> None:
    with speaking("de"):
        assert calling._("right") == "richtig"
        with speaking("es"):
            assert calling._("right") == "correcto"
        with pytest.raises(LanguageError):
            languages.use("xx")
        assert calling._("right") == "richtig"
    assert calling.SENTENCES == {}


# ---- what is said, statically ----------------------------------------------------------------------------------------

# What students read is made in these modules, and of the first line to the last it goes through `_`, but for:
SPEAKING = (
    "check.py", "structure.py", "runner/calling.py", "runner/run.py", "runner/capture.py", "runner/answers.py",
    "grading/judge.py", "grading/intake.py", "grading/files.py", "grading/reading.py", "grading/matching.py",
    "grading/rebuilding.py", "grading/pages.py",
)  # fmt: skip
NOT_SAID = {
    "to be measured": "a status, which is a code; marked once in check.py",
    "not attempted": "a status, which is a code; marked once in check.py",
    "p.grad of {}": "a key, made of names",
    "out of memory": "a status, which is a code; marked once in judge.py",
    "not reached": "a status, which is a code; marked once in judge.py",
    "no such call was recorded": "judge.py raises and catches it itself",
    "{} is not called so": "ends a call in a run of which nothing is shown",
    "write() argument must be str, not {}": "Python's own words for a program that writes no text",
    "%Y-%m-%d %H:%M:%S UTC": "a format of dates",
    "taking in": "told to the instructor's screen",
    "The reference of {} returns a value of type {}; a result may be a number, an array of numbers or truth values, or a tuple, "
    "a list or a dict of such.": "told to the author who releases",
}


def is_a_phrase(text: str) -> bool:
    """Whether a text is two words or more, of which one may be filled in; markup, styles and names are none."""
    if text.lstrip().startswith("<") or " " not in text.strip():
        return False
    words = re.findall(r"[A-Za-z]{2,}|\{\}", text)
    return len(words) > 1 and any(word != "{}" for word in words)


def text_of(node: ast.AST) -> str | None:
    """A string as it is written, with {} for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def phrases(node: ast.AST) -> Iterator[str]:
    """The phrases in a module that do not go through `_`: its docstrings and other strings that stand alone are none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in ("_", "marked"):
            continue
        if isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant):
            continue
        text = text_of(child)
        if text is not None and is_a_phrase(text):
            yield text
        yield from phrases(child)


@pytest.mark.parametrize("name", SPEAKING)
def test_no_phrase_reaches_a_student_without_a_catalogue(name: str) -> None:
    found = set(phrases(ast.parse((ROOT / "autograder" / name).read_text(encoding="utf-8"))))
    assert found <= NOT_SAID.keys(), found - NOT_SAID.keys()


def test_a_phrase_without_a_catalogue_would_be_found() -> None:
    source = (
        'def f(a):\n    """Not this."""\n    say(_("nor this one"))\n    return Verdict(f"{a} returned", "or that")\n'
    )
    assert list(phrases(ast.parse(source))) == ["{} returned", "or that"]


PAGES = [path for path in sorted((ROOT / "autograder" / "templates").rglob("*.j2")) if "_exercise" not in str(path)]
EACH_PAGE = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


@EACH_PAGE
def test_templates_hold_no_word_of_their_own(path: Path) -> None:
    text = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    assert re.findall(r'(?:title|alt|aria-label)="[^"]*[A-Za-z][^"]*"', text) == []
    assert re.findall(r"[A-Za-z]+", re.sub(r"<[^>]*>", "", text)) == []


# ---- what is said, in a language of brackets -------------------------------------------------------------------------


def bracketed(sentence: str) -> str:
    """A sentence with brackets around all that it says itself, so that what is filled in stands outside."""
    parts = ((text, name) for text, name, _form, _how in Formatter().parse(sentence))
    return "".join((f"⟦{text}⟧" if text else "") + (f"{{{name}}}" if name is not None else "") for text, name in parts)


@pytest.fixture
def brackets() -> None:
    calling.SENTENCES.update({sentence: bracketed(sentence) for sentence in MESSAGES})


NAMES = {
    "step", "forward", "list", "tuple", "dict", "ndarray", "NoneType", "float", "float32", "float64", "int", "int64",
    "nan", "inf", "t", "n", "h", "N", "H", "T", "x", "b", "rnn", "KeyError", "ValueError", "SyntaxError", "lambda",
    "NotImplementedError", "dx", "dW", "db", "W", "params", "ada", "lost", "h_prev", "W_x", "W_h", "e", "unwritten",
}  # fmt: skip


def untranslated(text: str, *own: str) -> list[str]:
    """The words outside all brackets that are no names; ``own`` are the exercise's own sentences."""
    for sentence in sorted(own, key=len, reverse=True):
        text = text.replace(sentence, "") if sentence else text
    return [word for word in re.findall(r"[^\W\d]\w*", re.sub("⟦[^⟦⟧]*⟧", " ", text)) if word not in NAMES]


def fails(*inputs: Any) -> Any:
    raise ValueError("lost")


def unwritten(*inputs: Any) -> Any:
    raise NotImplementedError


def writes(x: Any, h_prev: Any, W_x: Any, W_h: Any, b: Any) -> Any:
    x += 1
    b += 1
    return step(x - 1, h_prev, W_x, W_h, b - 1)


fails.__name__ = unwritten.__name__ = "step"
as_released = types.FunctionType(unwritten.__code__.replace(co_name="step"), globals(), "step")
WRONG: dict[str, Any] = {
    "nothing": lambda *inputs: None,
    "a list": lambda *inputs: step(*inputs).tolist(),
    "integers": lambda *inputs: step(*inputs).astype(int),
    "transposed": lambda *inputs: step(*inputs).T,
    "another dtype": lambda *inputs: step(*inputs).astype(np.float32),
    "not finite": lambda *inputs: step(*inputs) * np.nan,
    "off": lambda *inputs: step(*inputs) + 0.25,
    "an error": fails,
    "not written": as_released,
    "another not written": unwritten,
    "changed inputs": writes,
    "no function": 3,
    "right": step,
    **{mistake.name: mistake.function for mistake in EXERCISE.check("rnn.step").misconceptions},
}
OWN = {
    *(case.title for case in worked_cases(EXERCISE.check("rnn.step"))),
    *(mistake.message for one in EXERCISE.checks for mistake in one.misconceptions),
    *(case.title for drawn in CASES.values() for case in drawn),
    *(one.section.partition(": ")[2] for one in EXERCISE.checks),
    *(one.section.partition(": ")[0] for one in EXERCISE.checks),
    *(one.name for one in EXERCISE.checks),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_verdict_of_check_is_said_in_the_language(kind: str, brackets: None) -> None:
    verdict = check("rnn.step", WRONG[kind])
    assert untranslated(f"{verdict}", *OWN, verdict.read) == []
    assert "⟦" in verdict.message


PARTS = (np.arange(8.0).reshape(4, 2), np.ones((3, 2)), np.ones(3))
STRUCTURED: dict[str, Any] = {
    "too few": PARTS[:2],
    "no tuple": PARTS[0],
    "a dict": {"W": PARTS[0]},
    "wrong steps": (PARTS[0] + [[1], [1], [0], [0]], PARTS[1], PARTS[2] + 1),
    "a wrong kind inside": (PARTS[0], PARTS[1].tolist(), PARTS[2]),
}


@pytest.mark.parametrize("kind", STRUCTURED)
@pytest.mark.parametrize("axes", ["dx: T N; dW: H W; db: H", ""])
def test_a_difference_of_parts_is_said_in_the_language(kind: str, axes: str, brackets: None) -> None:
    for result, expected in ((STRUCTURED[kind], PARTS), ((STRUCTURED[kind], 1.0), (PARTS, np.float64(1)))):
        text = difference(Case(Returned.of(result)), expected, 1e-6, Shown.of("step", axes))
        assert text is not None
        assert untranslated(text) == [], text


@pytest.mark.parametrize(
    "weights",
    [{}, 3, [1], {"b": np.ones(2)}, {"W": 1, "b": np.ones(2)}, {"W": np.ones((1, 2)), "b": np.ones(3)}],
    ids=str,
)
def test_what_is_said_of_trained_weights_is_said_in_the_language(weights: Any, brackets: None) -> None:
    told = {"variable": "params", "shapes": {"W": [1, 2], "b": [2]}, "asked": "", "read": ""}
    assert untranslated(str(check_trained("rnn", weights, told))) == []


@pytest.mark.parametrize("named", ["rnn.stpe", "nothing there"])
def test_an_unknown_check_is_said_in_the_language(
    named: str, brackets: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [path.stem for path in (EXERCISE.released / "examples").glob("*.json")]
    assert untranslated(str(check(named, step)), named, *names) == []
    monkeypatch.setattr(check_module, "__file__", str(tmp_path / "check.py"))
    assert untranslated(str(check(named, step)), named) == []


def answered(function: Callable[..., Any]) -> Answer:
    cases = outcomes(EXERCISE.check("rnn.step"), function, CASES["rnn.step"])
    return Answer(False, tuple(CaseAnswer(case.returned, changed=case.changed) for case in cases))


def of_error(name: str, message: str = "") -> Answer:
    return Answer(False, (CaseAnswer(error=(name, message), raised_in="step"),) * len(CASES["rnn.step"]))


MISSING = Answer(True, ())
RUNS: dict[str, Transcript] = {
    "right": Transcript(answers={"rnn.step": answered(step)}),
    "wrong": Transcript(answers={"rnn.step": answered(lambda *inputs: step(*inputs) / 2)}),
    "an error": Transcript(answers={"rnn.step": of_error("ValueError", "lost")}),
    "an error without words": Transcript(answers={"rnn.step": of_error("KeyError")}),
    "not written": Transcript(answers={"rnn.step": of_error("NotImplementedError")}),
    "without memory": Transcript(answers={"rnn.step": of_error("MemoryError")}),
    "not to be read": Transcript(answers={"rnn.step": Answer(False, ())}),
    "not defined": Transcript(answers={"rnn.step": MISSING}),
    "a cell that failed": Transcript(
        answers={"rnn.step": MISSING}, outputs={"step": CellOutput(error=("SyntaxError", "lost"))}
    ),
    **{
        f"{ended} in {cell}": Transcript(ended={cell: ended})
        for ended in ("timeout", "crashed", "out of memory")
        for cell in ("step", "check-rnn-step")
    },
}


def verdicts_of(run: Transcript, **more: Any) -> list[Verdict]:
    found = Submission(
        {one.name: check_id(one) for one in EXERCISE.checks},
        {one.function: solution_id(one) for one in EXERCISE.checks},
        **more,
    )
    return judge(EXERCISE, CASES, found, run)


@pytest.mark.parametrize("kind", RUNS)
def test_a_verdict_of_the_judge_is_said_in_the_language(kind: str, brackets: None) -> None:
    for verdict in verdicts_of(RUNS[kind]):
        assert untranslated(str(verdict), *OWN) == [], str(verdict)


class Texts(HTMLParser):
    """The texts of a page that people read or hear."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inside, self.text = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        unseen = tag in ("style", "script") or ("class", "prompt input_prompt") in attrs
        self.inside = "style" if unseen else tag
        self.text += "".join(f" {value} " for name, value in attrs if name in ("title", "alt", "aria-label"))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self.inside == "style" else data


def feedback(course: Course, exercise: Exercise) -> str:
    """A feedback page on a notebook with nothing in it but checks and what a student added."""
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    cells = [nbformat.v4.new_code_cell("3", id="mine"), nbformat.v4.new_markdown_cell("4")]
    built = rebuild(exercise, released, [])
    built.notebook.cells = [cell for cell in built.notebook.cells if cell.id.startswith("check-")]
    built.notebook.cells += [cells[0] | {"id": "added-0"}, cells[1] | {"id": "added-1"}]
    built.notebook.metadata["autograder"] = {"notes": built.notes}
    run = Transcript(answers={"rnn.step": answered(WRONG["transposed"])})
    verdicts = verdicts_of(run, malformed=built.malformed | {"step": ""} if "step" not in built.malformed else {})
    notebook = graded_notebook(exercise, built.notebook, run, verdicts)
    with GradeWriter(course) as writer:
        begun = writer.begin(exercise.slug, version_of(exercise), bytes(32), anew=True)
        graded = Graded("ada", "2026-01-01 00:00:00 UTC", "", tuple(built.notes), tuple(verdicts), notebook)
        writer.write(exercise, begun, graded)
    write_pages(course, exercise.slug, "ada", notebook, feedback_page(course, exercise.slug, "ada", notebook))
    return (course.feedback / "ada" / exercise.slug / f"{exercise.slug}.html").read_text(encoding="utf-8")


def test_a_feedback_page_is_said_in_the_language(course: Course, exercise: Exercise, brackets: None) -> None:
    text = Texts(feedback(course, exercise)).text
    assert untranslated(text, *OWN, exercise.slug, *(check_id(one) for one in exercise.checks)) == []
    for told in ("⟦Feedback for ⟧ada", "⟦Your own cell⟧", "⟦wrong⟧", "⟦Your own text⟧"):
        assert told in text


@EACH_LANGUAGE
def test_a_feedback_page_names_its_language(language: str, course: Course, exercise: Exercise) -> None:
    with speaking(language):
        assert f'<html lang="{language}">' in feedback(course, exercise)


def class_report() -> str:
    mistake = EXERCISE.checks[0].misconceptions[0].name
    rows = []
    for number, status in enumerate(STATUSES):
        verdicts = [Verdict(one.name, status, "", mistake if status == "wrong" else None) for one in EXERCISE.checks]
        rows.append(Row(f"{number}", tuple(Outcome(one, 0.0) for one in verdicts), 0.0, EXERCISE.points, ()))
    return render([summary(EXERCISE, rows)])


def test_the_class_report_is_said_in_the_language(brackets: None) -> None:
    names = [mistake.name for mistake in EXERCISE.checks[0].misconceptions]
    own = [EXERCISE.title, EXERCISE.slug, *names, *(one.function for one in EXERCISE.checks), *OWN]
    assert untranslated(Texts(class_report()).text, *own) == []


def test_a_word_outside_the_catalogues_would_be_found(brackets: None) -> None:
    told = calling._("{function} returned nothing. Does it end with return?").format(function="step")
    assert untranslated(told) == []
    assert untranslated(f"{told} Mend it.") == ["Mend", "it"]
    assert untranslated(calling._("{difference} (challenge: {title})").format(difference="is wrong", title=3)) != []


# ---- German and Spanish ----------------------------------------------------------------------------------------------


def test_check_speaks_german_and_spanish() -> None:
    count = len(worked_cases(EXERCISE.check("rnn.step")))
    told = {
        "en": "rnn.step: wrong.\nstep returned a list; it should return an array of shape (2, 4). "
        f"(worked case 1 of {count}: two sequences)",
        "de": "rnn.step: falsch.\nstep hat einen Wert vom Typ list zurückgegeben; erwartet wird ein Array der Form (2, 4). "
        f"(Beispiel 1 von {count}: two sequences)",
        "es": "rnn.step: incorrecto.\nstep devolvió un valor de tipo list; se espera un array de forma (2, 4). "
        f"(ejemplo resuelto 1 de {count}: two sequences)",
    }
    for language, text in told.items():
        with speaking(language):
            verdict = check("rnn.step", WRONG["a list"])
            assert str(verdict).startswith(text)
            assert verdict.status == "wrong", "a status is a code"
            assert text.partition(".\n")[0] in verdict._repr_html_()


def test_the_report_is_german_and_its_data_are_codes() -> None:
    with speaking("de"):
        html = class_report()
    assert '<html lang="de">' in html
    assert re.search(r"1 \S nicht bearbeitet", html)
    assert 'class="wrong"' in html


def test_what_a_run_prints_about_itself_is_said_in_the_language(exercise: Exercise) -> None:
    task = Task(exercise.packages, (RunCell("a", "print('x' * 100)"),), {}, Limits(text_bytes=20))
    with speaking("de"):
        told = execute(task).output("a").text
    assert told == "x" * 20 + "\n[Es wurden noch 81 Zeichen mehr ausgegeben; sie sind weggelassen]\n"
    assert "[81 more characters were printed; they are left out]" in execute(task).output("a").text


# ---- what students get -----------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from check import check
print(check("rnn.step", lambda *inputs: None))
print(sorted(name for name in sys.modules if name.startswith(("autograder", "babel"))))
"""


def said_in(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, check=True, env={"PYTHONUTF8": "1"}
    )
    told = done.stdout.decode().splitlines()
    assert told[-1] == "[]", "a student has no autograder"
    return told[1]


@pytest.fixture
def student_folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").mkdir()
    for name, data in {
        "check.py": copy_of(check_module),
        "calling.py": copy_of(calling),
        "structure.py": copy_of(structure),
        "examples/rnn.step.json": (EXERCISE.released / "examples" / "rnn.step.json").read_bytes(),
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_a_students_folder_speaks_the_language_of_its_sentences_and_english_without(student_folder: Path) -> None:
    sentences = languages.for_students("de")
    assert sentences is not None
    (student_folder / "sentences.json").write_bytes(sentences)
    assert said_in(student_folder).startswith("step hat nichts zurückgegeben. Endet die Funktion mit return?")
    (student_folder / "sentences.json").unlink()
    assert said_in(student_folder).startswith("step returned nothing. Does it end with return?")


@pytest.mark.parametrize(
    "content", ["{", "[1]", '"text"', '{"{function} returned nothing. Does it end with return?": 3}', ""]
)
def test_sentences_that_cannot_be_read_leave_english(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sentences.json"
    path.write_text(content, encoding="utf-8")
    assert calling.sentences_in(path) == {}
    path.write_bytes(b"\xff\xfe")
    assert calling.sentences_in(path) == {}


def test_students_get_the_sentences_of_their_own_files_and_none_in_english() -> None:
    assert languages.for_students() is languages.for_students("en") is None
    with speaking("es"):
        spoken = languages.for_students()
    assert spoken == languages.for_students("es")
    assert spoken is not None
    sentences = json.loads(spoken)
    assert sentences["not attempted"] == "sin intentar"
    assert "the module has no parameter {name}; it has {known}" in sentences
    assert "All {count} challenges agree with the reference." not in sentences


def test_a_release_in_another_language_adds_the_sentences_and_one_in_english_takes_them_away(
    released_course: Course, exercise: Exercise, tmp_path: Path
) -> None:
    released = released_course.released(exercise.slug)
    with speaking("de"):
        german = student_files(exercise, released)
        write_files(german, tmp_path)
        assert "Öffne das Notebook in diesem Ordner".encode() in uncompressed(package(exercise, german))
    assert (tmp_path / "sentences.json").read_bytes() == german["sentences.json"] == languages.for_students("de")
    assert json.loads(german["examples/rnn.step.json"])["read"].startswith("Zum Nachlesen: im Buch")
    english = student_files(exercise, released)
    write_files(english, tmp_path)
    assert "sentences.json" not in english
    assert not (tmp_path / "sentences.json").exists()


def uncompressed(data: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist() if name.endswith("README.txt"))
