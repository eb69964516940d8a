"""The page "Write your own exercise": its road, gone in an empty folder with its commands and its files alone."""

import re
from pathlib import Path

import pytest
from book_paths import BOOK
from own_exercise.road import COURSE, HERE, SLUG, Road

from autograder import settings
from autograder.authoring.new import new_exercise

NAMED = f"{SLUG} --course {COURSE}"
INBOX = f"{COURSE}/inbox/{{}}/{SLUG}/{SLUG}.ipynb"


@pytest.fixture
def road(tmp_path: Path) -> Road:
    return Road(tmp_path)


def test_the_road_leads_from_nothing_to_grades_that_name_the_mistake(road: Road) -> None:
    assert f"{SLUG} is made" in road.run(f"autograder new {NAMED}")
    road.put(checks="first_checks.py")
    survivors = road.run(f"autograder mutants {NAMED}", ends=1)
    assert re.findall("not rejected: (.*)", survivors) == ["q: q to v"]
    road.put()
    assert "Rejected: 100.0%" in road.run(f"autograder mutants {NAMED}")
    assert road.run(f"autograder release {NAMED}").startswith(f"{SLUG}: 2 checks, 5 points; ")
    proven = road.run(f"autograder verify {NAMED}")
    assert "reference 5, blank 0; mistakes rejected 3 and named 3 of 3; other right ways accepted 1 of 1" in proven

    road.hand_in()
    told = road.run(f"autograder check {INBOX.format('grace')} --course {COURSE}", ends=1)
    assert "attention.weights: right." in told
    assert "attention.attend: wrong." in told
    assert "Likely mistake: The scores were not divided by the root of D." in told
    assert "wrong" not in road.run(f"autograder check {INBOX.format('ada')} --course {COURSE}")

    assert str(road.folder) not in road.run(f"autograder grade {NAMED}")
    assert (road.folder / COURSE / "grades.csv").read_text().splitlines()[1:] == [
        f"ada,{SLUG},attention.weights,right,2,2,5,,,",
        f"ada,{SLUG},attention.attend,right,3,3,5,,,",
        f"grace,{SLUG},attention.weights,right,2,2,2,,,",
        f"grace,{SLUG},attention.attend,wrong,0,3,2,root left out,,",
    ]
    assert "1 x root left out: The scores" in road.run(f"autograder report {NAMED}")


def test_what_is_typed_is_added_to_what_the_command_writes(tmp_path: Path) -> None:
    made = new_exercise(tmp_path, SLUG)
    for name in ("reference.py", "alternatives/loops.py"):
        assert (HERE / name).read_text().startswith((made / name).read_text()), name
    for name in ("checks.py", "first_checks.py"):
        before, last = (made / "checks.py").read_text().split("EXERCISE = ")
        typed = (HERE / name).read_text()
        assert typed.startswith(before), name
        assert typed.splitlines()[-1] == f"EXERCISE = {last.strip()}".replace("(WEIGHTS,)", "(WEIGHTS, ATTEND)")


def test_the_text_differs_in_its_first_words_and_in_the_new_section(tmp_path: Path) -> None:
    made = (new_exercise(tmp_path, SLUG) / f"{SLUG}.md").read_text()
    typed = (HERE / "text.txt").read_text()
    section = typed[typed.index("## 2. Attention") : typed.index("**What to hand in:**")]
    first = re.compile(r"(?<=^# Attention\n\n).*?(?=\n\n\{\{ points)", re.M | re.S)
    assert first.sub("", typed.replace(section, "")) == first.sub("", made)


def test_the_first_checks_are_the_last_ones_but_for_the_lengths_and_the_mistake_that_they_miss() -> None:
    without = re.compile(
        r'^def draw_attend.*?(?=^def )|^@ATTEND.misconception\("The root is.*?(?=^EXERCISE)', re.M | re.S
    )
    first, last = ((HERE / name).read_text() for name in ("first_checks.py", "checks.py"))
    assert without.sub("", first) == without.sub("", last)
    assert first != last


def test_the_settings_that_the_page_shows_are_what_it_says_they_are() -> None:
    said = settings.read(HERE)
    assert said.exercises == (SLUG,)
    assert said.of(SLUG).points == {"attend": 5}
    late = said.of(SLUG).extensions["grace"] - said.of(SLUG).due
    assert late.days == 6
    assert said.late.penalty(2 * 3600, 10) == 1


def test_the_small_notebook_is_adopted_released_and_its_notes_are_those_that_the_page_explains(road: Road) -> None:
    road.write_means()
    adopted = road.run(f"autograder adopt means.ipynb --course {COURSE}")
    assert len(re.findall("its inputs are random numbers", adopted)) == 1
    assert len(re.findall("it tests a property of the result", adopted)) == 1
    assert len(adopted.splitlines()) == 3
    assert "1 check, 2 points" in road.run(f"autograder release means --course {COURSE}")


def test_where_there_is_no_sandbox_the_book_is_built_without_one(tmp_path: Path) -> None:
    road = Road(tmp_path, protected=False)
    road.run(f"autograder new {NAMED}")
    road.put()
    road.run(f"autograder release {NAMED}")
    road.hand_in()
    assert "2 graded now" in road.run(f"autograder grade {NAMED}")


def test_the_page_shows_no_code_but_that_of_the_files() -> None:
    page = (BOOK / "own_exercise.md").read_text()
    shown = set(re.findall(r"\{literalinclude\} own_exercise/(\S+)", page))
    assert shown <= {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.*")}
    assert not re.search(r"^```(python|toml|sh)$", page, re.M)
