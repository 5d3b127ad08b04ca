"""The key that signs access tokens on a developer's machine."""

import os
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr

from ..errors import SettingsError
from .settings import SIGNING_KEY_BYTES, AuthSettings

LOCAL_KEY = Path("var/signing.key")


def signing_key(settings: AuthSettings) -> SecretStr:
    """Return the key of the settings, or one that is made once and kept in `var/`.

    It is kept so that a reload, or a second process, accepts the tokens of the first. Production
    does not come here without a key: the settings refuse it.

    Raises:
        SettingsError: it cannot be kept there.
    """
    try:
        return settings.signing_key or SecretStr(_local_key(LOCAL_KEY))
    except OSError as error:
        raise SettingsError(f"APP_AUTH__SIGNING_KEY: none can be kept in var/: {error}.") from None


def _local_key(path: Path) -> str:
    if not path.exists():
        _make_key(path)
    return path.read_text()


def _make_key(path: Path) -> None:
    # Written whole under another name (mode 0600) and then linked: of two processes that start
    # at once neither reads half a key, and both read the same one.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(SIGNING_KEY_BYTES))
        path.hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
