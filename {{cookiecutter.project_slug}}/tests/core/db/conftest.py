"""What tests of the database share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings

from tests.helpers.database import committed_database


@pytest.fixture
async def committed(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Database]:
    """Give a database of the test's own, with real commits."""
    async with committed_database(database_settings, tmp_path) as database:
        yield database
