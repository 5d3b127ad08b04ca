"""If-Match, compared with a stored version."""

import pytest

from {{ cookiecutter.__package }}.core.errors import (
    PreconditionFailedError,
    PreconditionRequiredError,
)
from {{ cookiecutter.__package }}.core.etag import check_if_match, etag


@pytest.mark.parametrize("header", ['"3"', "*", '"1", "3"', None])
def test_accepts_the_stored_version(header: str | None) -> None:
    assert etag(3) == '"3"'
    check_if_match(header, 3, required=False)


@pytest.mark.parametrize("header", ['"2"', "3", 'W/"3"', "", '"33"', '"3"x'])
def test_refuses_any_other(header: str) -> None:
    with pytest.raises(PreconditionFailedError):
        check_if_match(header, 3, required=False)


def test_may_be_required() -> None:
    check_if_match('"3"', 3, required=True)
    with pytest.raises(PreconditionRequiredError):
        check_if_match(None, 3, required=True)
