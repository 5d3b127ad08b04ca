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


class MigrationError(Exception):
    """The database cannot be brought to the revision that was asked for."""


class AppError(Exception):
    """Base of all errors that a client may see; `str(error)` is the sentence for it."""


class NotFoundError(AppError):
    """There is no such thing, or it is not the caller's: both look the same."""


class ConflictError(AppError):
    """The change clashes with what is stored, or somebody else was faster."""


class PreconditionFailedError(AppError):
    """The version that the caller has seen is not the stored one."""


class PreconditionRequiredError(AppError):
    """A change must say here which version it is for."""


class ContentTooLargeError(AppError):
    """A body has more bytes, or holds more values, than is allowed."""


class InvalidInputError(AppError):
    """A value breaks a rule that its type cannot state; `field` names it, "" is all of the body."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class AuthenticationError(AppError):
    """Who is calling is not proven."""


class PermissionDeniedError(AppError):
    """The caller is known and lacks a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}.")
        self.scope = scope


class TooManyRequestsError(AppError):
    """A rate limit is used up; the next attempt may come in `retry_after` seconds."""

    def __init__(self, message: str, *, limit: int, remaining: int, retry_after: int) -> None:
        super().__init__(message)
        self.limit, self.remaining, self.retry_after = limit, remaining, retry_after


class UnavailableError(AppError):
    """Something that we need is away or overloaded; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
