"""What this service offers: routers under /api/v1, scopes of its users, reactions to events.

Add your own features here. A request asks the routers in this order: the busiest ones first.
"""

from fastapi import APIRouter

# {% if cookiecutter.example %}
from .core.security.principal import SubjectDeleted
# {% endif %}
from .features.auth.router import router as auth
# {% if cookiecutter.example %}
from .features.items.router import router as items
from .features.items.tasks import delete_items_of_subject
# {% endif %}
from .features.users.router import router as users
from .resources import Subscription

ROUTERS: tuple[APIRouter, ...] = (
# {% if cookiecutter.example %}
    items,
# {% endif %}
    users,
    auth,
)

USER_SCOPES: tuple[str, ...] = (
    # Whoever logs in gets all of them.
# {% if cookiecutter.example %}
    "items:read",
    "items:write",
# {% endif %}
)

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    # An event, and the handler that it runs.
# {% if cookiecutter.example %}
    (SubjectDeleted, delete_items_of_subject),
# {% endif %}
)
