"""A wrong answer costs one sentence and writes nothing; a right one reads back as it was typed."""

import json
import resource
import runpy
import shutil
import sys
import tomllib
import unicodedata

import cookiecutter
import pytest
import yaml
from baking import contents
from conftest import Bake, Report
from cookiecutter.exceptions import FailedHookException
from hostile import KEPT_TEXTS, REFUSED_TEXTS, WRONG_SLUGS
from parsing import is_data, parse, strings
from project import Command
from rendering import ROOT, SERVICE, Renderer, known_files

from cookiecutter_2_7_or_newer import checked_text

TEXTS = ["project_name", "description", "author_name"]


def refused(renderer: Renderer, **answers: str) -> str:
    """Return the sentence with which the answers are refused."""
    with pytest.raises(FailedHookException) as caught:
        renderer.context(answers)
    return str(caught.value)


@pytest.mark.parametrize("slug", WRONG_SLUGS, ids=ascii)
def test_a_wrong_slug_is_refused_in_one_sentence(renderer: Renderer, slug: str) -> None:
    assert_one_sentence(refused(renderer, project_slug=slug))


@pytest.mark.parametrize("text", REFUSED_TEXTS, ids=ascii)
@pytest.mark.parametrize("answer", TEXTS)
def test_a_text_that_files_cannot_hold_is_refused(
    renderer: Renderer, answer: str, text: str
) -> None:
    assert_one_sentence(refused(renderer, **{"project_slug": "orders", answer: text}))


@pytest.mark.parametrize("answer", TEXTS)
def test_every_other_text_reads_back_as_it_was_typed(renderer: Renderer, answer: str) -> None:
    holders = files_that_name(answer)
    for text in KEPT_TEXTS:
        files = renderer.render({"project_slug": "orders-api", answer: text})
        for name, content in files.items():
            parse(name, content)
        for name in holders:
            assert any(text in string for string in strings(name, files[name])), (name, text)
        project = tomllib.loads(files["pyproject.toml"].decode())["project"]
        assert answer != "description" or project["description"] == text
        assert answer != "author_name" or project["authors"] == [{"name": text}]


def files_that_name(answer: str) -> list[str]:
    """Return the unmarked data files of the service in which an answer stands."""
    service = [path for path in known_files() if path.parts[0] == SERVICE and is_data(path.name)]
    return [
        "/".join(path.parts[1:]).replace("{{cookiecutter.__package}}", "orders_api")
        for path in service
        if "@" not in str(path) and f"cookiecutter.__{answer}" in (ROOT / path).read_text("utf-8")
    ]


def test_no_character_is_read_back_as_another() -> None:
    """Every character that is not refused, through each language that the service is written in."""
    for text in every_kept_character():
        quoted = f'"{checked_text(text, "description", len(text))}"'
        assert tomllib.loads(f"text = {quoted}") == {"text": text}
        assert json.loads(quoted) == text
        assert yaml.load(quoted, Loader=yaml.CSafeLoader) == text
        assert eval(quoted) == text  # noqa: S307


def every_kept_character() -> list[str]:
    """Return texts that hold each character which may be in an answer, 200 at a time."""
    refused = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    kept = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) not in refused
    ]
    return ["x" + "".join(kept[start : start + 200]) + "x" for start in range(0, len(kept), 200)]


def test_there_are_hostile_values_enough() -> None:
    assert all(len(set(values)) >= 40 for values in (WRONG_SLUGS, REFUSED_TEXTS, KEPT_TEXTS))


