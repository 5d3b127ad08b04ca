"""How a broken constraint is called, where SQLite does not say."""

from types import SimpleNamespace

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    func,
)
from sqlalchemy.exc import IntegrityError

from {{ cookiecutter.__package }}.core.db import driver_errors
from {{ cookiecutter.__package }}.core.db.base import NAMING_CONVENTION
from {{ cookiecutter.__package }}.core.db.driver_errors import broken_constraint

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
BOOKS = Table(
    "books",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shelf", Integer),
    Column("place", Integer),
    Column("title", Integer, index=True, unique=True),
    Column("shop", ForeignKey("books.id")),
    UniqueConstraint("shelf", "place"),
)
Index("uq_books_isbn", func.abs(BOOKS.c.id), unique=True)


@pytest.mark.parametrize(
    ("second", "name"),
    [
        ((1, 2, 2, 2, None), "pk_books"),
        ((-1, 2, 2, 2, None), "uq_books_isbn"),
        ((2, 1, 1, 2, None), "uq_books_shelf_place"),
        ((2, 2, 2, 1, None), "ix_books_title"),
        ((2, 2, 2, 2, 7), "fk_books_shop_books"),
    ],
)
def test_every_kind_has_its_name(
    second: tuple[int | None, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_errors, "Base", SimpleNamespace(metadata=METADATA))
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys=ON"))
    with engine.connect() as connection:
        METADATA.create_all(connection)
        connection.execute(BOOKS.insert().values((1, 1, 1, 1, None)))
        with pytest.raises(IntegrityError) as broken:
            connection.execute(BOOKS.insert().values(second))
    assert broken_constraint(broken.value.orig, ["fk_books_shop_books", "uq_books_isbn"]) == name
    engine.dispose()


def test_of_two_foreign_keys_neither_is_guessed() -> None:
    error = Exception("FOREIGN KEY constraint failed")
    assert broken_constraint(error, ["fk_a_b", "fk_a_c"]) == ""
