"""Lists in pages: `?limit=50&cursor=…` -> `{"items": […], "next": "…" | null}`; by key, never by offset."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel

from pytake_cli.errors import UsageError

T = TypeVar("T")
MOST = 500
LARGEST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it."""

    items: list[T]
    next: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """What page is asked for. `after` are the values of the last row's key, None for the first page."""

    limit: int
    cursor: str | None

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The key of the last row that was seen, of these types; raises UsageError for what is no cursor of ours."""
        if self.cursor is None:
            return None
        try:
            key = json.loads(base64.urlsafe_b64decode(self.cursor.encode("ascii") + b"=="))
        except (ValueError, binascii.Error):
            raise _bad_cursor() from None
        fits = isinstance(key, list) and len(key) == len(kinds) and all(map(_fits, key, kinds))
        if not fits:
            raise _bad_cursor()
        return tuple(key)

    def part(
        self, rows: Iterable[T], key: Callable[[T], tuple[Any, ...]], card: Callable[[T], Any] | None = None
    ) -> dict[str, Any]:
        """A page of a list that is read whole, in the order of `key`; only what is on it becomes cards."""
        ordered = sorted(rows, key=key)
        after = self.after(*map(type, key(ordered[0]))) if ordered else None
        left = [row for row in ordered if after is None or key(row) > after]
        page = self.page(left, key, total=len(ordered))
        return {**page, "items": [card(row) for row in page["items"]]} if card else page

    def page(
        self, found: Sequence[Any], key: Callable[[Any], tuple[Any, ...]], *, total: int | None = None
    ) -> dict[str, Any]:
        """A page of rows of which one more than `limit` was asked for."""
        items = list(found[: self.limit])
        more = len(found) > self.limit
        return {"items": items, "next": cursor(*key(items[-1])) if more else None, "total": total}


def paging(
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Paging:
    """For `paging: Paging = Depends(paging)`."""
    return Paging(limit, cursor)


def short(
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Paging:
    """For lists that are short by nature: they come whole, but for those longer than a page may be."""
    return Paging(limit, cursor)


def cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def everything(items: Sequence[Any]) -> dict[str, Any]:
    """What is no list to page through, such as mistakes or figures, as its only page."""
    return {"items": list(items), "next": None, "total": len(items)}


def _fits(value: Any, kind: type) -> bool:
    if kind is int:
        return type(value) is int and 0 <= value <= LARGEST_ID
    return isinstance(value, kind)


def _bad_cursor() -> UsageError:
    return UsageError("PT-API-CURSOR", "that is no cursor of this list", fix="the same request without cursor")
