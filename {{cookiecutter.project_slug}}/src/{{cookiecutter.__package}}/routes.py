"""What this service offers: the routers under /api/v1, and the scopes that its users have.

Add your own features here. A request asks the routers in this order: the busiest ones first.
"""

from fastapi import APIRouter

from .features.auth.router import router as auth
# {% if cookiecutter.example %}
from .features.items.router import router as items
# {% endif %}
from .features.users.router import router as users

ROUTERS: tuple[APIRouter, ...] = (
# {% if cookiecutter.example %}
    items,
# {% endif %}
    users,
    auth,
)

# {% if cookiecutter.example %}
USER_SCOPES: tuple[str, ...] = ("items:read", "items:write")
# {% endif %}
# {% if not cookiecutter.example %}
USER_SCOPES: tuple[str, ...] = ()
# {% endif %}
