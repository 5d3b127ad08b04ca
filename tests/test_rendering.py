"""Every combination of answers renders, parses, and holds nothing that was not chosen."""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import pytest
from conftest import Bake, Every, Report
from parsing import parse
from project import BakedProject
from rendering import Answers, Renderer, choices, code_answers, tree_key

JINJA = re.compile(rb"\{%|\{#|\{\{ ?cookiecutter|(?<!\$)\{\{.*\}\}")
# What may stand only where it was chosen.
TRACES: dict[tuple[str, str | bool], bytes] = {
    ("database", "sqlite"): rb"(?i)sqlite",
    ("database", "postgresql"): rb"(?i)postgres|asyncpg|pgserver",
    ("example", True): rb"features[./]items|ItemService|items:write",
    ("kubernetes", True): rb"(?i)kustomiz|kubectl|deploy/",
    ("ci", "github"): rb"GITHUB_|\.github|actions/checkout",
    ("ci", "gitlab"): rb"(?i)gitlab",
}
DEPLOY = {
    "deploy/README.md",
    "deploy/base/claim.yaml",
    "deploy/base/deployment.yaml",
    "deploy/base/kustomization.yaml",
    "deploy/base/networkpolicy.yaml",
    "deploy/base/service.yaml",
    "deploy/base/serviceaccount.yaml",
    "deploy/local/kustomization.yaml",
    "deploy/production/ingress.yaml",
    "deploy/production/kustomization.yaml",
    "deploy/production/network.yaml",
    "deploy/production/secrets.yaml",
}
# What of it a database that is a server adds, and what one that is a file needs.
DEPLOY_OF_SERVER = {
    "deploy/local/database.yaml",
    "deploy/local/var.yaml",
    "deploy/local/network.yaml",
    "deploy/production/autoscaler.yaml",
    "deploy/production/disruptions.yaml",
}
SQLITE = {"deploy/base/claim.yaml", "tests/core/db/test_driver_errors.py"}
GITHUB = {".github/dependabot.yml", ".github/workflows/ci.yml"}
ITEMS = {
    "src/orders_api/features/items/__init__.py",
    "src/orders_api/features/items/dependencies.py",
    "src/orders_api/features/items/models.py",
    "src/orders_api/features/items/repository.py",
    "src/orders_api/features/items/router.py",
    "src/orders_api/features/items/schemas.py",
    "src/orders_api/features/items/service.py",
    "src/orders_api/features/items/tasks.py",
    "tests/features/items/test_items.py",
    "tests/features/items/test_races.py",
}
# Which files each value adds to those of the default service, and which it takes away. No others.
ADDED_AND_REMOVED: dict[tuple[str, str | bool], tuple[set[str], set[str]]] = {
    ("database", "sqlite"): (set(), set()),
    ("database", "postgresql"): (DEPLOY_OF_SERVER, SQLITE),
    ("kubernetes", True): (set(), set()),
    ("kubernetes", False): (set(), DEPLOY | DEPLOY_OF_SERVER),
    ("ci", "github"): (set(), set()),
    ("ci", "gitlab"): ({".gitlab-ci.yml"}, GITHUB),
    ("ci", "none"): (set(), GITHUB),
    ("example", True): (set(), set()),
    ("example", False): (set(), ITEMS),
    ("python_version", "3.13"): (set(), set()),
    ("python_version", "3.14"): (set(), set()),
    ("python_version", "3.12"): (set(), set()),
    ("python_version", "3.11"): (set(), set()),
    ("license", "Proprietary"): (set(), set()),
    ("license", "MIT"): ({"LICENSE"}, set()),
    ("license", "Apache-2.0"): ({"LICENSE"}, set()),
    ("license", "BSD-3-Clause"): ({"LICENSE"}, set()),
}
# What one sees first in the default service.
ROOT_ENTRIES = {
    ".dockerignore", ".env.example", ".gitattributes", ".github", ".gitignore", "Dockerfile",
    "Makefile", "README.md", "compose.yaml", "deploy", "docs", "pyproject.toml", "src", "tests",
    "uv.lock",
}  # fmt: skip


def values() -> Iterator[dict[str, str | bool]]:
    """Yield no answer at all, then each value of each answer alone."""
    yield {}
    for answer, possible in choices().items():
        for value in possible:
            yield {answer: value}


