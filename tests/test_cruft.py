"""Services are kept updated with cruft, and an update leaves what their owners wrote."""

import json
import sys
from pathlib import Path
from shutil import copytree

import pytest
from first_day import (
    add_field,
    add_route_and_dependencies,
    delete_docs,
    insert,
    rename_items,
)
from project import BakedProject
from rendering import SERVICE

IDENTITY = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
UPDATE = ("update", "--skip-apply-ask", "--refresh-private-variables")
PACKAGE = "src/{{cookiecutter.__package}}"
# What updates leave alone: owners wrote it, or make it anew.
OWNED = (
    "README.md",
    "src/orders_api/features/invoices/",
    "src/orders_api/features/items/",
    "src/orders_api/migrations/versions/",
    "src/orders_api/routes.py",
    "tests/features/invoices/",
    "tests/features/items/",
    "uv.lock",
)
# What the next version of the template changes: a file, a line of it, and what stands after that.
# Each is as near as can be to what owners change on their first day.
CHANGES = [
    (f"{PACKAGE}/app.py", "def make_service", "NAP = 5\n\n\n"),
    (f"{PACKAGE}/core/logging.py", "    level:", '    nap: int = 5\n    """A nap."""\n'),
    (f"{PACKAGE}/core/events.py", "Handler = Callable", "Name = str\n"),
    (f"{PACKAGE}/features/items@example/router.py", "CHANGE_RESPONSES =", "SAMPLE = 1\n"),
    ("pyproject.toml", '    "limits', '    "idna>=3",\n'),
    ("pyproject.toml", "    # The service's own. Updates", '    "anyio>=4",\n'),
    ("pyproject.toml", "    # The service's own, where", '    "anyio>=4",\n'),
    ("Makefile", "migration:  ##", ".PHONY: nap\nnap:  ## Take a nap\n\tsleep 0\n\n"),
    ("README.md", "## Routes", "Another paragraph.\n\n"),
    ("tests/conftest.py", "@pytest.fixture\nasync def client", "NAP = 5\n\n\n"),
]


def run(folder: Path, *command: str) -> str:
    """Run a command that succeeds, and return what it prints."""
    return BakedProject(folder, {}).must_run(*command, HOME=str(folder))


def cruft(folder: Path, *arguments: str) -> str:
    """Run cruft."""
    return run(folder, sys.executable, "-m", "cruft", *arguments)


def commit(folder: Path, message: str) -> None:
    """Commit everything in a repository."""
    run(folder, "git", "add", "-A")
    run(folder, "git", *IDENTITY, "commit", "-q", "-m", message)


def known(folder: Path) -> dict[str, bytes]:
    """Return the files that git knows or would add."""
    names = run(folder, "git", "ls-files", "--cached", "--others", "--exclude-standard")
    files = [folder / name for name in sorted(set(names.splitlines()))]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.is_file()
    }


def not_merged(folder: Path) -> list[str]:
    """Return the files that somebody would have to repair by hand after an update."""
    return [
        name
        for name, content in known(folder).items()
        if name.endswith((".rej", ".orig")) or b"<<<<<<<" in content
    ]


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    """Return a git repository of the template."""
    repository = copytree(template, tmp_path / "repository")
    run(repository, "git", "init", "-q")
    commit(repository, "Version one")
    return repository


@pytest.fixture
def service(repository: Path, tmp_path: Path) -> Path:
    """Return a service that cruft made, in a git repository of its own."""
    cruft(tmp_path, "create", str(repository), "--no-input")
    service = tmp_path / "orders-api"
    run(service, "git", "init", "-q")
    commit(service, "Start")
    return service


@pytest.fixture
def project(service: Path) -> BakedProject:
    """Return that service with its answers."""
    recorded = json.loads((service / ".cruft.json").read_text(encoding="utf-8"))
    return BakedProject(service, recorded["context"]["cookiecutter"])


def release_version_two(repository: Path) -> None:
    """Change the template near everything that owners change, and add a file and a migration."""
    service = repository / SERVICE
    for path, before, text in CHANGES:
        insert(service / path, before, text)
    for folder in ("core", "features/items@example"):
        (service / PACKAGE / folder / "nap.py").write_text('"""A nap."""\n')
    versions = service / PACKAGE / "migrations" / "versions"
    (versions / "0002_nap.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    commit(repository, "Version two")


def test_a_new_service_is_up_to_date(service: Path) -> None:
    assert "up to date" in cruft(service, "check")
    assert cruft(service, "diff", "--exit-code") == ""


def test_an_update_takes_new_files_filters_and_version(repository: Path, service: Path) -> None:
    """Both versions are loaded in one process, which had the first version's filters only."""
    insert(
        repository / "cookiecutter_2_7_or_newer.py",
        '    "checked_text":',
        '    "loud": str.upper,\n',
    )
    settings = repository / "cookiecutter.json"
    insert(settings, '  "__package":', '  "__loud": "{{ cookiecutter.project_slug | loud }}",\n')
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"_template_version": "', '"_template_version": "9.'))
    (repository / SERVICE / "NEWS").write_text(
        "{{ cookiecutter.__loud }} {{ cookiecutter._template_version }}\n"
    )
    commit(repository, "Version two")
    own = service / "src" / "orders_api" / "features" / "invoices" / "router.py"
    own.parent.mkdir(parents=True)
    own.write_text("# mine\n")
    commit(service, "My feature")

    cruft(service, *UPDATE)

    assert own.read_text() == "# mine\n"
    assert (service / "NEWS").read_text().startswith("ORDERS-API 9.")
    assert not not_merged(service)


def test_an_update_after_the_first_day_leaves_nothing_to_repair(
    repository: Path, project: BakedProject
) -> None:
    rename_items(project)
    delete_docs(project)
    add_field(project)
    add_route_and_dependencies(project)
    commit(project.path, "The first day")
    before = known(project.path)
    release_version_two(repository)

    cruft(project.path, *UPDATE)

    assert not not_merged(project.path)
    assert project.has_file("src/orders_api/core/nap.py")
    after = known(project.path)
    owned = [name for name in {**before, **after} if name.startswith(OWNED)]
    assert [name for name in owned if before.get(name) != after.get(name)] == []
    for path, _, text in CHANGES:
        if "items@" not in path and path != "README.md":
            changed = project.read(path.replace(PACKAGE, "src/orders_api"))
            assert text in changed, path
    project.must_run("uv", "lock")
    project.must_run("make", "fix", "check")


def test_an_owner_who_keeps_the_sample_feature_gets_its_changes(
    repository: Path, project: BakedProject
) -> None:
    router = project.path / "src" / "orders_api" / "features" / "items" / "router.py"
    insert(router, "@router.delete", "OWN = 1\n\n\n")
    commit(project.path, "My change")
    release_version_two(repository)
    cruft(project.path, *UPDATE)
    assert not not_merged(project.path)
    assert {"OWN = 1", "SAMPLE = 1"} <= set(router.read_text(encoding="utf-8").splitlines())


def test_an_answer_can_be_changed_later(service: Path) -> None:
    cruft(service, *UPDATE, "--variables-to-update", json.dumps({"ci": "none", "license": "MIT"}))
    assert not (service / ".github").exists()
    assert "MIT" in (service / "LICENSE").read_text()
