"""Databases for tests: SQLite files, made by the real migrations."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import make_url

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings

from tests.helpers.binding import open_database


@contextmanager
def empty_database(folder: Path) -> Iterator[DatabaseSettings]:
    """Give the settings of a database without tables."""
    yield DatabaseSettings(url=SecretStr(f"sqlite+aiosqlite:///{folder}/test.db"))


@asynccontextmanager
async def committed_database(settings: DatabaseSettings, folder: Path) -> AsyncIterator[Database]:
    """Give a database of the test's own: a copy of the migrated file."""
    url = make_url(settings.url.get_secret_value())
    copy = folder / "copy.db"
    shutil.copy(str(url.database), copy)
    database = open_database(DatabaseSettings(url=SecretStr(f"sqlite+aiosqlite:///{copy}")))
    yield database
    await database.close()
