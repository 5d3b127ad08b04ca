"""Users as rows, where any row will do."""

from typing import Any

from sqlalchemy import func, select

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.features.users.models import User

COUNT_USERS = select(func.count(User.id))


def a_user(email: str = "ann@example.com", **columns: Any) -> User:
    """Return a user that nobody can log in as."""
    return User(email=email, password_hash="none", **columns)


async def count_users(database: Database) -> int:
    """Return how many are committed."""
    async with database.reading() as session:
        return await session.scalar(COUNT_USERS) or 0
