"""What can go wrong, in words of the service and without HTTP.

AppError
|-- NotFoundError             there is no such thing, or it is not the caller's
|-- ConflictError             it clashes with what is stored
|-- PreconditionFailedError   the caller's version is not the stored one
|-- PreconditionRequiredError the caller must say which version it changes
|-- ContentTooLargeError      a body has more bytes or values than is allowed
|-- InvalidInputError         a value breaks a rule that its type cannot state
|-- AuthenticationError       who is calling is not proven
|-- PermissionDeniedError     the caller lacks a scope
|-- TooManyRequestsError      a rate limit is used up
`-- UnavailableError          something that we need is away or overloaded

Services raise them with a sentence for the client; `problems.py` turns them into answers.
"""


class SettingsError(Exception):
    """The service is not configured; the message has a line for each wrong setting."""


class AppError(Exception):
    """Base of all errors that a client may see; `str(error)` is the sentence for it."""

    headers: dict[str, str]

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class NotFoundError(AppError):
    """There is no such thing, or it is not the caller's: both look the same."""


class ConflictError(AppError):
    """The change clashes with what is stored, or somebody else was faster."""


class PreconditionFailedError(AppError):
    """The version in If-Match is not the stored one."""


class PreconditionRequiredError(AppError):
    """A change needs If-Match here."""


class ContentTooLargeError(AppError):
    """A body has more bytes, or holds more values, than is allowed."""


class InvalidInputError(AppError):
    """A value breaks a rule that its type cannot state; `field` names it: `body.password`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class AuthenticationError(AppError):
    """Who is calling is not proven. `code` is that of RFC 6750 section 3.1, if there is one."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        challenge = f'Bearer error="{code}"' if code else "Bearer"
        super().__init__(message, headers={"WWW-Authenticate": challenge})


class PermissionDeniedError(AppError):
    """The caller is known and lacks a scope."""

    def __init__(self, scope: str) -> None:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        super().__init__(f"This needs the scope {scope}.", headers={"WWW-Authenticate": challenge})


class TooManyRequestsError(AppError):
    """A rate limit is used up."""


class UnavailableError(AppError):
    """Something that we need is away or overloaded; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})
