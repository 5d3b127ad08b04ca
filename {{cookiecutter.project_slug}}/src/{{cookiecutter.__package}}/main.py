"""The ASGI application, for any ASGI server."""

import sys

from .app import create_app
from .core.errors import SettingsError
from .settings import load_settings

try:
    app = create_app(load_settings())
except SettingsError as error:
    sys.exit(f"The service cannot start.\n{error}")