@pytest.mark.parametrize(
    "answers",
    [
        ["project_slug=../evil"],
        ["project_slug=/abs"],
        ["project_slug=orders "],
        ["project_slug=con"],
        ["project_slug=class"],
        ["project_slug=fastapi"],
        ["project_slug="],
        ["project_slug=a\nb"],
        ["project_name=\u00e9\u202e"],
        ["project_name=!!!"],
        ["project_name={{ cycler.__init__.__globals__.os.system('touch evil') }}"],
        ["description={{ 7*7 }}"],
        ["description=a\nb"],
        ["author_name=" + "a" * 300],
        ["databse=postgresql"],
        ["description=${{ secrets.TOKEN }}"],
        ["author_name=a\u2028b"],
        ["__package=os"],
        ["__prompts__={}"],
        ["_template_version=9"],
        ["_copy_without_render=*"],
        ["_new_lines=x"],
        ["_extensions=cookiecutter_2_7_or_newer.Answers"],
    ],
    ids=ascii,
)
def test_the_command_refuses_and_writes_nothing(command: Command, answers: list[str]) -> None:
    done = command(*answers)
    assert (done.returncode, done.stderr) == (1, "")
    assert_one_sentence(done.stdout.strip())
    assert contents(command.output) == {}
    assert list(command.folder.rglob("evil*")) == []


@pytest.mark.parametrize("option", [["--extra-context", "{}"], ["--extra-context={}"]])
@pytest.mark.parametrize("answer", ["databse", "__package", "_template_version"])
def test_cruft_refuses_an_answer_that_nothing_asks_for(
    monkeypatch: pytest.MonkeyPatch, renderer: Renderer, option: list[str], answer: str
) -> None:
    """Only when a service is made: an update makes the old version, too, with the new answers."""
    given = [part.replace("{}", json.dumps({answer: "x"})) for part in option]
    monkeypatch.setattr(sys, "argv", ["cruft", "create", "-y", "url", *given])
    assert_one_sentence(refused(renderer))
    monkeypatch.setattr(sys, "argv", ["cruft", "update", *given])
    assert renderer.context({})["project_slug"] == "orders-api"


@pytest.mark.parametrize("answer", ["_extensions=", "_extensions=[]", "_jinja2_env_vars={}"])
def test_what_loads_the_checks_cannot_be_replaced(command: Command, answer: str) -> None:
    """Cookiecutter refuses these itself, with a traceback, before anything of ours is loaded."""
    assert command(answer).returncode == 1
    assert contents(command.output) == {}


def test_a_wrong_text_is_refused_right_after_its_question(command: Command) -> None:
    done = command(typed="Orders API\n../evil\n")
    assert done.returncode == 1
    assert "[2/" in done.stdout
    assert "[3/" not in done.stdout
    assert list(command.output.iterdir()) == []


def test_jinja_that_is_typed_is_not_executed(command: Command) -> None:
    done = command(typed="{{ 7*7 }}\n")
    assert done.returncode == 1
    assert 'project_name "{{ 7*7 }}" must not hold' in done.stdout
    assert list(command.output.iterdir()) == []


EDITED = [
    ("project_slug", "../evil"),
    ("project_slug", "bills"),  # whose package is another one
    ("description", "{{ 7*7 }}"),
    ("author_name", "a\nb"),
    ("database", "oracle"),
    ("python_version", 3.13),
    ("example", "yes"),
    ("__package", "os"),
    ("__description", '"evil"'),
]


@pytest.mark.parametrize(("answer", "value"), EDITED, ids=ascii)
def test_what_stands_in_a_replay_file_is_checked_like_what_is_typed(
    command: Command, answer: str, value: str | float
) -> None:
    assert command().returncode == 0
    shutil.rmtree(command.output / "orders-api")
    (replay,) = (command.folder / "home").rglob("*.json")
    answers = json.loads(replay.read_text(encoding="utf-8"))
    answers["cookiecutter"][answer] = value
    replay.write_text(json.dumps(answers), encoding="utf-8")
    done = command("--replay")
    assert (done.returncode, done.stderr) == (1, "")
    assert_one_sentence(done.stdout.strip())
    assert contents(command.output) == {}
    assert list(command.folder.rglob("evil*")) == []


@pytest.mark.parametrize(
    "line",
    [
        "__package: os",
        "project_slug: ../evil",
        "description: \"{{ cycler.__init__.__globals__.os.system('touch evil') }}\"",
    ],
)
def test_what_stands_in_the_users_own_defaults_is_checked_too(command: Command, line: str) -> None:
    defaults = command.folder / "defaults.yaml"
    defaults.write_text(f"default_context:\n  {line}\n")
    done = command("--config-file", str(defaults))
    assert (done.returncode, done.stderr) == (1, "")
    assert_one_sentence(done.stdout.strip())
    assert contents(command.output) == {}
    assert list(command.folder.rglob("evil*")) == []


