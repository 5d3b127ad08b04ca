"""Migrations, by Alembic: bringing the database to the code's revision."""

import asyncio

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from ..errors import MigrationError
from .engine import create_probe_engine
from .revisions import FOLDER, HEAD, Revisions, read_revision
from .settings import DatabaseSettings


async def migrate(settings: DatabaseSettings, revision: str = HEAD) -> str:
    """Upgrade the database to `revision`, and return the one that it is at afterwards.

    Processes that do this at once wait for each other. A database that is ahead of this code stays
    so: while a newer release rolls out, and after it was rolled back, the older one starts too. A
    process that waits while a newer release migrates may fail, and succeeds when it is run again.

    Raises:
        MigrationError: this code does not know `revision` or, after such a wait, the database's
            own.
        UnavailableError: the database is away.
    """
    if revision == HEAD:
        current = await _revision_of(settings)
        if current and Revisions().include(current):
            return current
    try:
        # Alembic's env.py runs an event loop of its own, which needs a thread of its own.
        await asyncio.to_thread(command.upgrade, alembic_config(settings), revision)
    except CommandError as error:
        raise MigrationError(f"{error}.") from None
    return str(await _revision_of(settings))


def alembic_config(settings: DatabaseSettings) -> Config:
    """Return what Alembic's own commands need for a database."""
    config = Config(attributes={"database": settings})
    config.set_main_option("script_location", str(FOLDER))
    return config


async def _revision_of(settings: DatabaseSettings) -> str | None:
    engine = create_probe_engine(settings)
    try:
        return await read_revision(engine)
    finally:
        await engine.dispose()
