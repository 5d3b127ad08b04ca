"""Databases that migrations fill and empty."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config

from {{ cookiecutter.__package }}.core.db.migrations import alembic_config, migrate
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings

from tests.helpers.database import empty_database


@contextmanager
def migrated_database(folder: Path) -> Iterator[DatabaseSettings]:
    """Give the settings of a database at the newest revision."""
    with empty_database(folder) as settings:
        asyncio.run(migrate(settings))
        yield settings


def emptied(settings: DatabaseSettings) -> Config:
    """Undo every migration, and return what Alembic needs for others."""
    config = alembic_config(settings)
    command.downgrade(config, "base")
    return config