@pytest.mark.parametrize("answers", list(values()), ids=lambda answers: json.dumps(answers)[1:-1])
def test_a_bake_is_what_the_renderer_says(bake: Bake, renderer: Renderer, answers: Answers) -> None:
    assert bake(**answers).files == renderer.render(answers)


def test_every_combination_parses_and_holds_only_what_was_chosen(
    every: Every, report: Report
) -> None:
    for answers, files in every:
        for name, content in files.items():
            assert "@" not in name
            assert not JINJA.search(name.encode())
            assert_clean(name, content)
            assert traces(name, content) <= set(answers.items()), (name, answers)
    report(f"{len(every)} combinations of answers were rendered and parsed.")


def assert_clean(name: str, content: bytes) -> None:
    """Fail unless the file parses and nothing of Jinja is left in it."""
    parse(name, content)
    assert not leftover(content), name


@cache
def leftover(content: bytes) -> re.Match[bytes] | None:
    """Return what is left of Jinja in a file."""
    return JINJA.search(content)


@cache
def traces(name: str, content: bytes) -> set[tuple[str, str | bool]]:
    """Return the answers which must have been given for this file to be what it is."""
    if name.endswith(".md"):  # prose may name what could have been chosen
        return set()
    return {answer for answer, trace in TRACES.items() if re.search(trace, content)}


def test_every_answer_about_code_leaves_a_trace_that_is_known() -> None:
    assert {answer for answer, _ in TRACES} >= set(code_answers())
    for answer in code_answers():
        possible = {value for value in choices()[answer] if value is not False}
        assert {value for traced, value in TRACES if traced == answer} == possible


def test_each_answer_adds_and_removes_its_own_files_and_no_others(
    every: Every, renderer: Renderer
) -> None:
    assert set(ADDED_AND_REMOVED) == {
        (answer, value) for answer, possible in choices().items() for value in possible
    }
    default = set(renderer.render({}))
    for answers, files in every:
        changes = [ADDED_AND_REMOVED[answer] for answer in answers.items()]
        added, removed = (set().union(*sets) for sets in zip(*changes, strict=True))
        assert added.isdisjoint(default)
        assert set(files) == (default | added) - removed, answers


def test_the_default_service_has_few_entries_at_its_root(renderer: Renderer) -> None:
    assert {name.split("/")[0] for name in renderer.render({})} == ROOT_ENTRIES


def test_a_text_names_the_package_and_changes_no_other_file_name(renderer: Renderer) -> None:
    default = set(renderer.render({}))
    for answer in ("description", "author_name"):
        assert set(renderer.render({answer: "Something else"})) == default
    for answer, text in (("project_name", "Bills 2"), ("project_slug", "bills-2")):
        made = set(renderer.render({answer: text}))
        assert made == {name.replace("src/orders_api/", "src/bills_2/") for name in default}


def test_what_is_not_about_code_leaves_the_test_key_alone(every: Every) -> None:
    keys = defaultdict(set)
    for answers, files in every:
        keys[tuple(answers[name] for name in code_answers())].add(tree_key(files))
    assert all(len(same) == 1 for same in keys.values())
    assert len(set.union(*keys.values())) == len(keys)


def test_no_answer_is_without_effect(renderer: Renderer) -> None:
    for answer, possible in choices().items():
        made = [renderer.render({answer: value}) for value in possible]
        assert all(one != other for one, other in pairwise(made)), answer


def test_a_second_bake_is_the_same_to_the_byte(bake: Bake) -> None:
    assert bake(database="postgresql").files == bake(database="postgresql").files


@pytest.mark.parametrize(
    "values",
    list(product(*(choices()[name] for name in code_answers()))),
    ids=lambda values: "-".join(map(str, values)),
)
@pytest.mark.parametrize("slug", ["a", "z", "aaa", "zzz", "a" * 40, "z" * 40, "abc-" * 9 + "abcd"])
def test_the_style_holds_for_every_name(
    renderer: Renderer, tmp_path: Path, slug: str, values: tuple[str | bool, ...]
) -> None:
    name = slug.replace("-", " ").title()
    answers = dict(zip(code_answers(), values, strict=True))
    made = renderer.render({"project_name": name, "project_slug": slug, **answers})
    for file, content in made.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    project = BakedProject(tmp_path, {})
    for check in (["ruff", "format", "--check"], ["ruff", "check", "--no-cache"]):
        done = project.run(sys.executable, "-m", *check)
        assert done.returncode == 0, done.stdout + done.stderr
