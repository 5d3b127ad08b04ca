"""Settings of the database and the limits of its connections. Times are in seconds."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from ..setting_types import Group, Seconds
from .url import parse_url

DRIVER = "sqlite+aiosqlite"
URL_FORM = f"{DRIVER}:///PATH"


def _check_url(value: SecretStr) -> SecretStr:
    url = parse_url(value, DRIVER, URL_FORM)
    if url.host or url.username or url.query:
        raise ValueError(f"the address of a database is {URL_FORM}, with / before an absolute PATH")
    if url.database in {None, "", ":memory:"} or str(url.database).startswith("file:"):
        raise ValueError("the database has to be a file: in memory, each connection has its own")
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]


class DatabaseSettings(Group):
    """The database and the limits of its connections."""

    url: DatabaseUrl = SecretStr("sqlite+aiosqlite:///var/app.db")
    """SQLAlchemy URL, `sqlite+aiosqlite:///PATH`."""
    allow_in_production: bool = False
    """Production refuses SQLite, which serves one process on one disk, unless this is true."""
    busy_timeout: Seconds = 5
    """A writer waits this long for another process's write before the answer is 503."""
    read_pool_size: Annotated[int, Field(gt=0)] = 10
    """Connections of one process for reading."""
    pool_timeout: Seconds = 2
    """A request that gets no connection within this time is answered 503."""

    def production_problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is no database for production."""
        if self.url == DatabaseSettings().url:
            yield "url", "production needs the address of its database."
        if not self.allow_in_production:
            yield "allow_in_production", "SQLite serves one process; set true to accept."
