"""Settings of the database and the limits of its connections. Times are in seconds."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import make_url

from ..setting_types import Group, Seconds
from .url import parse_url

DRIVER = "postgresql+asyncpg"
URL_FORM = f"{DRIVER}://USER:PASSWORD@HOST:PORT/NAME"


def _check_url(value: SecretStr) -> SecretStr:
    url = parse_url(value, DRIVER, URL_FORM)
    if {"user", "password"} & set(url.query):
        raise ValueError(f"the address of a database is {URL_FORM}, with the user before the host")
    if "@" in f"{url.host}{url.database}":
        raise ValueError("in a password, @ is written as %40, and % as %25")
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]


class DatabaseSettings(Group):
    """The database and the limits of its connections."""

    url: DatabaseUrl = SecretStr("postgresql+asyncpg://app:app@localhost:5432/app")
    """SQLAlchemy URL, `postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME`."""
    connect_timeout: Seconds = 2
    """A connection that takes longer to open counts as a database that is away."""
    statement_timeout: Seconds = 10
    """The database cancels a statement that takes longer."""
    write_pool_size: Annotated[int, Field(gt=0)] = 10
    """Connections of one process for transactions."""
    read_pool_size: Annotated[int, Field(gt=0)] = 10
    """Connections of one process for reading."""
    pool_timeout: Seconds = 2
    """A request that gets no connection within this time is answered 503."""

    def production_problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is no database for production."""
        if self.url == DatabaseSettings().url:
            yield "url", "production needs the address of its database."
        url = make_url(self.url.get_secret_value())
        guessed_first = {url.username, "postgres", "password", "secret", "changeme"}
        if url.password and url.password in guessed_first:
            yield "url", "production needs a password that nobody guesses."
