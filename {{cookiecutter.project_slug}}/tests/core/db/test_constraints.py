"""Constraints that clients break, each with its own sentence."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from {{ cookiecutter.__package }}.core.db.base import Base, utc_now
from {{ cookiecutter.__package }}.core.db.constraints import conflicts
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.errors import ConflictError
from {{ cookiecutter.__package }}.features.auth.models import RefreshToken

from tests.helpers.users import a_user

SENTENCES = {
    "uq_users_email": "The address is taken.",
    "fk_refresh_tokens_user_id_users": "There is no such user.",
    "ck_small_number": "The number is too large.",
}
TABLE = text("CREATE TABLE small (number INTEGER CONSTRAINT ck_small_number CHECK (number < 10))")


async def write(database: Database, *rows: Base) -> None:
    async with database.transaction() as session:
        session.add_all(rows)
        with conflicts(SENTENCES):
            await session.flush()


async def test_a_unique_one(database: Database) -> None:
    with pytest.raises(ConflictError, match=r"^The address is taken\.$"):
        await write(database, a_user(), a_user())


async def test_a_foreign_key(database: Database) -> None:
    columns = {"scope": "", "credentials_version": 1, "expires_at": utc_now()}
    token = RefreshToken(token_hash="", family_id=uuid4(), user_id=uuid4(), **columns)
    with pytest.raises(ConflictError, match=r"^There is no such user\.$"):
        await write(database, token)


async def test_a_check(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(TABLE)
        with pytest.raises(ConflictError, match="too large"), conflicts(SENTENCES):
            await session.execute(text("INSERT INTO small VALUES (10)"))
        await session.rollback()


async def test_one_that_nobody_has_foreseen_stays_an_error(database: Database) -> None:
    (user := a_user()).password_hash = None  # type: ignore[assignment]
    with pytest.raises(IntegrityError):
        await write(database, user)
    same = uuid4()
    with pytest.raises(IntegrityError):
        await write(database, a_user(id=same), a_user("bob@example.com", id=same))
