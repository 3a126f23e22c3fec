"""The document store: a text is parsed and validated once, however often it is sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from husqy_graphql.core.errors import ErrorCode
from husqy_graphql.engine.text import unstorable_reason


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document that may run, or the errors that say why it may not."""

    document: DocumentNode | None
    operations: Mapping[str, OperationDefinitionNode]  # by name, "" for the one without
    errors: tuple[GraphQLError, ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of this name; without a name the only one. None when that names no single operation."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


def prepare(schema: GraphQLSchema, text: str) -> PreparedDocument:
    """Parse and validate a text; never raises."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return _refused([error], ErrorCode.GRAPHQL_PARSE_FAILED)
    errors = [*_unstorable_strings(document), *validate(schema, document)]
    if errors:
        return _refused(errors, ErrorCode.GRAPHQL_VALIDATION_FAILED)
    operations = {
        node.name.value if node.name else "": node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    return PreparedDocument(document, operations)


@dataclass(slots=True)
class DocumentStore:
    """Prepared documents by their text; the least recently used leave when there are too many, or too much text."""

    schema: GraphQLSchema
    max_entries: int = 1_000
    max_characters: int = 4_000_000
    _entries: OrderedDict[str, PreparedDocument] = field(default_factory=OrderedDict[str, PreparedDocument])
    _characters: int = 0

    def get(self, text: str) -> PreparedDocument:
        """The prepared document of a text, refused ones included: they are not cheaper to refuse again."""
        prepared = self._entries.get(text)
        if prepared is not None:
            self._entries.move_to_end(text)
            return prepared
        prepared = self._entries[text] = prepare(self.schema, text)
        self._characters += len(text)
        while len(self._entries) > self.max_entries or self._characters > self.max_characters:
            oldest, _ = self._entries.popitem(last=False)
            self._characters -= len(oldest)
        return prepared


def _refused(errors: list[GraphQLError], code: ErrorCode) -> PreparedDocument:
    coded = (
        GraphQLError(error.message, error.nodes, error.source, error.positions, extensions={"code": code.name})
        for error in errors
    )
    return PreparedDocument(None, {}, tuple(coded))


def _unstorable_strings(document: DocumentNode) -> list[GraphQLError]:
    found: list[GraphQLError] = []

    class StringVisitor(Visitor):
        def enter_string_value(self, node: StringValueNode, *_: object) -> None:
            reason = unstorable_reason(node.value)
            if reason:
                found.append(GraphQLError(f"A string {reason}.", node))

    visit(document, StringVisitor())
    return found
