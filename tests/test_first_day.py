"""A service stays green under the hands of its owners, from the first day on."""

import re
import shutil
import time
from pathlib import Path

import pytest
from conftest import Bake, Report
from databases import empty_database
from first_day import (
    add_field,
    add_route_and_dependencies,
    delete_docs,
    rename_items,
    walk_through_migrations,
)
from project import BakedProject

SUITE = ("uv", "run", "pytest", "-q")
# What is left behind by running the service and its tools, all of it ignored by git.
LEFT_BEHIND = (".venv/", "var/", ".ruff_cache/", ".mypy_cache/", ".import_linter_cache/")


def owned(project: BakedProject) -> dict[str, bytes]:
    """Return the files that git would know."""
    return {
        name: content
        for name, content in project.files.items()
        if not name.startswith(LEFT_BEHIND) and "__pycache__" not in name
    }


def test_a_service_stays_green_on_its_first_day(bake: Bake, report: Report) -> None:
    project = bake()
    start = time.monotonic()
    rename_items(project)
    delete_docs(project)
    project.must_run(*SUITE)
    add_field(project)
    add_route_and_dependencies(project)
    project.must_run("make", "check")
    seconds = time.monotonic() - start
    walk_through_migrations(project)
    assert "item" not in project.read("src/orders_api/routes.py").lower()
    _, *own_blocks = project.read("pyproject.toml").split("# The service's own")
    for package, block in zip(("humanize", "freezegun"), own_blocks, strict=True):
        assert f'"{package}>' in block.partition("]")[0]
    report(f"A first day, with two suites, took {seconds:.1f} s.")


def test_features_are_named_in_one_word_or_several(bake: Bake) -> None:
    project = bake()
    for one, many in (("line_item", "line_items"), ("order_item", "order_items")):
        project.must_run("make", "feature", f"one={one}", f"many={many}")
    project.must_run("make", "migration", "m=add two")
    project.must_run("make", "check")


@pytest.mark.parametrize(
    ("one", "many", "message"),
    [
        ("", "invoices", "Name it in small letters"),
        ("Invoice", "Invoices", "Name it in small letters"),
        ("sheep", "sheep", "One and many need two names."),
        ("class", "classes", "Python keeps the word class for itself."),
        ("item", "items", "There is a feature items."),
    ],
)
def test_a_name_that_no_feature_can_have_is_refused(
    bake: Bake, one: str, many: str, message: str
) -> None:
    project = bake()
    before = project.files
    done = project.run("make", "feature", f"one={one}", f"many={many}")
    assert done.returncode == 2
    assert message in done.stdout
    assert owned(project) == before


def test_a_service_on_postgresql_stays_green_without_the_sample_feature(
    bake: Bake, open_folder: Path
) -> None:
    made = bake(database="postgresql")
    project = BakedProject(Path(shutil.move(made.path, open_folder)), made.context)
    with empty_database(project.path, open_folder) as url:
        variables = {"APP_DATABASE__URL": url}
        project.must_run("make", "migrate", **variables)
        project.must_run("make", "remove-example", **variables)
        walk_through_migrations(project, **variables)
    project.must_run(*SUITE)


@pytest.mark.parametrize("name", ["Orders API", "Items API"])
def test_removing_the_sample_feature_leaves_what_a_service_without_it_has(
    bake: Bake, name: str
) -> None:
    """But for its table: a migration drops it, as the first one may have been run anywhere."""
    never_had_it = bake(project_name=name, example=False)
    project = bake(project_name=name)
    versions = f"src/{project.context['__package']}/migrations/versions/"
    first = f"{versions}0001_initial.py"
    first_migration = project.files[first]
    project.must_run("make", "remove-example")
    left, expected = owned(project), owned(never_had_it)
    [added] = left.keys() - expected.keys()
    assert added.startswith(versions)
    assert re.search(r"_[0-9a-f]{12}_remove_items\.py$", added)  # Another one has another name.
    assert 'op.drop_table("items")' in left.pop(added).decode()
    assert left == {**expected, first: first_migration}
