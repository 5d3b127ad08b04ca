"""What happens to users."""

from ...core.events.events import Event


class UserDeleted(Event):
    """A user is gone; `subject` is what tokens called him."""

    subject: str
