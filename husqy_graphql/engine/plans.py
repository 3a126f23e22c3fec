"""What an operation will do, decided once: its fields, how each is read, and which selections need no executor at all.

graphql-core collects the fields, so that fragments, type conditions, merging, @skip and @include are its own. A
selection whose fields are all plain becomes one generated function (codegen.py). A plan is for one set of values of the
variables in @skip and @include.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportMissingTypeArgument=false
# graphql-core's types of types are recursive, and its hooks are half typed: pyright cannot follow them.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from husqy_graphql.engine.arguments import ResolverCall, plan_call
from husqy_graphql.engine.codegen import Complete, PlainField, PlainSelection, completer
from husqy_graphql.gql.connections import Connection, Projection

# A larger document costs more to compile than it is likely to give back.
MAX_FIELDS: Final = 600

# The resolvers of a connection, which read nothing of an item but its cursor.
_EDGES: Final[object] = Connection.edges
_NODES: Final[object] = Connection.nodes
_PAGE_INFO: Final[object] = Connection.page_info


class TooManyFields(Exception):
    """The document selects more fields than are planned."""


@dataclass(slots=True, eq=False)
class FieldPlan:
    """One field of a selection: a `constant`, a `read` of its object alone, or a `call` of its resolver; without any of
    them graphql-core runs it.

    `complete` is the generated function for its values, `mixed` the selection of a single object that has fields with
    resolvers. `selections` has what is selected below by object type; for an abstract type they are added as they come.
    `projection` says of a connection what is read of its items; None where that may be all of them.
    """

    key: str
    parent: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    nodes: list[FieldNode]
    constant: str | None
    read: Callable[[Any], Any] | None
    call: ResolverCall | None
    plain: PlainField | None
    complete: Complete | None = None
    mixed: SelectionPlan | None = None
    projection: Projection | None = None
    selections: dict[GraphQLObjectType, SelectionPlan | None] = field(
        default_factory=dict[GraphQLObjectType, "SelectionPlan | None"]
    )


@dataclass(frozen=True, slots=True, eq=False)
class SelectionPlan:
    """The fields that are selected of an object type. `plain` is there when all of them are. `classes` are those whose
    instances are known to be objects of the type; `tells_its_class` says that a class is enough to know."""

    type: GraphQLObjectType
    fields: tuple[FieldPlan, ...]
    plain: PlainSelection | None
    classes: set[type]
    tells_its_class: bool


@dataclass(slots=True, eq=False)
class OperationPlan:
    """`by_details` finds the plan of a field by the identity of graphql-core's list of its nodes, which it keeps."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    variables: VariableValues
    by_details: dict[int, FieldPlan]
    root: SelectionPlan

    def selection_of(self, parent: FieldPlan, of: GraphQLObjectType) -> SelectionPlan | None:
        """What a field selects of one of its types; None where graphql-core has to look itself."""
        if of not in parent.selections:
            try:
                parent.selections[of] = _Planner(self).below(of, parent.details)
            except (TooManyFields, GraphQLError):
                parent.selections[of] = None
        return parent.selections[of]


def plan_operation(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragment_definitions: dict[str, FragmentDefinitionNode],
    variables: VariableValues,
) -> OperationPlan:
    """Plan an operation of a valid document; raises TooManyFields. `variables` need those in @skip and @include."""
    fragments = {name: FragmentDetails(node) for name, node in fragment_definitions.items()}
    root_type = schema.get_root_type(operation.operation)
    assert root_type is not None  # the document is valid
    empty = SelectionPlan(root_type, (), None, set(), tells_its_class=False)
    plan = OperationPlan(schema, operation, fragment_definitions, fragments, variables, {}, empty)
    collected = collect_fields(schema, fragments, variables, root_type, operation, hide_suggestions=True)
    plan.root = _Planner(plan).selection(root_type, collected.grouped_field_set)
    return plan


def condition_variables(*definitions: Node) -> tuple[str, ...]:
    """The variables that decide, in @skip and @include, which fields there are."""
    found = _Conditions()
    for each in definitions:
        visit(each, found)
    return tuple(sorted(found.names))


