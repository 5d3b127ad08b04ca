"""The database as the rest of the service sees it: transactions, reads, and whether it is there."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from ..settings import DatabaseSettings
from .engine import create_probe_engine, create_read_engine, create_write_engine
from .unavailable import report_unavailable


class Database:
    """Engines and session factories; building one opens no connection."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.write_engine = create_write_engine(settings)
        self.read_engine = create_read_engine(settings)
        self.probe_engine = create_probe_engine(settings)
        for engine in (self.write_engine, self.read_engine, self.probe_engine):
            report_unavailable(engine)
        self.write_sessions = async_sessionmaker(self.write_engine, expire_on_commit=False)
        self.read_sessions = async_sessionmaker(self.read_engine, expire_on_commit=False)

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that commits when the block ends and rolls back when it raises."""
        return self.write_sessions.begin()

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that cannot write; each SELECT sees what is committed at its time."""
        return self.read_sessions()

    async def close(self) -> None:
        """Close every connection."""
        for engine in (self.write_engine, self.read_engine, self.probe_engine):
            await engine.dispose()
