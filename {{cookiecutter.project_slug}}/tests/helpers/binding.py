"""Databases of tests, and where the application's sessions go meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.events import EventDispatcher


def open_database(settings: DatabaseSettings) -> Database:
    """Return a database whose events nobody handles."""
    return Database(settings, EventDispatcher())


@asynccontextmanager
async def bound_to_transaction(database: Database) -> AsyncIterator[None]:
    """Lead every session of `database` into one transaction, and roll that back."""
    async with database.write_engine.connect() as connection:
        transaction = await connection.begin()
        database.write_sessions.configure(bind=connection, join_transaction_mode="create_savepoint")
        database.read_sessions.configure(bind=connection, join_transaction_mode="rollback_only")
        yield
        await transaction.rollback()
    _reset(database, database)


@asynccontextmanager
async def bound_to_engines(database: Database, other: Database) -> AsyncIterator[None]:
    """Lead every session of `database` to the engines of another one."""
    _reset(database, other)
    yield
    _reset(database, database)


def _reset(database: Database, target: Database) -> None:
    mode = "conditional_savepoint"
    database.write_sessions.configure(bind=target.write_engine, join_transaction_mode=mode)
    database.read_sessions.configure(bind=target.read_engine, join_transaction_mode=mode)
