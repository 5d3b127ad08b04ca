"""How Alembic runs the migrations: with the service's own engine, in one transaction."""

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from {{ cookiecutter.__package }} import routes  # noqa: F401 - the routers import every model.
from {{ cookiecutter.__package }}.core.db.base import Base, UtcDateTime
from {{ cookiecutter.__package }}.core.db.engine import (
    RENDER_AS_BATCH,
    create_migration_engine,
    lock_migrations,
)
from {{ cookiecutter.__package }}.settings import load_settings


def render_item(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write our own column type with its import, which Alembic would leave out."""
    if kind != "type" or not isinstance(item, UtcDateTime):
        return False
    autogenerate.imports.add(f"from {UtcDateTime.__module__} import UtcDateTime")
    return "UtcDateTime()"


def run_migrations(connection: Connection) -> None:
    """Run what the command asked for, one process at a time."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        render_item=render_item,
        render_as_batch=RENDER_AS_BATCH,
        transactional_ddl=True,  # All or nothing, whatever Alembic thinks of the database.
    )
    with context.begin_transaction():
        lock_migrations(connection)
        context.run_migrations()


async def connect_and_run() -> None:
    """Open the database that the settings name, or the one that the caller hands over."""
    settings = context.config.attributes.get("database") or load_settings().database
    engine = create_migration_engine(settings)
    async with engine.connect() as connection:
        await connection.run_sync(run_migrations)
    await engine.dispose()


asyncio.run(connect_and_run())
