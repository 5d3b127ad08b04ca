"""What somebody does to a new service on the first day, in the steps that its README gives."""

import shutil
from pathlib import Path

from project import BakedProject

NEW_TEST = """

async def test_an_invoice_says_how_old_it_is(
    client: httpx.AsyncClient, ann: dict[str, str]
) -> None:
    url = f"{INVOICES}/{(await create(client, ann))['id']}"
    assert (await client.get(f"{url}/age", headers=ann)).json() == "now"
"""
NEW_ROUTE = '''

@router.get("/{invoice_id}/age", responses=problem_responses(404))
async def read_invoice_age(
    invoice_id: UUID, invoices: InvoiceReadServiceDep, user: ReadingUser
) -> str:
    """Say how old one of your invoices is."""
    invoice = await invoices.get(user.subject, invoice_id)
    return naturaltime(utc_now() - invoice.created_at)
'''


def rename_items(project: BakedProject, **database: str) -> None:
    """Make invoices of the sample feature's items."""
    project.must_run("make", "feature", "one=invoice", "many=invoices")
    project.must_run("make", "migration", "m=add invoices", **database)
    project.must_run("make", "remove-example", **database)
    project.must_run("make", "migrate", **database)


def delete_docs(project: BakedProject) -> None:
    """Delete the documentation, as somebody who has another place for it."""
    shutil.rmtree(project.path / "docs")


def add_field(project: BakedProject, **database: str) -> None:
    """Give invoices a field that may be left out."""
    feature = _feature(project)
    insert(feature / "models.py", "    version: Mapped", "    note: Mapped[str | None]\n")
    insert(feature / "schemas.py", "\n\nclass InvoiceUpdate", "    note: Text | None = None\n")
    insert(feature / "schemas.py", "    created_at:", "    note: str | None\n")
    # Types are checked because each field is handed over by its name.
    _append(feature / "router.py", "description=data.description", ", note=data.note")
    _append(feature / "service.py", "description: str | None", ", note: str | None")
    _append(feature / "service.py", "description=description", ", note=note")
    project.must_run("make", "migration", "m=add notes", **database)
    project.must_run("make", "migrate", **database)
    project.must_run("make", "fix")


def walk_through_migrations(project: BakedProject, **database: str) -> None:
    """Undo and repeat all migrations; fail if they make anything else than the models say."""
    for command in (["downgrade", "base"], ["upgrade", "head"], ["check"]):
        project.must_run("uv", "run", "alembic", *command, **database)


def add_route_and_dependencies(project: BakedProject) -> None:
    """Add a route that needs a package which the service does not have, and one for tests."""
    project.must_run("uv", "add", "humanize")
    project.must_run("uv", "add", "--dev", "freezegun")
    router = _feature(project) / "router.py"
    insert(router, "from fastapi", "from humanize import naturaltime\n")
    insert(router, "from ...core.http.etag", "from ...core.db.base import utc_now\n")
    tests = project.path / "tests" / "features" / "invoices" / "test_invoices.py"
    for path, text in ((router, NEW_ROUTE), (tests, NEW_TEST)):
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    project.must_run("make", "fix")


def _feature(project: BakedProject) -> Path:
    package = str(project.context["__package"])
    return project.path / "src" / package / "features" / "invoices"


def insert(path: Path, before: str, text: str) -> None:
    """Insert a text into a file, before one that stands there once."""
    _replace(path, before, text + before)


def _append(path: Path, after: str, text: str) -> None:
    _replace(path, after, after + text)


def _replace(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(old) == 1, (path, old)
    path.write_text(content.replace(old, new), encoding="utf-8")
