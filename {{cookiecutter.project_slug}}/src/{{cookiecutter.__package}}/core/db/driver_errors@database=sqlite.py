"""What errors of the driver mean."""

import sqlite3
from collections.abc import Collection, Iterator

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint

from .base import Base

PRIMARY_CODE = 0xFF  # The rest of an error code is detail.
TEMPORARY_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
}


def is_temporary(error: BaseException) -> bool:
    """Return whether an error says nothing about the statement: locked, full, gone."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & PRIMARY_CODE in TEMPORARY_CODES


def broken_constraint(error: BaseException | None, foreseen: Collection[str]) -> str:
    """Return the name of the constraint that a statement broke, "" if it has none.

    SQLite names the columns of a unique constraint, and nothing of a foreign key: that is taken for
    the one of `foreseen`, if there is only one.
    """
    kind, _, what = str(error).partition(" constraint failed")
    if kind == "FOREIGN KEY":
        keys = [name for name in foreseen if name.startswith("fk_")]
        return keys[0] if len(keys) == 1 else ""
    what = what.removeprefix(": ")
    return _unique_name(what) if kind == "UNIQUE" else what


def _unique_name(columns: str) -> str:
    for table in Base.metadata.sorted_tables:
        for unique in _uniques(table):
            if ", ".join(f"{table.name}.{column.name}" for column in unique.columns) == columns:
                return str(unique.name)
    return columns.removeprefix("index ").strip("'")  # One of expressions is called by its name.


def _uniques(table: Table) -> Iterator[UniqueConstraint | PrimaryKeyConstraint | Index]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield constraint
    yield from (index for index in table.indexes if index.unique)
