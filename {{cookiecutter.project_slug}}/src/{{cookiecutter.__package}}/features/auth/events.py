"""What happens around logins."""

from ...core.events.events import Event


class LoggedIn(Event):
    """A user has logged in."""

    subject: str