@pytest.mark.parametrize("version", ["2.1.0", "2.6.0"])
def test_an_older_cookiecutter_is_told_so(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Tried with real ones, too: 2.1.1, 2.2.3, 2.6.0, and 1.7.3, which cannot load the module."""
    monkeypatch.setattr(cookiecutter, "__version__", version)
    with pytest.raises(FailedHookException, match=r"needs Cookiecutter 2\.7 or newer"):
        runpy.run_path(str(ROOT / "cookiecutter_2_7_or_newer.py"))


def test_a_wrong_choice_is_refused_by_cookiecutter(command: Command) -> None:
    for answer in ("database=oracle", "example=perhaps"):
        assert command(answer).returncode == 1
    assert list(command.output.iterdir()) == []


def test_the_command_keeps_what_was_typed(command: Command) -> None:
    text = """He said "hi" \\ 'bye' & ${HOME} `id` \U0001f600"""
    done = command(f"description={text}", f"author_name={text}", "project_name=Ünïcödé 日本")
    assert done.returncode == 0, done.stdout + done.stderr
    project = tomllib.loads(
        (command.output / "unicode-ri-ben" / "pyproject.toml").read_text("utf-8")
    )
    assert project["project"]["description"] == text
    assert project["project"]["authors"] == [{"name": text}]


@pytest.mark.parametrize(
    "text",
    [
        "$(touch evil)",
        "`touch evil`",
        "'; touch evil #",
        '" && touch evil',
        "--flag",
        "../../evil",
        "<script>evil()</script>",
        "\u05e2\u05d1\u05e8\u05d9\u05ea \U0001f600",
        '"""\\',
        "%PATH%\\",
    ],
    ids=ascii,
)
def test_the_command_executes_nothing_and_writes_nowhere_else(command: Command, text: str) -> None:
    texts = {"project_name": text, "description": text, "author_name": text}
    done = command("project_slug=bills", *(f"{answer}={text}" for answer, text in texts.items()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in command.output.iterdir()] == ["bills"]
    assert {path.name for path in command.folder.iterdir()} == {"home", "output"}
    for folder in (command.folder, command.template):
        assert list(folder.rglob("evil*")) == []
    for name, content in contents(command.output / "bills").items():
        parse(name, content)
    project = tomllib.loads((command.output / "bills" / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["description"] == text
    assert project["project"]["authors"] == [{"name": text}]


@pytest.mark.parametrize("typed", [None, "Orders API\n\n"], ids=["--no-input", "typed"])
def test_an_existing_folder_is_refused_untouched_and_at_once(
    command: Command, typed: str | None
) -> None:
    own = command.output / "orders-api" / "mine.txt"
    own.parent.mkdir()
    own.write_text("mine")
    done = command(typed=typed)
    assert done.returncode == 1
    sentence = f'project_slug "orders-api" already exists in {command.output}: take another one.\n'
    assert done.stdout.endswith(sentence)
    assert "[3/" not in done.stdout
    assert contents(command.output) == {"orders-api/mine.txt": b"mine"}


def test_the_longest_slug_and_a_name_that_makes_a_longer_one(bake: Bake) -> None:
    assert bake(project_slug="a" * 40).path.name == "a" * 40
    assert len(bake(project_name="Orders and invoices of many countries today").path.name) <= 40


def test_the_command_is_quick(command: Command, report: Report) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert command().returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report(f"The cookiecutter command took {seconds:.2f} CPU seconds.")
    assert seconds < 3  # 0.7 where this was written: room for slow machines


def assert_one_sentence(text: str) -> None:
    """Fail unless `text` is one line that ends like a sentence."""
    assert len(text.splitlines()) == 1, text
    assert text.endswith("."), text
