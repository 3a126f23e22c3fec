"""How large a document may be. Checked once a text, in the document store; cost, which needs the variables, once a run.

An anchor for the numbers: the full introspection query has 183 tokens, and a field of a list's item in a module of a
guild stands 6 deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from husqy_graphql.core.errors import QueryTooComplex

INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each that a document may have, and an answer may have of errors."""

    characters: int = 15_000
    tokens: int = 2_000
    comments: int = 100
    depth: int = 10
    aliases: int = 15
    directives: int = 25
    repeats: int = 20
    root_fields: int = 20
    nodes: int = 5_000
    cost: int = 1_000
    anonymous_cost: int = 200
    errors: int = 25


def check_length(text: str, limits: Limits) -> None:
    """Raise QueryTooComplex for a text with too many characters."""
    _check("characters", "characters", len(text), limits.characters)


def check_counts(aliases: int, directives: int, repeats: int, limits: Limits) -> None:
    """Raise QueryTooComplex for too many aliases or directives, or a field that one selection has too often: validation
    compares each with each."""
    _check("aliases", "aliases", aliases, limits.aliases)
    _check("directives", "directives", directives, limits.directives)
    _check("repeats", "repetitions of one field", repeats, limits.repeats)


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Raise QueryTooComplex for an operation that is too deep, or has too many fields at its root.

    Needs no valid document. Introspection has a limit of its own in graphql-core.
    """
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    depth_of = _measure(fragments, _depth)
    roots_of = _measure(fragments, lambda node, below: 1 if isinstance(node, FieldNode) else below, total=True)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            _check("rootFields", "fields at its root", roots_of(operation.selection_set), limits.root_fields)
            _check("depth", "levels of fields", depth_of(operation.selection_set), limits.depth)


def _check(limit: str, what: str, value: int, maximum: int) -> None:
    if value > maximum:
        raise QueryTooComplex(f"The document has {value} {what}; at most {maximum} are taken.", limit, maximum, value)


def _depth(node: Node, below: int) -> int:
    if isinstance(node, FieldNode):
        return 0 if node.name.value in INTROSPECTION else 1 + below
    return below


def _measure(
    fragments: Mapping[str, FragmentDefinitionNode], own: Callable[[Node, int], int], *, total: bool = False
) -> Callable[[SelectionSetNode], int]:
    """A measure of selections: the greatest (or the sum) of `own(selection, the measure below it)`.

    A fragment is measured once, however often it is spread, so that nested spreads do not multiply the work.
    """
    known: dict[str, int] = {}

    def of(selection_set: SelectionSetNode | None) -> int:
        if selection_set is None:
            return 0
        values = [own(each, below(each)) for each in selection_set.selections]
        return sum(values) if total else max(values, default=0)

    def below(selection: Node) -> int:
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in known:
                known[name] = 0  # ends a circle, which validation refuses afterwards
                known[name] = of(fragments[name].selection_set) if name in fragments else 0
            return known[name]
        return of(getattr(selection, "selection_set", None))

    return of
