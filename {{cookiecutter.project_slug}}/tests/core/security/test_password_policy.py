"""Which passwords are good enough."""

import pytest

from {{ cookiecutter.__package }}.core.errors import InvalidInputError
from {{ cookiecutter.__package }}.core.security.password_policy import PasswordPolicy

EMAIL = "ann.somebody@example.com"


def check(password: str, min_length: int = 8) -> None:
    PasswordPolicy(min_length).check(password, email=EMAIL, field="password")


@pytest.mark.parametrize("password", ["a long walk", "naïve ångström", "x" * 128, "Ann's umbrella"])
def test_accepts(password: str) -> None:
    check(password)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password",
        "PassWord",
        "123456789",
        "ann.somebody@example.com",
        "ann.somebody",
        "AnnSomebody2026!",
        "annsomebodyannsomebody",
        "{{ cookiecutter.project_slug }}12345678",
    ],
)
def test_refuses(password: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(password)
    assert caught.value.field == "password"


def test_counts_characters_after_normalization() -> None:
    with pytest.raises(InvalidInputError, match="at least 9 characters"):
        check("e\u0301" * 8, min_length=9)
