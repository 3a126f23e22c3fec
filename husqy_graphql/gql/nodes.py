"""Global ids: `node(id)` finds any of our own rows by one opaque string."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import strawberry

from husqy_graphql.core.errors import BadUserInput


def encode_node_id(type_name: str, row_id: int) -> strawberry.ID:
    """The opaque id of a row."""
    return strawberry.ID(urlsafe_b64encode(f"{type_name}:{row_id}".encode()).decode().rstrip("="))


def decode_node_id(node_id: str, argument: str = "id") -> tuple[str, int]:
    """The type's name and the row's number; raises BadUserInput that names `argument`."""
    try:
        type_name, _, number = urlsafe_b64decode(node_id + "=" * (-len(node_id) % 4)).decode().partition(":")
        if type_name and number.isascii() and number.isdigit() and len(number) <= 18:
            return type_name, int(number)
    except (binascii.Error, ValueError):
        pass
    raise BadUserInput("This is not an id of this API.", {argument: "must be an `id` that this API has answered"})


@strawberry.interface(description="Something that can be fetched again by its `id` alone, through `node` or `nodes`.")
class Node:
    """Every row of ours that has a life of its own."""

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError
