"""The document store: a text is parsed, measured and validated once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from husqy_graphql.core.errors import CodedError, ErrorCode, QueryTooComplex
from husqy_graphql.engine.arguments import Variables
from husqy_graphql.engine.compiled import Program
from husqy_graphql.engine.cost import CostPlan, plan_cost
from husqy_graphql.engine.errors import to_graphql_error
from husqy_graphql.engine.limits import INTROSPECTION, Limits, check_counts, check_length, check_shape
from husqy_graphql.engine.text import unstorable_reason

# What a text's syntax tree takes in memory, and a field's plan with its generated code; both measured.
_BYTES_OF_CHARACTER = 100
_BYTES_OF_FIELD = 2_200
# graphql-core's budget for comparing fields with each other, lowered: its own lets 15 KB take more than a second.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 100_000


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """An operation that may run. `trusted` says that the program's owner wrote it, so that no limit is needed."""

    document: DocumentNode
    name: str | None
    type: OperationType
    cost: CostPlan
    variables: Variables
    program: Program
    introspects: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """The operations of a document by name ("" for the one without), or the errors that say why it may not run."""

    operations: Mapping[str, PreparedOperation] = field(default_factory=dict[str, PreparedOperation])
    errors: tuple[GraphQLError, ...] = ()

    @property
    def planned_fields(self) -> int:
        """How many fields of its operations the executor has compiled."""
        return sum(operation.program.size for operation in self.operations.values())

    def operation(self, name: str | None) -> PreparedOperation | None:
        """The operation of this name; without a name the only one. None when that names no single operation."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


def prepare(schema: GraphQLSchema, text: str, limits: Limits | None) -> PreparedDocument:
    """Parse, measure and validate a text; never raises. Without limits it is a trusted document."""
    try:
        document = _parse(text, limits)
        survey = _Survey()
        visit(document, survey)
        if limits:
            # Before validation, which may cost far more than it takes to count.
            check_counts(survey.aliases, survey.directives, survey.repeats, limits)
            check_shape(document, limits)
        errors = [
            *survey.errors,
            *validate(schema, document, max_errors=(limits or Limits()).errors, hide_suggestions=True),
        ]
        if errors:
            return _refused(errors, ErrorCode.GRAPHQL_VALIDATION_FAILED)
        operations = prepare_operations(schema, document, introspects=survey.introspects, trusted=limits is None)
        return PreparedDocument(operations)
    except CodedError as error:
        return PreparedDocument(errors=(to_graphql_error(error),))
    except GraphQLError as error:
        return _refused([error], ErrorCode.GRAPHQL_PARSE_FAILED)
    except RecursionError:
        error = GraphQLError("The fragments of the document are nested too deeply.")
        return _refused([error], ErrorCode.QUERY_TOO_COMPLEX)


def prepare_operations(
    schema: GraphQLSchema, document: DocumentNode, *, introspects: bool = False, trusted: bool
) -> dict[str, PreparedOperation]:
    """The operations of a valid document by name."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return {
        node.name.value if node.name else "": PreparedOperation(
            document=document,
            name=node.name.value if node.name else None,
            type=node.operation,
            cost=plan_cost(schema, node, fragments),
            variables=Variables(schema, node),
            program=Program(schema, node, fragments),
            introspects=introspects,
            trusted=trusted,
        )
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }


@dataclass(slots=True)
class _Entry:
    document: PreparedDocument
    size: int = 0  # bytes, about


@dataclass(slots=True)
class DocumentStore:
    """Prepared documents by their text; the least recently used leave when there are too many, or they are too large.

    `trusted` are the documents that the program's owner wrote, by their id.
    """

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    trusted: Mapping[str, PreparedDocument] = field(default_factory=dict[str, PreparedDocument])
    max_entries: int = 1_000
    max_bytes: int = 100_000_000
    _entries: OrderedDict[str, _Entry] = field(default_factory=OrderedDict[str, "_Entry"])
    _texts: OrderedDict[str, str] = field(default_factory=OrderedDict[str, str])  # by hash, of persisted queries
    _bytes: int = 0
    hits: int = 0
    prepared: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """How many documents are kept, and an estimate of the bytes that they take."""
        return len(self._entries), self._bytes

    def get(self, text: str) -> PreparedDocument:
        """The prepared document of a text, refused ones included: they are not cheaper to refuse again."""
        entry = self._entries.get(text)
        if entry is not None:
            self._entries.move_to_end(text)
            self._weigh(text, entry)  # it may have been planned since
            self.hits += 1
            return entry.document
        try:
            check_length(text, self.limits)  # before it takes a place
        except QueryTooComplex as error:
            return PreparedDocument(errors=(to_graphql_error(error),))
        self.prepared += 1
        entry = self._entries[text] = _Entry(prepare(self.schema, text, self.limits))
        self._weigh(text, entry)
        return entry.document

    def _weigh(self, text: str, entry: _Entry) -> None:
        """Bring the sum of all sizes up to date, and let the oldest go while it is too large."""
        size = len(text) * _BYTES_OF_CHARACTER + entry.document.planned_fields * _BYTES_OF_FIELD
        self._bytes += size - entry.size
        entry.size = size
        while len(self._entries) > self.max_entries or (self._bytes > self.max_bytes and len(self._entries) > 1):
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size

    def persist(self, text: str) -> None:
        """Remember the hash of a text, so that `persisted` finds it; one that may not run is not remembered."""
        if self.get(text).errors:
            return
        key = document_hash(text)
        self._texts[key] = text
        self._texts.move_to_end(key)
        while len(self._texts) > self.max_entries:
            self._texts.popitem(last=False)

    def persisted(self, key: str) -> PreparedDocument | None:
        """The document with this hash, a trusted one or one that was persisted; None for any other."""
        trusted = self.trusted.get(f"sha256:{key}")
        if trusted is not None:
            return trusted
        text = self._texts.get(key)
        return None if text is None else self.get(text)


def document_hash(text: str) -> str:
    """The SHA-256 of a document's text, in hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _parse(text: str, limits: Limits | None) -> DocumentNode:
    if limits is None:
        return parse(text)
    check_length(text, limits)
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLError as error:
        # graphql-core tells these by their message alone, and stops counting there.
        for name, maximum in (("tokens", limits.tokens), ("comments", limits.comments)):
            if f"more than {maximum} {name}" in error.message:
                message = f"The document has more than {maximum} {name}."
                raise QueryTooComplex(message, name, maximum) from None
        raise


def _refused(errors: list[GraphQLError], code: ErrorCode) -> PreparedDocument:
    """The errors with their code; those of one message become one error with all their places."""
    by_message: dict[str, list[GraphQLError]] = {}
    for error in errors:
        by_message.setdefault(error.message, []).append(error)
    coded: list[GraphQLError] = []
    for message, alike in by_message.items():
        first = alike[0]
        nodes = [node for error in alike for node in error.nodes or ()]
        coded.append(
            GraphQLError(message, nodes, extensions={"code": code.name})
            if nodes
            else GraphQLError(message, None, first.source, first.positions, extensions={"code": code.name})
        )
    return PreparedDocument(errors=tuple(coded))


class _Survey(Visitor):
    """What a document has, counted in one walk; written in fragments too, and in what no operation uses."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = 0
        self.directives = 0
        self.repeats = 0
        self.introspects = False
        self.errors: list[GraphQLError] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.aliases += node.alias is not None
        self.introspects |= node.name.value in INTROSPECTION

    def enter_directive(self, *_: object) -> None:
        self.directives += 1

    def enter_selection_set(self, node: SelectionSetNode, *_: object) -> None:
        names = Counter((each.alias or each.name).value for each in node.selections if isinstance(each, FieldNode))
        self.repeats = max(self.repeats, *names.values(), 0)

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        reason = unstorable_reason(node.value)
        if reason:
            self.errors.append(GraphQLError(f"A string {reason}.", node))
