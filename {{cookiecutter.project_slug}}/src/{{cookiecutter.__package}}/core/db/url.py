"""The address of the database, as far as it is the same for every kind."""

from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


def parse_url(value: SecretStr, driver: str, form: str) -> URL:
    """Return the parts of an address that is written like `form`, for `driver`.

    Raises:
        ValueError: it is none. The message does not repeat it, as it may hold a password.
    """
    try:
        url = make_url(value.get_secret_value())
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, TypeError, ValueError):  # Their messages hold parts of the password.
        url = None
    if url is None or url.drivername != driver:
        raise ValueError(f"the address of a database is {form}")
    return url
