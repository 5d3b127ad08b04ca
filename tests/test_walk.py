"""The proof of a service fails, in the right stage and with one sentence, where it should."""

import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from postgresql import folder_for_all
from proof.covering import Python, pythons
from proof.model import Stage
from proof.services import job
from proof.variants import Variants, all_variants
from proof.walk import Walk, serve, until_one_fails

Plant = Callable[[str, str, str], None]
STAND_IN = Path(__file__).with_name("stand_in.py")
FAILING_TEST = """

def test_that_fails() -> None:
    assert len("") == 1
"""


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    """Return a walk that has come as far as an installed service, on the oldest Python here."""
    variants = all_variants()
    python = pythons()[-1]
    with folder_for_all() as folder:
        walk = Walk(variants.answers[0], variants.files[0], python, folder)
        assert not walk.make().error
        assert not walk.install().error
        yield walk


@pytest.fixture
def plant(walk: Walk) -> Iterator[Plant]:
    """Return `plant(name, old, new)`, which changes a file of the service until the test ends.

    What production left behind is removed, too.
    """
    before: dict[Path, str] = {}

    def plant(name: str, old: str, new: str) -> None:
        path = walk.service / name
        text = before.setdefault(path, path.read_text(encoding="utf-8"))
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield plant
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
    shutil.rmtree(walk.folder / "image", ignore_errors=True)


def failed(stages: list[Stage]) -> tuple[str, str]:
    """Return the name and the error of the only stage that failed, which is the last."""
    *passed, last = stages
    assert [stage.error for stage in passed] == [""] * len(passed)
    return last.name, last.error


def version_in(environment: Path) -> str:
    """Return the version of the Python in an environment."""
    text = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    return text.split("version_info = ")[1].splitlines()[0]


def test_a_service_that_is_made_otherwise_than_rendered_ends_its_job(tmp_path: Path) -> None:
    variants = all_variants()
    tmp_path.chmod(0o700)
    files = {**variants.files[0], "README.md": b"", "more.txt": b""}
    doctored = Variants(variants.answers, [files, *variants.files[1:]])
    stages = job(doctored, 0, Python("3.13.0", Path("python")), "").run(tmp_path)
    assert failed(list(stages)) == (
        "cookiecutter",
        "Rendered in memory, these differ: README.md, more.txt.",
    )
    assert tmp_path.stat().st_mode & 0o777 == 0o755  # PostgreSQL is run by somebody else.


def test_the_stages_end_with_the_first_that_fails_and_let_go_of_what_they_hold() -> None:
    held = ["database"]

    def stages() -> Generator[Stage]:
        try:
            yield Stage("migrate", 0, 0)
            yield Stage("serve", 0, 0, "It failed.")
            yield Stage("never", 0, 0)
        finally:
            held.clear()

    all_of_them = stages()
    assert failed(until_one_fails(all_of_them)) == ("serve", "It failed.")
    assert not held


def test_a_service_whose_suite_fails_fails_in_its_check(walk: Walk, plant: Plant) -> None:
    plant("tests/test_main.py", "\n\n\n", f"\n{FAILING_TEST}\n\n")
    plant("pyproject.toml", 'testpaths = ["tests"]', 'testpaths = ["tests/test_main.py"]')
    stage = walk.check()
    assert "test_that_fails" in stage.error
    assert stage.error.startswith("make check ended with 2.")


def test_a_table_of_settings_that_is_behind_is_noticed(walk: Walk, plant: Plant) -> None:
    assert not walk.list_settings().error
    plant("docs/settings.md", "`APP_LOG__LEVEL`", "`APP_LOG__LEVELS`")
    assert walk.list_settings().error == "docs/settings.md does not hold what `settings` prints."


def test_an_import_that_only_development_installs_fails_in_production(
    walk: Walk, plant: Plant
) -> None:
    plant("src/orders_api/routes.py", "from ", "import httpx\nfrom ")
    name, error = failed(until_one_fails(walk.run_in_production()))
    assert name == "migrate"
    assert "No module named 'httpx'" in error


def test_a_service_that_ends_badly_after_sigterm_fails_when_it_served(
    walk: Walk, plant: Plant
) -> None:
    serves = "serve_app(app, settings.server, app.state.resources.stopping)"
    plant("src/orders_api/cli.py", serves, f"{serves}\n    sys.exit(1)")
    name, error = failed(until_one_fails(walk.run_in_production()))
    assert name == "serve"
    assert error.startswith("The service ended with 1 after SIGTERM, not with 0.\n{")
    python = walk.python.version
    assert version_in(walk.service / ".venv") == python
    assert version_in(walk.folder / "image" / ".venv") == python


def test_a_service_that_gets_no_database_is_told_so(walk: Walk, plant: Plant) -> None:
    plant("tests/helpers/database.py", "import shutil", "raise SystemExit")
    name, error = failed(until_one_fails(walk.run_in_production()))
    assert (name, error) == ("database", "The service's tests gave no database.")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("", ""),
        ("never ready", "The service ended with 1 before it was ready.\nThere is no signing key."),
        ("not ready", "The service was not ready within 1 s.\n"),
        ("not production", "GET /openapi.json answered 200 instead of 404: {}"),
        ("no registration", "POST /api/v1/users answered 500 instead of 201: {}"),
        ("no JSON", "GET /openapi.json answered with no JSON object: hello"),
        ("no answer", "POST /api/v1/auth/token was not answered: RemoteDisconnected("),
        ("no token", "GET /api/v1/users/me answered 401 instead of 200: "),
        ("open", "GET /api/v1/users/me answered 200 instead of 401: "),
        ("somebody else", "GET /api/v1/users/me answered with {'email': 'eve@example.com'}, not"),
        ("ends badly", "The service ended with 1 after SIGTERM, not with 0.\n"),
        ("deaf", "The service did not end within 1 s of SIGTERM.\n"),
    ],
)
def test_each_fault_of_a_server_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, sentence: str
) -> None:
    monkeypatch.setattr("proof.walk.STOP_SECONDS", 1)
    if fault == "not ready":
        monkeypatch.setattr("serving.START_SECONDS", 1)
    stage = serve([sys.executable, STAND_IN, fault], tmp_path, {})
    assert stage.error.startswith(sentence)
    assert bool(stage.error) == bool(fault)
    assert stage.cpu_seconds > 0 or fault == "never ready"
