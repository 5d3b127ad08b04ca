"""What errors of the driver mean."""

from collections.abc import Collection

# Classes of SQLSTATE: connection lost, serialization or deadlock, no resources, lock not available,
# cancelled or shutting down.
TEMPORARY_CLASSES = ("08", "40", "53", "55P03", "57")


def is_temporary(error: BaseException) -> bool:
    """Return whether an error says nothing about the statement: overloaded, cancelled, gone."""
    return str(getattr(error, "sqlstate", "")).startswith(TEMPORARY_CLASSES)


def broken_constraint(error: BaseException | None, _foreseen: Collection[str]) -> str:
    """Return the name of the constraint that a statement broke, "" if it has none."""
    cause = error.__cause__ if error else None  # SQLAlchemy's error stands for asyncpg's own.
    return str(getattr(cause, "constraint_name", None) or "")
