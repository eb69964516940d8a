"""The book's sources: the anatomy of a chapter, alternatives for pictures, no foreign address, no answer given away."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from book_paths import BOOK, ROOT

from autograder.exercise import EXERCISES

SECTIONS = [
    "What you will be able to do",
    "What you need",
    "The question",
    "The picture",
    "The mathematics",
    "The code",
    "The experiment",
    "What to remember",
    "Quiz",
    "Exercise",
]
LABELS = {  # what the exercises' feedback refers to, in the order of the chapter
    "vanilla_rnn": "rnn-step rnn-unrolling rnn-embedding rnn-output rnn-loss rnn-perplexity",
    "bptt": "bptt-step bptt-sequence bptt-embedding bptt-numerical bptt-truncated",
    "vanishing": "grad-scalar grad-jacobian grad-singular grad-lag grad-cliff grad-clip-value grad-clip-norm",
    "lstm": "lstm-gates lstm-step lstm-sequence lstm-backward lstm-through-time lstm-direct-path lstm-full-derivative "
    "lstm-forget-bias",
    "gru": "gru-reset-before gru-reset-after gru-z gru-sequence gru-backward gru-conversion gru-gives-up",
    "language_models": "lm-encoding lm-temperature lm-sampling lm-next-word lm-training",
    "pytorch": "torch-cell torch-weights torch-packing torch-lag-bias torch-training",
    "applications": "app-shapes app-many-to-one app-one-to-many app-encoder-decoder app-greedy app-beam",
}
PARTS = yaml.safe_load((BOOK / "_toc.yml").read_text())["parts"]
CHAPTERS = [chapter["file"] for part in PARTS if part["caption"] == "Chapters" for chapter in part["chapters"]]
# the last section of these says what to try instead
WITHOUT_EXERCISE = {"sequences", "after"}


def name_of(path: Path) -> str:
    """A page as the contents name it."""
    return path.relative_to(BOOK).with_suffix("").as_posix()


TEXTS = sorted(path for path in BOOK.rglob("*.md") if "experiments" not in path.relative_to(BOOK).parts)
ASKED_FOR = {
    "rnn": ["step", "forward"],
    "embedding": ["embed"],
    "affine": ["affine"],
    "loss": ["cross_entropy", "perplexity"],
}
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.M | re.S)
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.M | re.S)
HEADER = re.compile(r"\A---.*?^---$", re.M | re.S)


def text_of(name: str) -> str:
    return (BOOK / f"{name}.md").read_text()


def prose_of(name: str) -> str:
    """A page without its header and without all that stands between fences."""
    return FENCED.sub("", HEADER.sub("", text_of(name)))


def cells_of(name: str) -> list[tuple[dict, str]]:
    """The options and the code of each cell."""
    cells = []
    for body in CELL.findall(text_of(name)):
        options, code = "", body
        if body.startswith("---"):
            _, options, code = body.split("---\n", 2)
        elif body.startswith(":"):
            lines = body.splitlines()
            options = "\n".join(line[1:] for line in lines if line.startswith(":"))
            code = "\n".join(line for line in lines if not line.startswith(":"))
        cells.append((yaml.safe_load(options) or {}, code))
    return cells


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_the_sections_in_order(name: str) -> None:
    assert re.findall(r"^## (.+)$", prose_of(name), re.M) == SECTIONS


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_links_its_exercise_or_says_what_to_try(name: str) -> None:
    last = text_of(name).split("## Exercise")[1]
    links = re.findall(r"\{download\}`Download exercise (\d\d) <\.\./_build/student/(\d\d)_\w+\.zip>`", last)
    if name in WITHOUT_EXERCISE:
        assert links == []
        assert "Try a small thing instead" in " ".join(last.split())
    else:
        ((number, of_the_file),) = links
        assert number == of_the_file
        (exercise,) = (one for one in EXERCISES.values() if one.slug.startswith(number))
        assert [check.function for check in exercise.checks if f"`{check.function}`" not in last] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_labels_that_exercises_refer_to_stand_before_a_heading(name: str) -> None:
    found = re.findall(r"^\(([\w-]+)\)=\n#{3,4} ", text_of(name), re.M)
    wanted = LABELS.get(name, "").split()
    assert [label for label in found if label in wanted] == wanted


def test_the_exercises_follow_each_other_as_the_chapters_do() -> None:
    """An exercise may build on those before it: 08 trains in PyTorch, which 07 teaches."""
    numbers = [re.search(r"`Download exercise (\d\d) ", text_of(name)) for name in CHAPTERS]
    found = [number[1] for number in numbers if number]
    assert found == sorted(found)
    assert found == [one.slug[:2] for one in EXERCISES.values()]


def test_the_page_of_conventions_has_its_label() -> None:
    assert "(notation)=\n# " in text_of("notation")


def test_equations_are_numbered_as_in_the_docstrings() -> None:
    """Equation (k) is the k-th that has a label, and the reference says its number and its symbols."""
    labels = re.findall(r"^:label: (eq-\w+)$", text_of("vanilla_rnn"), re.M)
    assert labels == ["eq-step", "eq-forward", "eq-embed", "eq-affine", "eq-loss", "eq-perplexity"]
    others = "".join(text_of(name_of(path)) for path in TEXTS if name_of(path) != "vanilla_rnn")
    of_others = re.findall(r"^:label: (.+)$", others, re.M)
    assert len(set(of_others)) == len(of_others)
    assert all(re.fullmatch(r"eq-[a-z]+-[a-z-]+", label) for label in of_others), of_others
    names = [(module, function) for module, functions in ASKED_FOR.items() for function in functions]
    for number, (module, function) in enumerate(names, start=1):
        reference = getattr(importlib.import_module(f"solutions.with_numpy.{module}"), function)
        assert re.search(rf"\({number}\)$", reference.__doc__, re.M), f"{function} is not equation ({number})"


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_figure_has_an_alternative_a_caption_and_a_name(path) -> None:
    for options, code in cells_of(name_of(path)):
        if "figures.draw" in code or "figures.plot" in code:
            settings = options["mystnb"]
            assert len(settings["image"]["alt"].split()) > 15, code
            assert settings["figure"]["caption"].strip()
            assert settings["figure"]["name"].startswith("fig-")


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_a_page_has_a_description_and_stands_in_the_contents(path) -> None:
    header = yaml.safe_load(HEADER.search(path.read_text())[0].strip("-"))
    assert len(header["myst"]["html_meta"]["description"]) >= 40
    assert re.search(rf"(file|root): {name_of(path)}$", (BOOK / "_toc.yml").read_text(), re.M)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_asset_of_another_host(path) -> None:
    assert not re.search(r"<(script|link|img|iframe)|!\[[^\]]*\]\(http|\{(image|figure)\} http", path.read_text())


PICTURES = {".png"}  # hold no addresses
STATIC_TEXTS = sorted(path for path in (BOOK / "_static").rglob("*.*") if path.suffix not in PICTURES)


@pytest.mark.parametrize("path", STATIC_TEXTS, ids=lambda path: path.name)
def test_no_static_file_names_another_host(path) -> None:
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|@import", text)


def decimals_in(text: str) -> list[str]:
    """Decimal numbers and percentages as a reader sees them, not those in code, formulas, roles or licence names."""
    text = re.sub(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\$\$[^$]*\$\$|\$[^$]*\$|CC BY 4\.0", "", text)
    return re.findall(r"\b\d+\.\d+\b|\b\d+ ?%", text)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_numbers_of_experiments_are_inserted_and_not_typed(path) -> None:
    assert decimals_in(prose_of(name_of(path))) == []


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_inserted_number_is_made_in_a_cell(path) -> None:
    made = {name for _, code in cells_of(name_of(path)) for name in re.findall(r'glue\("(\w+)"', code)}
    used = set(re.findall(r"\{glue:text\}`(\w+)", path.read_text()))
    assert used == made


def statements(source: str) -> list[str]:
    """The statements of the outermost function, in one spelling, without its docstring."""
    function = ast.parse(source).body[0]
    return [ast.unparse(node) for node in function.body[1:]]


@pytest.mark.parametrize(("module", "name"), [(m, name) for m, names in ASKED_FOR.items() for name in names])
def test_no_asked_for_body_is_printed(module: str, name: str) -> None:
    function = inspect.unwrap(getattr(importlib.import_module(f"solutions.with_numpy.{module}"), name))
    answers = [re.sub(r"^return ", "", line) for line in statements(inspect.getsource(function))]
    distinctive = [line for line in answers if len(line) > 15]
    for path in TEXTS:
        for _, code in cells_of(name_of(path)):
            assert "inspect.getsource" not in code
            assert "??" not in code
            assert not re.search(rf"^\s*def {name}\(", code, re.M), f"{name_of(path)} defines {name}"
            printed = ast.unparse(ast.parse(code))
            for line in distinctive:
                assert line not in printed, f"{name_of(path)} prints a line of {module}.{name}: {line}"


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_question_of_the_quiz_has_explained_answers_and_one_is_right(name: str) -> None:
    quiz = text_of(name).split("## Quiz")[1].split("## Exercise")[0]
    questions = re.split(r"^\*\*\d\. ", quiz, flags=re.M)[1:]
    assert 3 <= len(questions) <= 5
    for question in questions:
        answers = re.findall(r"^:::\{dropdown\}.*?\n\n(.*?)^:::$", question, re.M | re.S)
        assert len(answers) >= 3
        assert all(re.match(r"(Right|Wrong)\. .{20,}", answer, re.S) for answer in answers)
        assert sum(answer.startswith("Right.") for answer in answers) == 1


def test_every_work_that_is_cited_is_listed_and_every_listed_work_is_cited() -> None:
    listed = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.M))
    groups = [group for path in TEXTS for group in re.findall(r"\{cite\}`([^`]+)`", path.read_text())]
    cited = {key.strip() for group in groups for key in group.split(",")}
    assert cited == listed


VERDICTS = {"● **holds**", "◐ **holds with a condition**", "○ **does not hold**"}


def test_each_claim_of_the_article_has_a_verdict_and_is_shown_or_cited() -> None:
    head, *rows = re.split(r"^\* - ", text_of("article").split(":::{list-table}")[1].split("\n:::")[0], flags=re.M)[1:]
    assert head.split("\n  - ") == ["Claim", "What is true", "Shown in", "Verdict\n"]
    assert len(rows) >= 20
    for number, row in enumerate(rows, start=1):
        claim, truth, shown, verdict = (cell.strip() for cell in row.split("\n  - "))
        assert claim.startswith(f"**{number}.** ")
        assert truth.endswith(".")
        assert re.fullmatch(r"((\[\]\([\w./-]+\)|\{cite\}`[\w,]+`)(; |$))+", shown), shown
        assert verdict in VERDICTS, verdict


def test_the_chapter_calls_every_function_of_the_exercise() -> None:
    code = "\n".join(code for _, code in cells_of("vanilla_rnn"))
    for module, names in ASKED_FOR.items():
        for name in names:
            assert re.search(rf"\b{module}\.{name}\(", code), f"{module}.{name} is not called"


def test_the_configuration_keeps_its_promises() -> None:
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert settings["only_build_toc_files"]
    assert settings["execute"]["execute_notebooks"] == "cache"
    assert settings["sphinx"]["recursive_update"]
    assert settings["sphinx"]["config"]["nb_execution_raise_on_error"]
    assert "launch_buttons" not in settings


def test_messages_end_in_a_blank_that_the_time_of_day_decides() -> None:
    from experiments import messages

    rng = np.random.default_rng(0)
    for small_words in range(4):
        words = messages.message(rng, small_words)
        (time,) = set(words) & set(messages.BLANKS)
        assert words[-1] == messages.BLANKS[time]
        assert len(words) - words.index(time) - 2 == messages.distance(small_words)


def test_a_batch_counts_no_padding_and_its_last_step_asks_for_the_blank() -> None:
    from experiments import messages

    rng = np.random.default_rng(0)
    made = [messages.message(rng, small_words) for small_words in (0, 3, 1)]
    ids, targets, mask = messages.batch(made)
    for n, words in enumerate(made):
        assert [messages.VOCABULARY[number] for number in ids[mask[:, n], n]] == words[:-1]
        assert [messages.VOCABULARY[number] for number in targets[mask[:, n], n]] == words[1:]
        assert targets[messages.last_step(mask)[:, n], n] == [messages.NUMBER[words[-1]]]
    assert (ids[~mask] == messages.NUMBER[messages.PADDING]).all()
