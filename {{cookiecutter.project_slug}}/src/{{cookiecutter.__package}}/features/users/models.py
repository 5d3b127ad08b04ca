"""The table of users."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.db.base import Base, IdMixin, TimesMixin


class User(IdMixin, TimesMixin, Base):
    """A person who can log in."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    # Rises with each change of the password: logins of an older version have ended.
    credentials_version: Mapped[int] = mapped_column(default=1)
