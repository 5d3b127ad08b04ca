"""Bodies of the users' routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, SecretStr

from ...core.http.schemas import NO_NUL, RequestModel, ResponseModel, refuse_nul

EXAMPLE = "a long walk in autumn rain"  # What /docs shows.


def _refuse_unusable(password: SecretStr) -> SecretStr:
    text = refuse_nul(password.get_secret_value())
    try:
        text.encode()  # Unlike str, SecretStr lets half a surrogate pair through.
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    return password


# One spelling for each mailbox, so that nobody registers it twice.
Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=254)]
Password = Annotated[
    SecretStr,
    Field(
        min_length=1,
        max_length=128,
        examples=[EXAMPLE],
        json_schema_extra={"pattern": NO_NUL},
    ),
    AfterValidator(_refuse_unusable),
]


class UserCreate(RequestModel):
    """A registration."""

    email: Email
    password: Password


class UserUpdate(RequestModel):
    """A change of the e-mail address, by which its owner logs in: it takes the password."""

    email: Email
    current_password: Password


class PasswordChange(RequestModel):
    """A change of the password."""

    current_password: Password
    new_password: Password


class UserRead(ResponseModel):
    """A user, as shown to himself."""

    id: UUID
    email: str
    created_at: datetime
    updated_at: datetime
