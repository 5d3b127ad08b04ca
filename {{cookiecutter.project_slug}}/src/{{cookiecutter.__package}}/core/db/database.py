"""The database as the rest of the service sees it: transactions and reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from ..events import EventDispatcher
from .engine import create_probe_engine, create_read_engine, create_write_engine
from .sessions import ReadSession, WriteSession
from .settings import DatabaseSettings


class Database:
    """Engines and session factories; building one opens no connection."""

    def __init__(self, settings: DatabaseSettings, events: EventDispatcher) -> None:
        self.write_engine = create_write_engine(settings)
        self.read_engine = create_read_engine(settings)
        self.probe_engine = create_probe_engine(settings)
        self.write_sessions = async_sessionmaker(
            self.write_engine, class_=WriteSession, expire_on_commit=False
        )
        self.read_sessions = async_sessionmaker(
            self.read_engine, class_=AsyncSession, expire_on_commit=False
        )
        self._events = events

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits when the block ends and rolls back when it raises.

        What it recorded is handled after the commit.
        """
        session = self.write_sessions()
        try:
            yield session
            await session.run_sync(_commit_and_close)
        except BaseException:
            await session.close()  # Rolls back.
            raise
        self._events.dispatch(session.events)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadSession]:
        """Open a session that cannot write; each SELECT sees what is committed at its time."""
        session = self.read_sessions()
        try:
            yield ReadSession(session)
        finally:
            # Nothing to undo and so nothing to wait for, which would cost a greenlet.
            session.sync_session.close()

    async def close(self) -> None:
        """Close every connection."""
        for engine in (self.write_engine, self.read_engine, self.probe_engine):
            await engine.dispose()


def _commit_and_close(session: Session) -> None:
    # In one go: each step of an AsyncSession is a greenlet of its own.
    session.commit()
    session.close()
