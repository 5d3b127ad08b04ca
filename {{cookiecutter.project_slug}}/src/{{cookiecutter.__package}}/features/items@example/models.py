"""The table of items."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.db.base import Base, IdMixin, TimesMixin


class Item(IdMixin, TimesMixin, Base):
    """Something that somebody owns."""

    __tablename__ = "items"
    __table_args__ = (Index(None, "owner_id", "created_at", "id"),)

    # The subject of a token and no foreign key: whoever issues the tokens knows its users.
    owner_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(String(2000))
    version: Mapped[int] = mapped_column()

    # Every UPDATE asks for the version that was read, so that no change is lost.
    __mapper_args__ = {"version_id_col": version}
