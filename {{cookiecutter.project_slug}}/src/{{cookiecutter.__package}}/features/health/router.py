"""Readiness: whether this process should get requests. Liveness is `LivenessMiddleware`'s."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from ...core.errors import UnavailableError
from ...core.http.problems import problem_responses
from ...dependencies import ResourcesDep

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """The service is up."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def read_liveness() -> Health:
    """Tell that the process runs."""
    return Health()  # For the documentation: what answers is `LivenessMiddleware`.


@router.get("/ready", responses=problem_responses(503))
async def read_readiness(resources: ResourcesDep) -> Health:
    """Tell whether the process is not stopping and its database is there and migrated."""
    if resources.stopping.is_set():
        raise UnavailableError("The service is stopping.")
    await resources.readiness.check()
    return Health()
