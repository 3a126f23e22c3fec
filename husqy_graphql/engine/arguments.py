"""Variables and arguments, coerced in the way that was found when the operation was planned.

Whatever fails here is coerced again by graphql-core, which says what is wrong.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportMissingTypeArgument=false
# graphql-core's types of types are recursive, and its hooks are half typed: pyright cannot follow them.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from typing import Any, Final, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_variable_values,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, coerce_argument
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value
from strawberry.relay import GlobalID
from strawberry.types.base import StrawberryContainer, StrawberryList, StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info
from strawberry.types.lazy_type import LazyType

NO_VARIABLES: Final = VariableValues({}, {})


@dataclass(frozen=True, eq=False)
class Variables:
    """The variables of a valid operation."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode

    @cached_property
    def signatures(self) -> tuple[GraphQLVariableSignature, ...] | None:
        """None where graphql-core must look at them each time. Looked up late, since most documents come once."""
        signatures: list[GraphQLVariableSignature] = []
        for node in self.operation.variable_definitions or ():
            signature = get_variable_signature(self.schema, node)
            if isinstance(signature, GraphQLError) or not is_leaf_type(get_named_type(signature.type)):
                return None  # objects may be nested too deeply
            signatures.append(signature)
        return tuple(signatures)

    def coerce(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values that the operation runs with, or what is wrong with those that were given."""
        if self.signatures is not None:
            values = _coerce(self.signatures, given)
            if values is not None:
                return values
        return get_variable_values(
            self.schema, self.operation.variable_definitions or (), given, max_errors=50, hide_suggestions=True
        )


def _coerce(signatures: Sequence[GraphQLVariableSignature], given: Mapping[str, Any]) -> VariableValues | None:
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature in signatures:
        name = signature.name
        if name in given:
            value = given[name]
            sources[name] = VariableValueSource(signature, value)
            written = coerce_input_value(value, signature.type)
        elif signature.default is not None:
            sources[name] = VariableValueSource(signature)
            written = coerce_default_value(signature)
        elif is_non_null_type(signature.type):
            return None
        else:
            sources[name] = VariableValueSource(signature)
            continue
        if written is Undefined:
            return None
        coerced[name] = written
    return VariableValues(sources, coerced)


@dataclass(frozen=True, slots=True)
class _FromVariable:
    """An argument whose value a variable is."""

    python_name: str
    variable: str
    nullable: bool
    default: Any  # Undefined without one


@dataclass(frozen=True, slots=True, eq=False)
class ResolverCall:
    """A call of a resolver's own function, without Strawberry's wrapper: possible where no extension stands around it
    and its arguments are scalars, enums, or lists of them."""

    function: Callable[..., Any]
    field: StrawberryField
    takes_source: bool
    info_name: str | None
    source_names: tuple[str, ...]
    fixed: Mapping[str, Any]
    variables: tuple[_FromVariable, ...]

    def keywords(self, source: Any, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The keyword arguments but for the info; None when graphql-core must coerce them."""
        keywords = {name: _own(value) for name, value in self.fixed.items()}
        for each in self.variables:
            value = values.get(each.variable, each.default)
            if value is Undefined and each.nullable:
                continue
            if value is Undefined or (value is None and not each.nullable):
                return None
            keywords[each.python_name] = _own(value)
        for name in self.source_names:
            keywords[name] = source
        return keywords

    def __call__(self, source: Any, keywords: dict[str, Any], raw_info: Callable[[], Any]) -> Any:
        """What the resolver answers; raises what it raises."""
        if self.info_name is not None:
            keywords[self.info_name] = Info(_raw_info=raw_info(), _field=self.field)
        return self.function(source, **keywords) if self.takes_source else self.function(**keywords)


def plan_call(schema: GraphQLSchema, definition: GraphQLField, node: FieldNode, of: object) -> ResolverCall | None:
    """How to call the resolver of a field; None where Strawberry's wrapper does more than that."""
    strawberry_schema: Any = getattr(schema, "_strawberry_schema", None)
    if not isinstance(of, StrawberryField) or of.base_resolver is None or of.extensions or strawberry_schema is None:
        return None
    config = strawberry_schema.config
    if config.info_class is not Info or getattr(strawberry_schema, "exception_handlers", None):
        return None
    python_names: dict[str, str] = {}
    for argument in of.arguments:
        if not _is_leaf(argument.type):
            return None
        python_names[config.name_converter.from_argument(argument)] = argument.python_name
    resolver = of.base_resolver
    fixed: dict[str, Any] = {}
    variables: list[_FromVariable] = []
    given = {argument.name.value: argument for argument in node.arguments or ()}
    for name, argument in definition.args.items():
        if name not in python_names or not is_leaf_type(get_named_type(argument.type)):
            return None
        if not is_required_argument(argument) and _has_no_default(of, python_names[name]):
            return None  # a call without it fails, and Strawberry decides when
        written = given.get(name)
        is_variable = written is not None and isinstance(written.value, VariableNode)
        value = Undefined if is_variable and is_required_argument(argument) else _written(node, name, argument, written)
        if written is not None and isinstance(written.value, VariableNode):
            nullable = not is_non_null_type(argument.type)
            variables.append(_FromVariable(python_names[name], written.value.name.value, nullable, value))
        elif value is not Undefined:
            fixed[python_names[name]] = value
    return ResolverCall(
        function=cast("Callable[..., Any]", resolver.wrapped_func),
        field=of,
        takes_source=resolver.self_parameter is not None,
        info_name=resolver.info_parameter.name if resolver.info_parameter else None,
        source_names=tuple(each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each),
        fixed=fixed,
        variables=tuple(variables),
    )


def _written(node: FieldNode, name: str, argument: GraphQLArgument, written: ArgumentNode | None) -> Any:
    """The value of an argument that no variable decides, or its default; Undefined without either."""
    found: dict[str, Any] = {}
    coerce_argument(found, node, name, argument, written, NO_VARIABLES, None, hide_suggestions=True)
    return found.get(name, Undefined)


def _has_no_default(of: StrawberryField, python_name: str) -> bool:
    assert of.base_resolver is not None
    return of.base_resolver.signature.parameters[python_name].default is Parameter.empty


def _own(value: Any) -> Any:
    """A list of its own for each call, as Strawberry gives it."""
    return list(value) if value.__class__ is list else value


def _is_leaf(of: Any) -> bool:
    """Whether Strawberry hands the value on as graphql-core coerced it, but for copying a list."""
    if isinstance(of, StrawberryOptional) and not isinstance(of, StrawberryMaybe):
        of = of.of_type
    if isinstance(of, StrawberryList):
        of = of.of_type
    if isinstance(of, StrawberryOptional) and not isinstance(of, StrawberryMaybe):
        of = of.of_type
    return of is not GlobalID and not isinstance(of, StrawberryContainer | LazyType)