@dataclass(frozen=True, slots=True)
class _Planner:
    plan: OperationPlan

    def below(self, of: GraphQLObjectType, details: FieldDetailsList) -> SelectionPlan:
        plan = self.plan
        collected = collect_subfields(
            plan.schema, plan.fragments, plan.variables, plan.operation, of, details, hide_suggestions=True
        )
        return self.selection(of, collected.grouped_field_set)

    def selection(self, of: GraphQLObjectType, grouped: Mapping[str, FieldDetailsList]) -> SelectionPlan:
        is_root = of is self.plan.schema.get_root_type(self.plan.operation.operation)
        fields = tuple(self._field(of, key, details, is_root=is_root) for key, details in grouped.items())
        tells_its_class = not is_root and _tells_its_class(of)
        plain_fields = tuple(each.plain for each in fields if each.plain is not None)
        if tells_its_class and len(plain_fields) == len(fields):
            plain = PlainSelection(of, plain_fields)
            return SelectionPlan(of, fields, plain, plain.classes, tells_its_class)
        return SelectionPlan(of, fields, None, set(), tells_its_class)

    def _field(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList, *, is_root: bool) -> FieldPlan:
        node = details[0].node
        definition = self.plan.schema.get_field(parent, node.name.value)
        assert definition is not None  # the document is valid
        of = definition.extensions.get("strawberry-definition") if definition.extensions else None
        attribute = _attribute(definition, of)
        inline = None if is_root else _inline(definition, of)
        plan = FieldPlan(
            key=key,
            parent=parent,
            definition=definition,
            details=details,
            nodes=[each.node for each in details],
            constant=parent.name if node.name.value == "__typename" else None,
            read=attrgetter(attribute) if attribute else inline,
            call=None if inline else plan_call(self.plan.schema, definition, node, of),
            plain=None,
        )
        self.plan.by_details[id(details)] = plan
        if len(self.plan.by_details) > MAX_FIELDS:
            raise TooManyFields
        named = get_named_type(definition.type)
        selection: SelectionPlan | None = None
        if is_object_type(named):
            selection = plan.selections[named] = self.below(named, details)
            plan.projection = _projection(named, selection)
            if selection.plain is None and get_nullable_type(definition.type) is named and selection.tells_its_class:
                plan.mixed = selection
        if is_leaf_type(named) or (selection is not None and selection.plain is not None):
            plan.complete = completer(definition.type, selection and selection.plain)
            if plan.read is not None or plan.constant is not None:
                is_leaf = is_leaf_type(get_nullable_type(definition.type))
                plan.plain = PlainField(
                    key, definition.type, plan.constant, attribute, inline, None if is_leaf else plan.complete
                )
        return plan


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: Any, *_: object) -> None:
        if node.name.value in {"skip", "include"}:
            self.names.update(
                argument.value.name.value
                for argument in node.arguments or ()
                if isinstance(argument.value, VariableNode)
            )


def _projection(of: GraphQLObjectType, selection: SelectionPlan) -> Projection | None:
    """What a selection of a connection reads of its items; None where a resolver gets one, or anything is unusual."""
    if not issubclass(_origin(of), Connection):
        return None
    of_items: list[SelectionPlan | None] = []
    for each in selection.fields:
        below = each.selections.values()
        if each.read is _EDGES:
            of_edges = [field for edge in below if edge is not None for field in edge.fields]
            of_items.extend(items for field in of_edges for items in field.selections.values())
        elif each.read is _NODES:
            of_items.extend(below)
        elif each.constant is None and each.read is not _PAGE_INFO:
            return None
    attributes: set[str] = set()
    for items in of_items:
        if items is None or items.plain is None or any(each.inline or each.complete for each in items.plain.fields):
            return None
        attributes.update(each.attribute for each in items.plain.fields if each.attribute is not None)
    return Projection(_origin(get_named_type(of.fields["nodes"].type)), frozenset(attributes))


def _origin(of: Any) -> type:
    """The class whose fields the type has."""
    definition = (of.extensions or {}).get("strawberry-definition")
    return object if definition is None else definition.origin


def _attribute(definition: GraphQLField, of: object) -> str | None:
    """The attribute that Strawberry's own resolver reads."""
    if isinstance(of, StrawberryField) and of.is_basic_field and of.default_resolver is getattr:
        return of.python_name if getattr(definition.resolve, "_is_default", False) else None
    return None


def _inline(definition: GraphQLField, of: object) -> Callable[[Any], Any] | None:
    """A resolver that takes nothing but its object, so that calling it is like reading an attribute."""
    if not isinstance(of, StrawberryField) or of.base_resolver is None or of.extensions or definition.args:
        return None
    resolver = of.base_resolver
    if of.is_async or of.is_subscription or resolver.self_parameter is None:
        return None
    if resolver.info_parameter or resolver.parent_parameter or resolver.root_parameter:
        return None
    return cast("Callable[[Any], Any]", resolver.wrapped_func)


def _tells_its_class(of: GraphQLObjectType) -> bool:
    """Whether an object is known by its class; not where a type decides by itself what belongs to it."""
    definition = (of.extensions or {}).get("strawberry-definition")
    return of.is_type_of is None or (definition is not None and definition.is_type_of is None)
