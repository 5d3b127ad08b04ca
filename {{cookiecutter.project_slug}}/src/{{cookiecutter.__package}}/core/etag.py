"""Versions over HTTP: an ETag goes out, and If-Match says which version a change is for.

RFC 9110 sections 8.8.3 and 13.1.1; RFC 6585 section 3 for the missing precondition.
"""

from typing import Annotated

from fastapi import Header

from .errors import PreconditionFailedError, PreconditionRequiredError

IfMatch = Annotated[
    str | None, Header(max_length=200, description="The ETag of the version to change.")
]


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def check_if_match(header: str | None, version: int, *, required: bool) -> None:
    """Compare the caller's If-Match with the stored version.

    Raises:
        PreconditionFailedError: it names other versions.
        PreconditionRequiredError: there is none, and it is required.
    """
    if header is None:
        if required:
            raise PreconditionRequiredError("Send If-Match with the ETag that you have read.")
        return
    tags = {tag.strip() for tag in header.split(",")}
    if not tags & {"*", etag(version)}:
        raise PreconditionFailedError("The stored version is another one; read it again.")
