"""What every table shares: names of constraints, ids, times in UTC."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Dialect, MetaData, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

# Without names a migration cannot drop a constraint.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC on every database; a naive one is a mistake and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time zone back to what a database without them stored."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the current time, aware."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of all models."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: UtcDateTime}


class IdMixin:
    """A random id, made by the service, that tells nothing about how many there are."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


class TimesMixin:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


# The defaults of columns come with the row. An object has its own from the start, which also costs
# less: one clock for both times, and no search for defaults.
@event.listens_for(IdMixin, "init", propagate=True)
def _give_id(_target: object, _args: object, values: dict[str, Any]) -> None:
    values.setdefault("id", uuid4())


@event.listens_for(TimesMixin, "init", propagate=True)
def _give_times(_target: object, _args: object, values: dict[str, Any]) -> None:
    now = utc_now()
    values.setdefault("created_at", now)
    values.setdefault("updated_at", now)
