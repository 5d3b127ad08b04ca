"""If-Match, as versions."""

import pytest

from {{ cookiecutter.__package }}.core.errors import PreconditionRequiredError
from {{ cookiecutter.__package }}.core.http.etag import etag, expected_versions


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ('"3"', [3]),
        ('"1", "3"', [1, 3]),
        ('"1",nonsense', [1]),
        ('"a,*,b"', []),
        ('"01"', []),
        ("3", []),
        ('W/"3"', []),
        ("", []),
        ('"3"x', []),
        ('"-3"', []),
        ('"' + "3" * 5000 + '"', []),
    ],
)
def test_names_versions(header: str, versions: list[int]) -> None:
    assert expected_versions(header, required=False) == frozenset(versions)


@pytest.mark.parametrize("header", ["*", " * ", None])
def test_may_be_for_any(header: str | None) -> None:
    assert expected_versions(header, required=False) is None


def test_an_etag_comes_back_as_its_version() -> None:
    assert expected_versions(etag(3), required=True) == frozenset({3})


def test_may_be_required() -> None:
    assert expected_versions("*", required=True) is None
    with pytest.raises(PreconditionRequiredError):
        expected_versions(None, required=True)
