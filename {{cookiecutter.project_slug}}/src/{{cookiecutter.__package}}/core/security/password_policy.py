"""Which passwords a new account may have: long ones that nobody guesses (NIST SP 800-63B-4)."""

from functools import cache
from pathlib import Path

from ..errors import InvalidInputError
from .passwords import normalize

SERVICE_NAME = "{{ cookiecutter.project_slug }}"
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")


class PasswordPolicy:
    """The rules; there are none about digits and symbols, which make passwords worse."""

    def __init__(self, min_length: int) -> None:
        self._min_length = min_length

    def check(self, password: str, *, email: str, field: str) -> None:
        """Do nothing about a good password.

        Raises:
            InvalidInputError: it is too short, common, or made of the user's or service's name.
        """
        password = normalize(password)
        if len(password) < self._min_length:
            raise InvalidInputError(
                field, f"The password needs at least {self._min_length} characters."
            )
        if password.casefold() in _common_passwords():
            raise InvalidInputError(field, "This password is one of the most common ones.")
        if _is_made_of(password, [email, email.partition("@")[0], SERVICE_NAME]):
            raise InvalidInputError(field, "The password is made of a name that anyone can guess.")


def _is_made_of(password: str, names: list[str]) -> bool:
    # A name once or many times, with nothing else but digits and punctuation around it.
    letters = _letters(password)
    return any(name and not letters.replace(name, "") for name in map(_letters, names))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(COMMON_PASSWORDS.read_text().split())
