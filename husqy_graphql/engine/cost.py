"""What an operation may cost, known before it runs: points for the rate limits, objects for their number.

An object is 1 point, a scalar nothing, and a list multiplies what stands below it: a connection by its `first`, a list
of ids by their number, any other list by 5. A mutation is 10 points more, introspection 10. A field that is selected
twice counts twice, and what `@skip` leaves out counts too: the cost is known without running anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from husqy_graphql.engine.limits import INTROSPECTION
from husqy_graphql.gql.connections import PAGE_DEFAULT, PAGE_MAX

LIST_SIZE = 5
MUTATION_POINTS = 10
INTROSPECTION_POINTS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """`points` are paid out of the rate limits, `nodes` are the most objects that an answer can have."""

    points: int
    nodes: int


@dataclass(frozen=True, slots=True)
class ListSize:
    """How long a list is: a number, or what a variable says."""

    number: int
    variable: str | None = None

    def given(self, variables: Mapping[str, Any]) -> int:
        if self.variable is None:
            return self.number
        value = variables.get(self.variable, self.number)
        if isinstance(value, list):
            return len(cast("list[object]", value))
        # What is no page size is refused by the field, at no cost.
        return value if isinstance(value, int) and 0 < value <= PAGE_MAX else self.number


@dataclass(frozen=True, slots=True)
class CostPlan:
    """The cost of a selection, but for the lengths of lists that the variables decide."""

    points: int = 0
    nodes: int = 0
    size: ListSize = ListSize(1)
    below: tuple[CostPlan, ...] = ()

    def of(self, variables: Mapping[str, Any]) -> Cost:
        """The cost under these variables; at least one point."""
        points, nodes = _evaluate(self, variables, {})
        return Cost(max(1, points), nodes)


def plan_cost(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> CostPlan:
    """The plan of an operation of a document that was validated against the schema."""
    root = schema.get_root_type(operation.operation)
    assert root is not None  # the document is valid
    planner = _Planner(schema, fragments, _defaults(operation), {})
    mutations = operation.operation is OperationType.MUTATION
    plan = CostPlan(below=planner.selections(operation.selection_set, root, ListSize(1), mutations=mutations))
    if _depends_on_variables(plan, set()):
        return plan
    points, nodes = _evaluate(plan, {}, {})
    return CostPlan(points, nodes)


def _depends_on_variables(plan: CostPlan, seen: set[int]) -> bool:
    if id(plan) in seen:  # a fragment's plan hangs in several places
        return False
    seen.add(id(plan))
    return plan.size.variable is not None or any(_depends_on_variables(each, seen) for each in plan.below)


def _evaluate(plan: CostPlan, variables: Mapping[str, Any], known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    found = known.get(id(plan))
    if found is None:
        points, nodes = plan.points, plan.nodes
        size = plan.size.given(variables)
        for each in plan.below:
            below_points, below_nodes = _evaluate(each, variables, known)
            points += size * below_points
            nodes += size * below_nodes
        found = known[id(plan)] = points, nodes
    return found


@dataclass(frozen=True, slots=True)
class _Planner:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Mapping[str, ValueNode | None]
    # By fragment and page size: the items of a connection may be selected through a fragment.
    known: dict[tuple[str, ListSize], CostPlan]

    def selections(
        self, selection_set: SelectionSetNode, parent: GraphQLNamedType, page: ListSize, *, mutations: bool = False
    ) -> tuple[CostPlan, ...]:
        plans: list[CostPlan] = []
        for selection in selection_set.selections:
            match selection:
                case FieldNode():
                    plan = self._field(selection, parent, page, mutation=mutations)
                    if plan is not None:
                        plans.append(plan)
                case FragmentSpreadNode():
                    plans.append(self._spread(selection.name.value, page, mutations=mutations))
                case InlineFragmentNode(type_condition=None):
                    plans += self.selections(selection.selection_set, parent, page, mutations=mutations)
                case InlineFragmentNode(type_condition=NamedTypeNode() as condition):
                    on = self.schema.type_map[condition.name.value]
                    plans += self.selections(selection.selection_set, on, page, mutations=mutations)
                case _:
                    pass
        return tuple(plans)

    def _spread(self, name: str, page: ListSize, *, mutations: bool) -> CostPlan:
        if (name, page) not in self.known:
            fragment = self.fragments[name]
            on = self.schema.type_map[fragment.type_condition.name.value]
            below = self.selections(fragment.selection_set, on, page, mutations=mutations)
            self.known[name, page] = CostPlan(below=below)
        return self.known[name, page]

    def _field(self, node: FieldNode, parent: GraphQLNamedType, page: ListSize, *, mutation: bool) -> CostPlan | None:
        if node.name.value in INTROSPECTION:
            return CostPlan(INTROSPECTION_POINTS)
        own = MUTATION_POINTS if mutation else 0
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or node.name.value not in parent.fields:
            return None  # __typename
        # Any: pyright cannot follow graphql-core's recursive type of types.
        kind: Any = parent.fields[node.name.value].type
        of = cast("GraphQLNamedType", get_named_type(kind))
        if not is_composite_type(of):
            return CostPlan(own) if own else None
        size = self._size(node, kind, parent, page)
        # Edges and page infos only hold what is counted beside them.
        counted = 0 if of.name.endswith("Edge") or of.name == "PageInfo" else 1
        inner = self._argument(node, "first", PAGE_DEFAULT) if of.name.endswith("Connection") else ListSize(1)
        below = self.selections(node.selection_set, of, inner) if node.selection_set else ()
        if size == ListSize(1):
            return CostPlan(own + counted, counted, below=below)
        return CostPlan(own, 0, size, (CostPlan(counted, counted, below=below),))

    def _size(self, node: FieldNode, kind: Any, parent: GraphQLNamedType, page: ListSize) -> ListSize:
        if not _is_list(kind):
            return ListSize(1)
        if parent.name.endswith("Connection"):
            return page
        return self._argument(node, "ids", LIST_SIZE)

    def _argument(self, node: FieldNode, name: str, otherwise: int) -> ListSize:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return self._length(argument.value, otherwise)
        return ListSize(otherwise)

    def _length(self, value: ValueNode, otherwise: int) -> ListSize:
        match value:
            case IntValueNode(value=digits):
                number = int(digits) if digits.isdigit() and len(digits) <= 3 else 0
                return ListSize(number if 0 < number <= PAGE_MAX else otherwise)
            case ListValueNode():
                return ListSize(len(value.values))
            case VariableNode():
                name = value.name.value
                default = self.defaults.get(name)
                number = self._length(default, otherwise).number if default is not None else otherwise
                return ListSize(number, name)
            case _:
                return ListSize(otherwise)


def _defaults(operation: OperationDefinitionNode) -> dict[str, ValueNode | None]:
    return {each.variable.name.value: each.default_value for each in operation.variable_definitions or ()}


def _is_list(kind: Any) -> bool:
    return str(kind).startswith("[")
