"""What is written in the template's files: marks, tags, versions, and nothing that git ignores."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from bite import bites
from rendering import HOOK, ROOT, SERVICE, Renderer, choices, known_files

TAG = re.compile(r"\s*# \{% (?:if (?P<test>.+)|endif|raw|endraw) %\}\n?")
TEST = re.compile(r"(?:not )?cookiecutter\.(\w+)(?: [!=]= \"([^\"]+)\")?")
ANSWERED_TEXT = re.compile(r"cookiecutter\.(__)?(project_name|description|author_name)")
VARIABLE = re.compile(r"(?<!\$)\{\{(.*?)\}\}")


def service_files() -> list[Path]:
    """Return the files of the service by their path in the template."""
    return [path for path in known_files() if path.parts[0] == SERVICE]


def lines() -> Iterator[tuple[Path, str]]:
    """Yield each line of the service's text files."""
    for path in service_files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            for line in content.decode().splitlines(keepends=True):
                yield path, line


def test_every_mark_names_an_answer_and_its_values() -> None:
    mark = re.search(r'MARK = re.compile\(r"(.+)"\)', (ROOT / HOOK).read_text(encoding="utf-8"))
    assert mark
    for name in {part for path in service_files() for part in path.parts if "@" in part}:
        match = re.fullmatch(mark[1], name)
        assert match, name
        _, answer, values, _ = match.groups()
        possible = choices().get(answer, [True] if answer == "always" else [])
        wanted = set(values.split("+")) if values else {True}
        assert wanted <= set(possible), name


def test_a_file_that_always_replaces_another_has_another_to_replace() -> None:
    for path in service_files():
        if "@always" in path.name:
            assert (ROOT / path.with_name(path.name.replace("@always", ""))).is_file(), path


def test_every_tag_stands_on_its_own_line_and_asks_for_one_answer() -> None:
    for path, line in lines():
        if "{%" not in line:
            continue
        tag = TAG.fullmatch(line)
        assert tag, (path, line)
        for test in re.split(" or ", tag["test"] or ""):
            condition = TEST.fullmatch(test)
            assert not test or condition, (path, line)
            if condition:
                assert (condition[2] or True) in choices()[condition[1]], (path, line)


def test_every_variable_is_one_of_cookiecutter_json() -> None:
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    raw = False
    for path, line in lines():
        raw = {"# {% raw %}": True, "# {% endraw %}": False}.get(line.strip(), raw)
        for expression in [] if raw else VARIABLE.findall(line):
            name = re.fullmatch(r" cookiecutter\.(\w+) ", expression)
            assert name, (path, line)
            assert name[1] in questions, (path, line)


def test_a_text_reaches_no_code_and_is_checked_wherever_it_is_data() -> None:
    """In code, a dash or a long sentence of somebody's would break the style of the service."""
    prose = {".md"}
    for path, line in lines():
        for checked, text in ANSWERED_TEXT.findall(line):
            assert path.suffix != ".py", (path, text)
            assert checked or path.suffix in prose or path.name.startswith("LICENSE@"), (path, text)


def test_the_folder_of_the_service_holds_nothing_that_git_ignores() -> None:
    """A cache in it would be generated into every project, an ignored file into none."""
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", SERVICE]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == ""


def test_the_template_has_one_version() -> None:
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"(?m)^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert newest
    assert {questions["_template_version"], project["version"]} == {newest[1]}


def test_every_answer_has_a_question_and_a_row_in_the_readme() -> None:
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, values in questions.items():
        if name.startswith("_"):
            continue
        assert f"| `{name}` |" in readme
        prompt = questions["__prompts__"][name]
        if isinstance(values, list) and isinstance(prompt, dict):
            assert list(prompt) == ["__prompt__", *values]


def test_text_files_end_their_lines_alike() -> None:
    for path in known_files():
        content = (ROOT / path).read_bytes()
        assert b"\0" in content or b"\r" not in content, path


def test_every_guard_stands_where_its_bite_says(renderer: Renderer) -> None:
    lost = []
    for bite in bites():
        service = renderer.render({"database": bite.database})
        own = ROOT / bite.file
        text = own.read_bytes() if own.is_file() else service[bite.file]
        if text.decode().count(bite.old) != 1:
            lost.append(bite.guard)
    assert lost == []
