"""Who is calling."""

from dataclasses import dataclass
from typing import Literal

from ..events import Event


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose credential was verified: everything comes from it, nothing from a query."""

    subject: str
    scopes: frozenset[str]
    kind: Literal["user", "service"] = "user"


class SubjectDeleted(Event):
    """Whoever had this subject is gone: what belongs to it belongs to nobody any more."""

    name = "subject.deleted"

    subject: str
