"""Trusted documents: the ones that the program's owner wrote down, so that clients only send an id.

A folder or a file. `*.graphql` is one document, its id `sha256:` and the SHA-256 of its text (the draft of GraphQL over
HTTP, appendix A). `*.json` is a list that a client's compiler wrote: Relay's `{id: text}`, or Apollo's manifest with
`operations` of `id` and `body`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from graphql import GraphQLSchema

from husqy_graphql.engine.documents import PreparedDocument, document_hash, prepare


class UntrustedDocument(Exception):
    """A trusted document that cannot be used; the message is one sentence that names it."""


def read_trusted_documents(schema: GraphQLSchema, path: Path) -> dict[str, PreparedDocument]:
    """Every document of a file or folder by its ids: the one it has in a list, and its hash.

    Raises UntrustedDocument for one that cannot be read, or does not fit the schema.
    """
    found: dict[str, PreparedDocument] = {}
    for key, text, source in _texts(path):
        prepared = prepare(schema, text, None)
        if prepared.errors:
            raise UntrustedDocument(f"{source}: {prepared.errors[0].message}")
        for each in {key, f"sha256:{document_hash(text)}"} - {""}:
            if found.setdefault(each, prepared) is not prepared and each == key:
                raise UntrustedDocument(f"{source}: another document has the id {each}")
    if not found:
        raise UntrustedDocument(f"{path} has no document")
    return found


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """(id or "", text, where it stands) of each document."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.suffix not in {".graphql", ".json"}:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UntrustedDocument(f"{file} cannot be read as UTF-8") from None
        if file.suffix == ".graphql":
            yield "", text, str(file)
        else:
            yield from ((key, body, f"{file}, {key}") for key, body in _listed(text, file))


def _listed(text: str, file: Path) -> Iterator[tuple[str, str]]:
    try:
        listed: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UntrustedDocument(f"{file} is not JSON") from None
    if isinstance(listed, dict) and isinstance(cast("dict[str, Any]", listed).get("operations"), list):
        entries: list[Any] = cast("dict[str, Any]", listed)["operations"]
        pairs = [(each.get("id"), each.get("body")) for each in entries if isinstance(each, Mapping)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    else:
        pairs = list(cast("dict[str, Any]", listed).items()) if isinstance(listed, dict) else []
    for key, body in pairs:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(key, str) or not isinstance(body, str):
            raise UntrustedDocument(f"{file} is no list of documents by id")
        yield key, body
