"""Services are kept updated with cruft."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
from project import contents, environment
from rendering import ROOT

IDENTITY = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]


def run(folder: Path, *command: str) -> str:
    """Run a command that succeeds, and return what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(HOME=str(folder)),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cruft(folder: Path, *arguments: str) -> str:
    """Run cruft."""
    return run(folder, sys.executable, "-m", "cruft", *arguments)


def commit(folder: Path, message: str) -> None:
    """Commit everything in a repository."""
    run(folder, "git", "add", "-A")
    run(folder, "git", *IDENTITY, "commit", "-q", "-m", message)


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


def test_a_new_service_is_up_to_date(service: Path) -> None:
    assert "up to date" in cruft(service, "check")
    assert cruft(service, "diff", "--exit-code") == ""


def test_an_update_takes_new_files_filters_and_version(repository: Path, service: Path) -> None:
    """Both versions are loaded in one process, which had the first version's filters only."""
    gate = repository / "cookiecutter_2_7_or_newer.py"
    text = gate.read_text(encoding="utf-8")
    gate.write_text(
        text.replace('    "checked_text":', '    "loud": str.upper,\n    "checked_text":')
    )
    settings = repository / "cookiecutter.json"
    text = settings.read_text(encoding="utf-8")
    text = text.replace('"_template_version": "', '"_template_version": "9.')
    text = text.replace(
        '  "__package":', '  "__loud": "{{ cookiecutter.project_slug | loud }}",\n  "__package":'
    )
    settings.write_text(text)
    (repository / "{{cookiecutter.project_slug}}" / "NEWS").write_text(
        "{{ cookiecutter.__loud }} {{ cookiecutter._template_version }}\n"
    )
    commit(repository, "Version two")
    own = service / "src" / "orders_api" / "features" / "invoices" / "router.py"
    own.parent.mkdir(parents=True)
    own.write_text("# mine\n")
    commit(service, "My feature")

    cruft(service, "update", "--skip-apply-ask", "--refresh-private-variables")

    assert own.read_text() == "# mine\n"
    assert (service / "NEWS").read_text().startswith("ORDERS-API 9.")
    assert not [path for path in contents(service) if path.endswith((".rej", ".orig"))]


def test_an_answer_can_be_changed_later(service: Path) -> None:
    wanted = json.dumps({"ci": "none", "license": "MIT"})
    cruft(
        service,
        "update",
        "--skip-apply-ask",
        "--refresh-private-variables",
        "--variables-to-update",
        wanted,
    )
    assert not (service / ".github").exists()
    assert "MIT" in (service / "LICENSE").read_text()


def test_the_readme_tells_these_commands() -> None:
    assert "cruft update --refresh-private-variables" in (ROOT / "README.md").read_text("utf-8")
