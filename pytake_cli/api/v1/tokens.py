"""/tokens: API tokens, what programs act with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import api_tokens

router = new_router("tokens")
MANAGE = [Depends(needs("tokens:manage"))]


class TokenRow(BaseModel):
    id: int
    user_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(Body):
    name: str = Field(min_length=1, max_length=80)
    scopes: list[Annotated[str, Field(max_length=80)]] = Field(max_length=100)
    expires_at: AwareDatetime | None = None


class MadeToken(TokenRow):
    token: str = Field(description="shown only now")


@router.get("", response_model=Page[TokenRow], dependencies=MANAGE)
def list_(
    everybody: Annotated[bool, Query(alias="all", description="everybody's; needs users:manage")] = False,
    paging: Paging = Depends(short),
    here: Here = Depends(here),
) -> object:
    """One's own tokens, the newest first."""
    with here.read() as db:
        found = api_tokens.listed(db, here.principal, everybody=everybody)
        return paging.part(found, lambda row: (LARGEST_ID - (row.id or 0),), lambda row: row.model_dump())


@router.post("", status_code=201, response_model=MadeToken, dependencies=MANAGE)
def create(body: NewToken, here: Here = Depends(here)) -> object:
    """Makes a token with some of one's own rights."""
    with here.write() as db:
        row, text = api_tokens.create(db, here.principal, body.name, body.scopes, here.now, expires_at=body.expires_at)
        made = {**row.model_dump(), "token": text}
    here.keep_no_answer()
    return made


@router.delete("/{token}", status_code=204, dependencies=MANAGE)
def revoke(token: Annotated[int, Path(ge=1, le=LARGEST_ID)], here: Here = Depends(here)) -> Response:
    """Ends a token for good, from the next request on."""
    with here.write() as db:
        api_tokens.revoke(db, here.principal, token, here.now)
    return Response(status_code=204)
