"""Events: recorded in a transaction, handled after its commit."""

import asyncio

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from {{ cookiecutter.__package }}.core import events
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.events import Event, EventDispatcher
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.logs import collected_logs


class Happened(Event):
    name = "test.happened"

    what: str


class Ignored(Event):
    name = "test.ignored"


class Handlers:
    """Two handlers of an event; what they were called with."""

    def __init__(self, dispatcher: EventDispatcher) -> None:
        self.handled: list[str] = []
        self.running = 0
        self.go_on = asyncio.Event()
        dispatcher.subscribe(Happened, self.handle)
        dispatcher.subscribe(Happened, self.handle)

    async def handle(self, event: Happened) -> None:
        self.running += 1
        await self.go_on.wait()
        if event.what == "broken":
            raise ValueError
        self.handled.append(event.what)


@pytest.fixture
def dispatcher() -> EventDispatcher:
    return EventDispatcher()


@pytest.fixture
def handlers(dispatcher: EventDispatcher) -> Handlers:
    return Handlers(dispatcher)


@pytest.fixture
def database(database_settings: DatabaseSettings, dispatcher: EventDispatcher) -> Database:
    """Give a database that connects to nothing here, as nothing is written."""
    return Database(database_settings, dispatcher)


async def test_are_handled_by_everyone_who_asked_for_them_after_the_commit(
    database: Database, dispatcher: EventDispatcher, handlers: Handlers
) -> None:
    handlers.go_on.set()
    async with database.transaction() as session:
        for happened in (Ignored(), Happened(what="a"), Happened(what="b")):
            session.record(happened)
        await asyncio.sleep(0.01)
        assert not handlers.handled
    await dispatcher.join()
    assert sorted(handlers.handled) == ["a", "a", "b", "b"]


async def test_are_forgotten_by_a_rollback(
    database: Database, dispatcher: EventDispatcher, handlers: Handlers
) -> None:
    handlers.go_on.set()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction.
        async with database.transaction() as session:
            session.record(Happened(what="a"))
            raise ZeroDivisionError
    await dispatcher.join()
    assert not handlers.handled


async def test_are_handled_by_nobody_if_the_commit_fails(
    database: Database, dispatcher: EventDispatcher, handlers: Handlers
) -> None:
    def fail(_session: Session) -> None:
        raise ConnectionError

    async def record() -> None:
        async with database.transaction() as session:
            session.record(Happened(what="a"))
            event.listen(session.sync_session, "before_commit", fail)

    handlers.go_on.set()
    with pytest.raises(ConnectionError):
        await record()
    await dispatcher.join()
    assert not handlers.handled


async def test_a_handler_that_fails_is_logged_and_disturbs_nobody(
    dispatcher: EventDispatcher, handlers: Handlers, settings: Settings
) -> None:
    handlers.go_on.set()
    with collected_logs(settings) as records:
        dispatcher.dispatch([Happened(what="broken"), Happened(what="a")])
        await dispatcher.join()
    assert handlers.handled == ["a", "a"]
    failures = [record for record in records if record["event"] == "event_failed"]
    assert [record["event_name"] for record in failures] == ["test.happened"] * 2


async def test_one_runs_and_only_so_many_wait(
    dispatcher: EventDispatcher,
    handlers: Handlers,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "MOST_UNDER_WAY", 10)
    with collected_logs(settings) as records:
        dispatcher.dispatch([Happened(what="a")] * 6)
        await asyncio.sleep(0.01)
    assert handlers.running == 1
    assert [record["event"] for record in records] == ["event_lost"] * 2
    handlers.go_on.set()
    await dispatcher.join()
    assert len(handlers.handled) == 10


def test_each_has_a_name_of_its_own() -> None:
    with pytest.raises(TypeError, match="The event Nameless needs a name of its own"):
        type("Nameless", (Happened,), {})


class TestClose:
    async def test_waits_for_what_is_under_way(
        self, dispatcher: EventDispatcher, handlers: Handlers
    ) -> None:
        dispatcher.dispatch([Happened(what="a")])
        closing = asyncio.create_task(dispatcher.close())
        await asyncio.sleep(0.01)
        handlers.go_on.set()
        await closing
        assert handlers.handled == ["a", "a"]

    async def test_waits_for_what_follows_from_it(self, dispatcher: EventDispatcher) -> None:
        handled = []

        async def follow(event: Happened) -> None:
            handled.append(event.what)
            if len(handled) < 3:
                dispatcher.dispatch([event])

        dispatcher.subscribe(Happened, follow)
        dispatcher.dispatch([Happened(what="a")])
        await dispatcher.close()
        assert handled == ["a"] * 3

    async def test_does_not_wait_for_ever(
        self,
        dispatcher: EventDispatcher,
        handlers: Handlers,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(events, "CLOSE_SECONDS", 0.02)
        with collected_logs(settings) as records:
            dispatcher.dispatch([Happened(what="a")])
            async with asyncio.timeout(1):
                await dispatcher.close()
        assert [record["event_name"] for record in records] == ["test.happened"] * 2
        handlers.go_on.set()
        await dispatcher.join()
        assert not handlers.handled
