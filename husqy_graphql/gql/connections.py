"""Cursor connections, after the GraphQL Cursor Connections Specification (Relay)."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import strawberry

from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.gql.context import Context
from husqy_graphql.gql.rows import Rows, RowType

T = TypeVar("T")


class Numbered(Protocol):
    """What stands for a row of a table."""

    database_id: int


N = TypeVar("N", bound=Numbered)

PAGE_DEFAULT = 25
PAGE_MAX = 100

# What a cursor is made of.
_NUMBER: Final = "database_id"


@strawberry.type(description="Where a page of a list stands.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on behind this page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item, to be sent as `after`; null on an empty page."
    )


@strawberry.type(description="An item of a list with its place.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The place of this item, to be sent as `after`.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    items: strawberry.Private[Sequence[T]]
    cursor: strawberry.Private[Callable[[T], str]]
    goes_on: strawberry.Private[bool]

    @strawberry.field(description="The items of this page with their places.")
    def edges(self) -> list[Edge[T]]:
        return [Edge(cursor=self.cursor(item), node=item) for item in self.items]

    @strawberry.field(description="Where this page stands in the list.")
    def page_info(self) -> PageInfo:
        last = self.cursor(self.items[len(self.items) - 1]) if self.items else None
        return PageInfo(has_next_page=self.goes_on, end_cursor=last)

    @strawberry.field(description="The items of this page.")
    def nodes(self) -> list[T]:
        return self.items  # pyright: ignore[reportReturnType] - rows are a sequence, which GraphQL takes for a list


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """All that a field reads of the items of its connection: objects of a type, and of them these attributes."""

    type: type
    attributes: frozenset[str]
    _narrowed: dict[RowType[Any], RowType[Any]] = field(default_factory=dict[RowType[Any], RowType[Any]])

    def of(self, whole: RowType[N]) -> RowType[N]:
        """The row type of what is needed; it is made once, since functions are generated for it."""
        if whole.type is not self.type:
            return whole
        if whole not in self._narrowed:
            self._narrowed[whole] = whole.narrow(self.attributes | {_NUMBER})
        return self._narrowed[whole]


_PROJECTION: ContextVar[Projection | None] = ContextVar("projection", default=None)


async def project(resolving: Awaitable[T], projection: Projection) -> T:
    """Await a resolver, whose page may be without what nobody reads."""
    _PROJECTION.set(projection)
    try:
        return await resolving
    finally:
        # No reset of a token: an abandoned coroutine is closed in another context.
        _PROJECTION.set(None)


def page_size(context: Context, first: int | None) -> int | None:
    """How many items to read; None for all of them, which only a document of `/v1` may ask for.

    Raises BadUserInput for no size of a page, or one above the setting.
    """
    most = context.resources.page_max
    if first is None:
        return None if context.stored else min(PAGE_DEFAULT, most)
    if not 1 <= first <= most:
        raise BadUserInput(f"A page has 1 to {most} items.", {"first": f"must be from 1 to {most}"})
    return first


def encode_cursor(number: int) -> str:
    """The cursor of an item that is sorted by one number."""
    return urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int | None:
    """The number in a cursor; raises BadUserInput for anything else."""
    if cursor is None:
        return None
    try:
        number = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if number.isascii() and number.isdigit() and len(number) <= 19:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise BadUserInput("This is not a cursor of this list.", {"after": "must be a `cursor` that this list answered"})


def to_connection(items: Sequence[T], size: int | None, cursor: Callable[[T], str]) -> Connection[T]:
    """A page out of up to `size` + 1 items that were read; the one too many only proves that the list goes on."""
    shown = items if size is None else items[:size]
    return Connection(items=shown, cursor=cursor, goes_on=len(items) > len(shown))


async def load_page(
    context: Context,
    first: int | None,
    after: str | None,
    read: Callable[..., Awaitable[Sequence[Any]]],
    show: RowType[N] | Callable[[Any], N],
) -> Connection[N]:
    """A page of rows in the order of their numbers, which the field answers as it is. `read` takes `after_id` and
    `limit`, with a row type also `columns`; `show` makes a row's item.

    Raises BadUserInput for a page of no good size, or a cursor that is none.
    """
    size = page_size(context, first)
    page = {"after_id": decode_cursor(after) or 0, "limit": None if size is None else size + 1}
    items: Sequence[N]
    if isinstance(show, RowType):
        whole = cast("RowType[N]", show)
        projection = _PROJECTION.get()
        needed = whole if projection is None else projection.of(whole)
        items = Rows(needed, await read(**page, columns=None if needed is whole else needed.columns))
    else:
        items = list(map(show, await read(**page)))
    return to_connection(items, size, lambda item: encode_cursor(item.database_id))
