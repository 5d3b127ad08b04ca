"""Errors of the token endpoint, by the codes of RFC 6749 section 5.2."""


class OAuthError(Exception):
    """A refusal; `code` is that of the RFC, the message a sentence for the developer."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class InvalidGrantError(OAuthError):
    """The password or the refresh token is wrong; which part of it is nobody's business."""

    def __init__(self) -> None:
        super().__init__("invalid_grant", "The credentials are not valid.")
