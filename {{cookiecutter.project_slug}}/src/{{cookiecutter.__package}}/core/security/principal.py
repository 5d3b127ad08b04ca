"""Who is calling."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose credential was verified: everything comes from it, nothing from a query."""

    subject: str
    scopes: frozenset[str]
