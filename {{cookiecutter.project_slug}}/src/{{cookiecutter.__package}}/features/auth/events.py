"""What happens around logins."""

from ...core.events import Event


class LoggedIn(Event):
    """A user has logged in."""

    name = "auth.logged_in"

    subject: str
