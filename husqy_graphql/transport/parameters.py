"""What a request asks for: the GraphQL over HTTP specification's request parameters, of every transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from starlette.datastructures import QueryParams

from husqy_graphql.core.errors import BadUserInput

_TEXTS = ("query", "documentId", "operationName")
_OBJECTS = ("variables", "extensions")


@dataclass(frozen=True, slots=True)
class GraphQLParameters:
    """A document by its text, its id or its hash, and how to run it."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def persisted_hash(self) -> str | None:
        """The hash of an automatic persisted query, in lower case hexadecimal; raises BadUserInput for no hash."""
        persisted = self.extensions.get("persistedQuery")
        if persisted is None:
            return None
        found = cast("Mapping[str, Any]", persisted).get("sha256Hash") if isinstance(persisted, Mapping) else None
        if not isinstance(found, str) or len(found) != 64:
            raise BadUserInput("`extensions.persistedQuery.sha256Hash` must be a SHA-256 in hexadecimal.")
        return found.lower()


def parse_json(data: bytes) -> Any:
    """The value of a JSON text; raises BadUserInput."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadUserInput(f"This is not JSON in UTF-8: {error}.") from None


def from_query(query: QueryParams) -> GraphQLParameters:
    """The parameters of a GET; an empty one is one that was left out. Raises BadUserInput."""
    given: dict[str, Any] = {}
    for name in (*_TEXTS, *_OBJECTS):
        values = [value for value in query.getlist(name) if value]
        if len(values) > 1:
            raise BadUserInput(f"`{name}` was sent more than once.")
        if values:
            given[name] = parse_json(values[0].encode(errors="surrogatepass")) if name in _OBJECTS else values[0]
    return from_json(given)


def from_json(given: Any) -> GraphQLParameters:
    """The parameters in a JSON value; names that are not known are ignored. Raises BadUserInput."""
    if not isinstance(given, dict):
        raise BadUserInput("The request must be a JSON object with a `query`; batches are not taken.")
    parameters = cast("dict[str, Any]", given)
    for name in _TEXTS:
        if parameters.get(name) is not None and not isinstance(parameters[name], str):
            raise BadUserInput(f"`{name}` must be a string.")
    for name in _OBJECTS:
        if parameters.get(name) is not None and not isinstance(parameters[name], dict):
            raise BadUserInput(f"`{name}` must be a JSON object.")
    found = GraphQLParameters(
        query=parameters.get("query") or None,
        document_id=parameters.get("documentId") or None,
        operation_name=parameters.get("operationName") or None,
        variables=parameters.get("variables") or {},
        extensions=parameters.get("extensions") or {},
    )
    if found.query is None and found.document_id is None and found.persisted_hash is None:
        raise BadUserInput("`query` must be the text of a GraphQL document.")
    if found.query is not None and found.document_id is not None:
        raise BadUserInput("Send `query` or `documentId`, not both.")
    return found
