"""Versions over HTTP: an ETag goes out, and If-Match says which version a change is for.

RFC 9110 sections 8.8.3 and 13.1.1; RFC 6585 section 3 for the missing precondition.
"""

import re

from ..errors import PreconditionRequiredError

OURS = re.compile(r'"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def expected_versions(if_match: str | None, *, required: bool) -> frozenset[int] | None:
    """Return the versions that If-Match names, None if it is missing or `*`: any will do.

    Raises:
        PreconditionRequiredError: it is missing, and required.
    """
    if if_match is None and required:
        raise PreconditionRequiredError("Send If-Match with the ETag that you have read.")
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (OURS.fullmatch(tag.strip()) for tag in if_match.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag)
