"""The compiled executor: runs planned operations, and gives whatever is unusual back to graphql-core.

A field is run here when it is a plain read, or when its resolver can be called directly. What a value becomes is
decided by a generated function, as long as the value is exactly what the schema promises. Else graphql-core completes
that value: it never runs a resolver again. So errors, paths, nulls and the order of things are graphql-core's own.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportMissingTypeArgument=false
# graphql-core's types of types are recursive, and its hooks are half typed: pyright cannot follow them.

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import CoroutineType
from typing import Any, Final

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from husqy_graphql.engine.arguments import NO_VARIABLES
from husqy_graphql.engine.codegen import accept
from husqy_graphql.engine.plans import (
    FieldPlan,
    OperationPlan,
    SelectionPlan,
    TooManyFields,
    condition_variables,
    plan_operation,
)
from husqy_graphql.gql.connections import project

# Of an operation: each needs one more value of a variable in @skip or @include.
MAX_PLANS: Final = 16


@dataclass(eq=False)
class Program:
    """The plans of one operation, by the values of its `conditions`.

    An operation is planned when it runs for the second time, since most documents come once.
    """

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    runs: int = 0
    size: int = 0  # fields in all plans
    _plans: dict[tuple[Any, ...], OperationPlan | None] = field(
        default_factory=dict[tuple[Any, ...], OperationPlan | None]
    )

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The variables in @skip and @include, of every fragment too; first needed by the second run."""
        return condition_variables(self.operation, *self.fragments.values())

    def worth_planning(self) -> bool:
        """Whether it has run before. Asking counts as a run."""
        self.runs += 1
        return self.runs > 1

    def plan(self, variables: VariableValues) -> OperationPlan | None:
        """The plan to run with these values; None where graphql-core runs the operation itself."""
        key = tuple(variables.coerced.get(name) for name in self.conditions)
        if key not in self._plans and len(self._plans) < MAX_PLANS:
            self._plans[key] = self._plan(variables)
        return self._plans.get(key)

    def compile(self) -> None:
        """Plan it before it runs for the first time; for an operation without conditions."""
        self.runs += 1
        if not self.conditions:
            self._plans[()] = self._plan(NO_VARIABLES)

    def _plan(self, variables: VariableValues) -> OperationPlan | None:
        if self.schema.get_directive("defer") or self.schema.get_directive("stream"):
            return None
        try:
            plan = plan_operation(self.schema, self.operation, self.fragments, variables)
        except (TooManyFields, GraphQLError):
            return None  # graphql-core says what is wrong
        self.size += len(plan.by_details)
        return plan


class CompiledExecutor(Executor[Any]):
    """Runs one planned operation once; without @defer and @stream, which the schema does not have."""

    operation_extensions = None
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def __init__(self, plan: OperationPlan, variables: VariableValues, context: Any) -> None:
        super().__init__(
            plan.schema,
            plan.fragment_definitions,
            plan.fragments,
            None,
            context,
            plan.operation,
            variables,
            default_field_resolver,
            default_type_resolver,  # pyright: ignore[reportArgumentType]
            default_field_resolver,
            hide_suggestions=True,
        )
        self.plan = plan

    def run(self) -> Any:
        """The ExecutionResult, or an awaitable of it."""
        selection = self.plan.root
        try:
            data: Any
            if self.operation.operation is OperationType.MUTATION:
                data = self._run_serially(selection)
            else:
                data = self._select(selection, self.root_value, None)
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            return self.build_response(None)
        return self._await_response(data) if data.__class__ is CoroutineType else self.build_response(data)

    async def _await_response(self, awaitable: Any) -> Any:
        try:
            data = await awaitable
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            return self.build_response(None)
        return self.build_response(data)

    async def _run_serially(self, selection: SelectionPlan) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for planned in selection.fields:
            result = self._run(planned, self.root_value, None)
            results[planned.key] = await result if result.__class__ is CoroutineType else result
        return results

    def _select(self, selection: SelectionPlan, source: Any, path: Path | None) -> Any:
        """The answers of the fields of an object; a coroutine where one of them needs to be awaited."""
        results: dict[str, Any] = {}
        pending: list[str] = []
        try:
            for planned in selection.fields:
                result = results[planned.key] = self._run(planned, source, path)
                if result.__class__ is CoroutineType:
                    pending.append(planned.key)
        except Exception:
            if pending:
                self.settle_in_background([results[key] for key in pending])
            raise
        if not pending:
            return results
        return _await_one(results, pending[0]) if len(pending) == 1 else _await_all(results, pending)

    def _run(self, field: FieldPlan, source: Any, parent_path: Path | None) -> Any:
        """The answer of a field, or a coroutine of it."""
        if field.constant is not None:
            return field.constant
        path = Path(parent_path, field.key, field.parent.name)
        try:
            if field.read is not None:
                value = field.read(source)
            elif field.call is not None:
                keywords = field.call.keywords(source, self.variable_values.coerced)
                if keywords is None:
                    return self.execute_field(field.parent, source, field.details, path, None)
                value = field.call(source, keywords, lambda: self._info(field, path))
            else:
                return self.execute_field(field.parent, source, field.details, path, None)
            if value.__class__ is CoroutineType or self.is_awaitable(value):
                return self._await_field(field, path, value)
            completed = self._complete(field, path, value)
        except Exception as error:  # noqa: BLE001 - handled as graphql-core does
            self.handle_field_error(error, field.definition.type, field.details, path)
            return None
        return self._await_completed(field, path, completed) if self.is_awaitable(completed) else completed

    async def _await_field(self, field: FieldPlan, path: Path, awaitable: Any) -> Any:
        try:
            if field.projection is not None:
                awaitable = project(awaitable, field.projection)
            completed = self._complete(field, path, await awaitable)
            return await completed if self.is_awaitable(completed) else completed
        except Exception as error:  # noqa: BLE001
            self.handle_field_error(error, field.definition.type, field.details, path)
            return None

    async def _await_completed(self, field: FieldPlan, path: Path, completed: Any) -> Any:
        try:
            return await completed
        except Exception as error:  # noqa: BLE001
            self.handle_field_error(error, field.definition.type, field.details, path)
            return None

    def _complete(self, field: FieldPlan, path: Path, value: Any) -> Any:
        """The answer that a value becomes, or a coroutine of it; raises what graphql-core raises."""
        if field.complete is not None:
            try:
                return field.complete(value)
            except Exception:  # noqa: BLE001, S110 - graphql-core says what is wrong
                pass
        elif field.mixed is not None and value.__class__ in field.mixed.classes:
            return self._select(field.mixed, value, path)
        return self.complete_value(field.definition.type, field.details, self._info(field, path), path, value, None)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """An object that graphql-core has come to: in a list, or behind an abstract type."""
        field = self.plan.by_details.get(id(field_details_list))
        selection = field and self.plan.selection_of(field, return_type)
        if selection is None or not selection.tells_its_class:
            return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
        try:
            if result.__class__ not in selection.classes:
                accept(return_type, selection.classes, result)
            if selection.plain is not None:
                return selection.plain.build(result)
        except Exception:  # noqa: BLE001 - graphql-core says what is wrong
            return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
        return self._select(selection, result, path)

    def _info(self, field: FieldPlan, path: Path) -> GraphQLResolveInfo:
        return self.build_resolve_info(field.definition, field.nodes, field.parent, path)


async def _await_one(results: dict[str, Any], key: str) -> dict[str, Any]:
    results[key] = await results[key]
    return results


async def _await_all(results: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    awaited = await gather_with_cancel(*[results[key] for key in keys])
    results.update(zip(keys, awaited, strict=True))
    return results
