"""The revisions of the database's schema that this code knows, read without Alembic.

Only the command `migrate` needs Alembic: importing it takes longer than opening a database.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import SettingsError

FOLDER = Path(__file__).parents[2] / "migrations"
HEAD = "head"  # What Alembic calls the newest one.


class Revisions:
    """The revisions in a folder of migrations, read once.

    Raises:
        SettingsError: several follow no other one, as after a merge of two branches.
    """

    def __init__(self, folder: Path = FOLDER / "versions") -> None:
        before = dict(map(read_migration, folder.glob("[!_.]*.py")))
        self.known = set(before)
        heads = self.known.difference(*before.values())
        if len(heads) != 1:
            names = ", ".join(sorted(heads))
            raise SettingsError(f"There are several last migrations: {names}. Merge them first.")
        self.head = heads.pop()

    async def is_current(self, engine: AsyncEngine) -> bool:
        """Return whether the database is at the code's revision or ahead of it.

        A database is ahead while a newer release rolls out: changes are made so that this code
        still works with it.

        Raises:
            UnavailableError: the database is away.
        """
        revision = await read_revision(engine)
        return revision is not None and self.include(revision)

    def include(self, revision: str) -> bool:
        """Return whether a database at `revision` has all of these: it is the last, or unknown."""
        return revision == self.head or revision not in self.known


async def read_revision(engine: AsyncEngine) -> str | None:
    """Return the revision that the database is at, None before its first migration.

    Raises:
        UnavailableError: the database is away.
    """
    async with engine.connect() as connection:
        return await connection.run_sync(_version_number)


def _version_number(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def read_migration(path: Path) -> tuple[str, set[str]]:
    """Return the revision that a migration makes, and those that it follows: two after a merge."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    values = {name: ast.literal_eval(value) for name, value in _named(module)}
    before = values["down_revision"] or ()
    return values["revision"], {before} if isinstance(before, str) else set(before)


def _named(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        match node:
            case ast.Assign(
                [ast.Name("revision" | "down_revision" as name)], value
            ) | ast.AnnAssign(
                ast.Name("revision" | "down_revision" as name), _, ast.expr() as value
            ):
                yield name, value
