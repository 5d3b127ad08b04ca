"""Whether the database is there, asked once for all."""

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from {{ cookiecutter.__package }}.core.db import readiness
from {{ cookiecutter.__package }}.core.db.engine import create_probe_engine
from {{ cookiecutter.__package }}.core.db.readiness import Readiness
from {{ cookiecutter.__package }}.core.db.revisions import Revisions
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.errors import UnavailableError

from tests.helpers.binding import open_database

PROBE_SECONDS = readiness.PROBE_SECONDS
SHARED_SECONDS = readiness.SHARED_SECONDS


class Silent(Revisions):
    """As if the database did not answer."""

    async def is_current(self, engine: AsyncEngine) -> bool:
        await anyio.sleep_forever()
        return True


class Counted(Revisions):
    """Counts how often, and how many at a time, the database is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times = self.asking = self.most_asking = 0

    async def is_current(self, engine: AsyncEngine) -> bool:
        self.times += 1
        self.asking += 1
        self.most_asking = max(self.asking, self.most_asking)
        try:
            return await super().is_current(engine)
        finally:
            self.asking -= 1


@pytest.fixture
async def engine(database_settings: DatabaseSettings) -> AsyncIterator[AsyncEngine]:
    engine = create_probe_engine(database_settings)
    yield engine
    await engine.dispose()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer: a busy machine may need a second to connect."""
    monkeypatch.setattr(readiness, "PROBE_SECONDS", 10)


async def test_a_database_at_the_newest_revision_is_ready(engine: AsyncEngine) -> None:
    await Readiness(engine, Revisions()).check()


async def test_one_that_is_behind_is_not(engine: AsyncEngine) -> None:
    revisions = Revisions()
    revisions.known.add("newer")
    revisions.head = "newer"
    with pytest.raises(UnavailableError, match="waits for its migrations"):
        await Readiness(engine, revisions).check()


async def test_one_that_is_ahead_is(engine: AsyncEngine) -> None:
    revisions = Revisions()
    revisions.known = {"older"}
    revisions.head = "older"
    await Readiness(engine, revisions).check()


async def test_one_that_is_away_is_not(database_settings: DatabaseSettings) -> None:
    url = make_url(database_settings.url.get_secret_value()).set(database="/")
    nowhere = SecretStr(url.render_as_string(hide_password=False))
    away = create_probe_engine(database_settings.model_copy(update={"url": nowhere}))
    for _ in range(2):
        with pytest.raises(UnavailableError, match="database is not available"):
            await Readiness(away, Revisions()).check()
    await anyio.sleep(0.05)  # A driver with a thread takes leave of this loop.


async def test_one_that_is_silent_is_not_waited_for(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PROBE_SECONDS <= 1
    monkeypatch.setattr(readiness, "PROBE_SECONDS", 0.05)
    with anyio.fail_after(1), pytest.raises(UnavailableError, match="does not answer"):
        await Readiness(engine, Silent()).check()


async def test_a_full_pool_is_not_in_the_way(database_settings: DatabaseSettings) -> None:
    small = {"read_pool_size": 1, "pool_timeout": 0.05}
    database = open_database(database_settings.model_copy(update=small))
    async with database.read_engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await Readiness(database.probe_engine, Revisions()).check()
    await database.close()


async def test_it_is_asked_once_for_all(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    revisions = Counted()
    monkeypatch.setattr(readiness, "SHARED_SECONDS", 60)
    shared = Readiness(engine, revisions)
    await asyncio.gather(*(shared.check() for _ in range(50)))
    assert revisions.times == 1
    monkeypatch.setattr(readiness, "SHARED_SECONDS", 0)
    fresh = Readiness(engine, revisions)
    await asyncio.gather(*(fresh.check() for _ in range(5)))
    assert (revisions.times, revisions.most_asking) == (6, 1)
    assert 0 < SHARED_SECONDS <= 1


async def test_a_refusal_is_shared_too(engine: AsyncEngine) -> None:
    revisions = Counted()
    revisions.known.add("newer")
    revisions.head = "newer"
    shared = Readiness(engine, revisions)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await shared.check()
    assert revisions.times == 1
