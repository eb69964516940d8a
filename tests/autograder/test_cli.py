"""The command line: each verb helps, and bad input gets one clear sentence, a code and no traceback, and changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import cli
from autograder.cli import app
from autograder.grading import class_run
from tests.autograder.conftest import tree

VERBS = [
    "new", "adopt", "settings", "translate", "release", "verify", "mutants", "intake", "check", "grade", "report", "doctor",
    "sample-class", "regrade", "archive",
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str, autograder) -> None:
    result = autograder(verb, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage:")


@pytest.mark.parametrize(
    "arguments",
    [
        ["grade", "--course", "{missing}"],
        ["grade", "no_such_exercise", "--course", "{course}"],
        ["grade", "--course", "{empty}"],
        ["grade", "--course", "{course}", "--workers", "0"],
        ["grade", "--course", "{course}", "--no-such-option"],
        ["grade", "--course", "{file}"],
        ["intake", "--course", "{missing}"],
        ["intake", "no_such_exercise", "--course", "{course}"],
        ["report", "--course", "{missing}"],
        ["report", "--course", "{course}"],
        ["release", "no_such_exercise", "--course", "{course}"],
        ["release", "--course", "{unset}"],
        ["grade", "--course", "{unset}"],
        ["settings", "--course", "{unset}"],
        ["settings", "--course", "{missing}"],
        ["new", "no/name", "--course", "{course}"],
        ["new", "09_there", "--course", "{course}"],
        ["release", "09_there", "--course", "{course}"],
        ["release", "10_nothing", "--course", "{course}"],
        ["verify", "09_there", "--course", "{course}"],
        ["adopt", "{missing}", "--course", "{course}"],
        ["adopt", "{file}", "--course", "{course}"],
        ["check", "{missing}"],
        ["check", "{file}"],
        ["check", "{empty}"],
        ["release", "--course", "{file}"],
        ["verify", "no_such_exercise"],
        ["verify", "--workers", "many"],
        ["doctor", "--course", "{missing}"],
        ["sample-class", "--course", "{missing}"],
        ["regrade", "--course", "{course}"],
        ["regrade", "--course", "{missing}"],
        ["archive", "{file}", "--course", "{course}"],
        ["archive", "{missing}/a.zip", "--course", "{course}"],
        ["archive", "--open", "{file}", "--course", "{missing}"],
        ["archive", "a.zip", "--course", "{rotten}"],
        ["grade", "--course", "{broken}"],
        ["grade", "--course", "{rotten}"],
        ["no-such-verb"],
    ],
    ids=" ".join,
)
def test_bad_input_gets_one_sentence_and_a_code(arguments: list[str], course, tmp_path: Path, autograder) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "nbgrader_config.py").write_text("this is not Python")
    (tmp_path / "rotten").mkdir()
    (tmp_path / "rotten" / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "rotten" / "gradebook.db").write_bytes(b"this is not a database" * 100)
    (tmp_path / "rotten" / "course.toml").write_text("")
    (tmp_path / "unset").mkdir()
    (tmp_path / "unset" / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "unset" / "course.toml").write_text('exercises = ["01_vanila_rnn"]\nworkers = 0\n')
    for name, checks in (("09_there", "import no_such_package\n"), ("10_nothing", "EXERCISE = 3\n")):
        (course.root / "exercises" / name).mkdir(parents=True)
        (course.root / "exercises" / name / f"{name}.md").write_text("# A text\n")
        (course.root / "exercises" / name / "checks.py").write_text(checks)
    released = tmp_path / "rotten" / "release" / "01_vanilla_rnn"
    released.mkdir(parents=True)
    (released / "01_vanilla_rnn.ipynb").write_bytes(course.released("01_vanilla_rnn").read_bytes())
    places = {
        name: str(tmp_path / name) for name in ("missing", "empty", "file", "course", "broken", "rotten", "unset")
    }
    before = tree(tmp_path)
    result = autograder(*(argument.format(**places) for argument in arguments))
    assert result.returncode in (1, 2), result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    said = [line for line in result.stderr.splitlines() if line.strip()]
    assert said, "nothing was said"
    assert len(" ".join(said)) < 500, result.stderr
    after = {name: digest for name, digest in tree(tmp_path).items() if name != "rotten/.autograder-lock"}
    assert after == before


def test_a_folder_in_the_inbox_that_cannot_be_a_student_is_left_out_and_named(course, autograder) -> None:
    for name in ("<script>", "..x", "-rf", "a b"):
        (course.inbox / name / "01_vanilla_rnn").mkdir(parents=True)
    result = autograder("grade", "--course", str(course.root))
    assert result.returncode == 1, result.stderr
    assert result.stderr.count("this cannot be a student's name") == 4
    assert "0 graded now" in result.stdout


SAY_WHETHER_PYTORCH_IS_LOADED = """
import sys
from autograder import cli
from autograder.cli import app
sys.argv = ["autograder", *sys.argv[1:]]
app(standalone_mode=False)
print("PyTorch:", "torch" in sys.modules)
"""


def test_nobody_waits_for_pytorch_where_nobody_handed_in_what_needs_it(course) -> None:
    course.released("07_pytorch").parent.mkdir()
    course.released("07_pytorch").write_text("not looked at")
    work = course.inbox / "ann" / "01_vanilla_rnn" / "01_vanilla_rnn.ipynb"
    work.parent.mkdir(parents=True)
    work.write_bytes(course.released("01_vanilla_rnn").read_bytes())
    for arguments, said in ((["grade"], "07_pytorch: nobody handed in"), (["report"], "01_vanilla_rnn: 1 students")):
        done = subprocess.run(
            [sys.executable, "-c", SAY_WHETHER_PYTORCH_IS_LOADED, *arguments, "--course", str(course.root)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
        assert "PyTorch: False" in done.stdout


def test_of_work_that_could_not_be_graded_nobody_says_that_it_was_not_handed_in(course, monkeypatch) -> None:
    monkeypatch.setattr(
        class_run, "grade_class", lambda *_, **__: class_run.ClassResult([], failed={"ann": "it broke."})
    )
    result = CliRunner().invoke(app, ["grade", "--course", str(course.root)])
    assert result.exit_code == 1
    assert "not graded: ann: it broke." in result.output
    assert "nobody handed in" not in result.output


def test_json_is_one_object_on_standard_output(course, autograder) -> None:
    for arguments in (["doctor", "--json"], ["grade", "--course", str(course.root), "--json"]):
        result = autograder(*arguments)
        assert result.returncode == 0, result.stderr
        assert isinstance(json.loads(result.stdout), dict)


def test_release_twice_changes_no_byte(course, tmp_path: Path, autograder) -> None:
    import shutil

    from tests.autograder.conftest import ROOT

    folder = tmp_path / "exercises"
    shutil.copytree(ROOT / "exercises", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (course.root / "course.toml").write_text(f'folders = ["{folder}"]\n')
    arguments = ["release", "--course", str(course.root), "--packages", str(tmp_path / "zip"), "--keep"]
    assert autograder(*arguments).returncode == 0
    before = tree(folder) | tree(tmp_path / "zip")
    result = autograder(*arguments)
    assert "nothing changed" in result.stdout
    assert tree(folder) | tree(tmp_path / "zip") == before
    committed = {name: digest for name, digest in tree(ROOT / "exercises").items() if "__pycache__" not in name}
    made = {name: digest for name, digest in tree(folder).items() if "__pycache__" not in name}
    assert made == committed, "the committed notebooks are what a release makes"


def test_a_database_whose_driver_is_missing_is_said_in_one_sentence(course, autograder) -> None:
    settings = course.root / "nbgrader_config.py"
    with settings.open("a") as file:
        file.write('\nc.CourseDirectory.db_url = "postgresql+no_such_driver://localhost/grades"\n')
    result = autograder("report", "--course", str(course.root))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "The gradebook postgresql+no_such_driver://localhost/grades" in result.stderr


def test_a_mistyped_exercise_makes_no_course(tmp_path: Path, autograder) -> None:
    result = autograder("release", "01_vanila", "--course", str(tmp_path / "course"))
    assert (result.returncode, result.stderr.startswith("There is no exercise '01_vanila'.")) == (2, True)
    assert not (tmp_path / "course").exists()


def test_settings_say_what_holds_and_refuse_what_is_not_there(course, autograder) -> None:
    (course.root / "course.toml").write_text('name = "mine"\n[exercise.01_vanilla_rnn]\npoints = { step = 5 }\n')
    said = autograder("settings", "--course", str(course.root)).stdout
    assert "mine  (course.toml, line 1)" in said
    assert "exercise.01_vanilla_rnn.points.step" in said
    (course.root / "course.toml").write_text("[exercise.01_vanilla_rnn]\npoints = { stepp = 5 }\n")
    result = autograder("settings", "--course", str(course.root))
    assert result.returncode == 2
    assert "line 2" in result.stderr


def test_an_authors_mistake_in_a_reference_is_said_with_the_check(course, autograder) -> None:
    from autograder.authoring.new import new_exercise

    folder = new_exercise(course.root / "exercises", "09_own")
    reference = folder / "reference.py"
    reference.write_text(reference.read_text().replace("keepdims=True", "keepdim=True"))
    result = autograder("release", "09_own", "--course", str(course.root))
    assert result.returncode == 2
    assert result.stderr.startswith("The worked cases of own.weights cannot be made: TypeError: ")


def test_translate_makes_a_catalogue_and_keeps_what_is_translated(course, autograder) -> None:
    from autograder.authoring.new import new_exercise

    folder = new_exercise(course.root / "exercises", "09_own")
    words = ("translate", "09_own", "de", "--course", str(course.root))
    assert "sentences are still to be translated" in autograder(*words).stdout
    path = folder / "locale" / "de.po"
    path.write_text(path.read_text().replace('msgid "two rows"\nmsgstr ""', 'msgid "two rows"\nmsgstr "zwei Zeilen"'))
    left = autograder(*words).stdout
    assert "zwei Zeilen" in path.read_text()
    assert int(left.split(": ")[-1].split()[0]) == path.read_text().count('msgstr ""\n\n') + path.read_text().endswith(
        'msgstr ""\n'
    )
    assert autograder("translate", "09_own", "xx", "--course", str(course.root)).returncode == 2


def test_an_interruption_ends_with_a_sentence_and_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise SystemExit(130)  # what Typer makes of Ctrl-C

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130
    assert "Stopped. What is graded is kept" in capsys.readouterr().err


def test_progress_says_how_long_the_rest_takes_once_there_is_a_pace(capsys) -> None:
    clock = iter([0.0, 1.0, 10.0, 20.0])
    progress = cli.Progress(now=lambda: next(clock))
    for done in (1, 2, 11, 31):
        progress("grading", done, 31)
    assert capsys.readouterr().err.splitlines() == [
        "grading: 1 of 31",
        "grading: 11 of 31, about 20 s left",
        "grading: 31 of 31",
    ]


def test_quiet_says_nothing_of_how_far_it_is(capsys) -> None:
    cli.Progress(quiet=True)("grading", 1, 1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "said"), [(20.0, "20 s"), (150.0, "2 min"), (5400.0, "1.5 h")])
def test_a_time_is_said_as_exactly_as_it_is_needed(seconds: float, said: str) -> None:
    assert cli.in_words(seconds) == said


def test_who_took_much_longer_than_most_is_named() -> None:
    usual = dict.fromkeys("abcdefg", 0.5)
    assert cli.slowest(usual) is None
    assert cli.slowest({}) is None
    assert (
        cli.slowest(usual | {"h": 31.0, "i": 6.0})
        == "Took longest: h 31 s, i 6 s; half of the class took 0.5 s or less."
    )
