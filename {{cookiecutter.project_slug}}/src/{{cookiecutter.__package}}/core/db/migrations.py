"""Migrations: bringing the database to the code's revision, and asking whether it is there."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..errors import SettingsError
from ..settings import DatabaseSettings
from .database import Database

FOLDER = Path("migrations")
HEAD = "head"


async def migrate(settings: DatabaseSettings, revision: str = HEAD) -> str:
    """Upgrade the database to `revision`, and return the one that it is at afterwards.

    Processes that do this at once wait for each other. A database that is ahead of this code stays
    so: while a newer release rolls out, and after it was rolled back, the older one starts too. A
    process that waits while a newer release migrates may fail, and succeeds when it is run again.

    Raises:
        CommandError: of Alembic, if this code does not know `revision` or, after such a wait, the
            database's own.
        SettingsError: the current folder has no migrations.
        UnavailableError: the database is away.
    """
    revisions = Revisions()
    if revision == HEAD:
        current = await _read_revision(settings)
        if current and revisions.include(current):
            return current
    # Alembic's env.py runs an event loop of its own, which needs a thread of its own.
    await asyncio.to_thread(command.upgrade, _config(settings), revision)
    return str(await _read_revision(settings))


class Revisions:
    """The revisions that this code knows, read once from `migrations/`."""

    def __init__(self) -> None:
        script = ScriptDirectory.from_config(_config())
        self.head = str(script.get_current_head())
        self.known = {revision.revision for revision in script.walk_revisions()}

    async def is_current(self, database: Database) -> bool:
        """Return whether the database is at the code's revision or ahead of it.

        A database is ahead while a newer release rolls out: changes are made so that this code
        still works with it.

        Raises:
            UnavailableError: the database is away.
        """
        async with database.probe_engine.connect() as connection:
            revision = await connection.run_sync(_revision)
        return revision is not None and self.include(revision)

    def include(self, revision: str) -> bool:
        """Return whether a database at `revision` has all of these: it is the last, or unknown."""
        return revision == self.head or revision not in self.known


async def _read_revision(settings: DatabaseSettings) -> str | None:
    database = Database(settings)
    try:
        async with database.probe_engine.connect() as connection:
            return await connection.run_sync(_revision)
    finally:
        await database.close()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(settings: DatabaseSettings | None = None) -> Config:
    if not FOLDER.is_dir():
        raise SettingsError(f"There is no folder {FOLDER}/ here; run this where the service lies.")
    config = Config(attributes={"database": settings})
    config.set_main_option("script_location", str(FOLDER))
    return config
