"""What the service is measured against: the least that somebody would write by hand for the work.

One bare route, and items with owner, token, scope, ETag and commit in plain FastAPI, SQLAlchemy and
PyJWT: without error documents, request ids, log lines, limits, deadlines or lost-update checks.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Response, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, String, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of the table."""


class Item(Base):
    """The service's own table: both write rows that the other can read."""

    __tablename__ = "items"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(String(2000))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=lambda: datetime.now(UTC)
    )
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=lambda: datetime.now(UTC)
    )


class ItemCreate(BaseModel):
    """The body of a new item."""

    name: str
    description: str | None = None


class ItemRead(BaseModel):
    """An item as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime


class Items(BaseModel):
    """A page of items."""

    items: list[ItemRead]


def bare_app() -> FastAPI:
    """Return an application with one route that does nothing."""
    app = FastAPI()

    @app.get("/health/live")
    async def read_liveness() -> dict[str, str]:
        return {"status": "ok"}

    return app


def items_app(database_url: str, key: str, issuer: str) -> FastAPI:
    """Return the hand-written application; it takes the service's tokens and database."""
    app = FastAPI()
    sessions = async_sessionmaker(create_async_engine(database_url), expire_on_commit=False)
    bearer = OAuth2PasswordBearer(tokenUrl="token")

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    async def get_subject(needed: SecurityScopes, token: Annotated[str, Depends(bearer)]) -> str:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                issuer=issuer,
                audience=issuer,
                options={"require": ["exp", "sub", "iss", "aud", "scope"]},
            )
        except jwt.PyJWTError:
            raise HTTPException(401) from None
        if not set(needed.scopes) <= set(claims["scope"].split()):
            raise HTTPException(403)
        return str(claims["sub"])

    session_dep = Annotated[AsyncSession, Depends(get_session)]
    reader = Annotated[str, Security(get_subject, scopes=["items:read"])]
    writer = Annotated[str, Security(get_subject, scopes=["items:write"])]

    @app.post("/api/v1/items", status_code=201, response_model=ItemRead)
    async def create_item(
        data: ItemCreate, session: session_dep, subject: writer, response: Response
    ) -> Item:
        item = Item(owner_id=subject, name=data.name, description=data.description)
        session.add(item)
        await session.commit()
        response.headers["ETag"] = f'"{item.version}"'
        return item

    @app.get("/api/v1/items", response_model=Items)
    async def list_items(
        session: session_dep, subject: reader, limit: Annotated[int, Query(le=100)] = 20
    ) -> dict[str, object]:
        query = select(Item).where(Item.owner_id == subject).order_by(Item.created_at.desc())
        return {"items": (await session.scalars(query.limit(limit))).all()}

    @app.get("/api/v1/items/{item_id}", response_model=ItemRead)
    async def read_item(
        item_id: UUID, session: session_dep, subject: reader, response: Response
    ) -> Item:
        item = await session.scalar(
            select(Item).where(Item.id == item_id, Item.owner_id == subject)
        )
        if item is None:
            raise HTTPException(404)
        response.headers["ETag"] = f'"{item.version}"'
        return item

    return app
