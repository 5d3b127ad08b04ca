"""Constraints of the database that a client can break, and what he is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from ..errors import ConflictError
from .driver_errors import broken_constraint


@contextmanager
def conflicts(sentences: Mapping[str, str]) -> Iterator[None]:
    """Tell which of the constraints named in `sentences` a change breaks, by their sentence.

    It surrounds the flush, and the name is that of the migration:
    `with conflicts({"uq_users_email": "A user with this e-mail address exists."}): ...`

    Raises:
        ConflictError: it is one of them.
        IntegrityError: it is another one, which nobody has foreseen.
    """
    try:
        yield
    except IntegrityError as error:
        name = broken_constraint(error.orig, sentences)
        if name not in sentences:
            raise
        raise ConflictError(sentences[name]) from None
