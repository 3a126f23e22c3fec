"""Runs one prepared operation: checks what it costs, lets it be paid for, and executes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType] - a parameter of it is not fully typed
    subscribe,  # pyright: ignore[reportUnknownVariableType]
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from husqy_graphql.core.errors import BadUserInput, CodedError, Forbidden, QueryTooComplex, Unauthenticated
from husqy_graphql.engine.compiled import CompiledExecutor
from husqy_graphql.engine.cost import Cost
from husqy_graphql.engine.documents import PreparedOperation
from husqy_graphql.engine.errors import coded, present_errors, to_graphql_error
from husqy_graphql.engine.limits import Limits
from husqy_graphql.engine.text import unstorable_values
from husqy_graphql.gql.context import Context

Introspection = Literal["open", "signed-in", "off"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Executes operations against the schema; the one way for `/graphql` and `/v1`. Unless `compiled`, graphql-core
    alone runs them."""

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    introspection: Introspection = "open"
    compiled: bool = True

    async def execute(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: Context
    ) -> ExecutionResult:
        """The result of a query or mutation with its errors presented; raises nothing that the document or its
        variables could cause."""
        try:
            await self._admit(operation, variables, context)
        except CodedError as error:
            return ExecutionResult(None, [to_graphql_error(error)])
        context.writes = operation.type is OperationType.MUTATION
        result = self._start(operation, dict(variables), context)
        return self._presented(result if isinstance(result, ExecutionResult) else await result, context)

    async def subscribe(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: Context
    ) -> AsyncGenerator[ExecutionResult] | ExecutionResult:
        """The results of a subscription, one an event, or the one result that says why there is none.

        Close the generator to end the subscription.
        """
        try:
            await self._admit(operation, variables, context)
        except CodedError as error:
            return ExecutionResult(None, [to_graphql_error(error)])
        source = subscribe(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            hide_suggestions=True,
        )
        if not isinstance(source, ExecutionResult | AsyncIterator):
            source = await source
        if isinstance(source, ExecutionResult):
            # It never began, so there is no data, not even null: an error of the request, which has no path.
            errors = self._presented(source, context).errors or []
            return ExecutionResult(None, [_without_path(error) for error in errors])
        return self._events(cast("AsyncGenerator[ExecutionResult]", source), context)

    def _start(self, operation: PreparedOperation, variables: dict[str, Any], context: Context) -> Any:
        """The result, or an awaitable of it."""
        if self.compiled and operation.program.worth_planning():
            values = operation.variables.coerce(variables)
            if isinstance(values, list):
                return ExecutionResult(None, values)
            plan = operation.program.plan(values)
            if plan is not None:
                return CompiledExecutor(plan, values, context).run()
        return execute(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            hide_suggestions=True,
        )

    async def _admit(self, operation: PreparedOperation, variables: Mapping[str, Any], context: Context) -> None:
        unstorable = dict(islice(unstorable_values(dict(variables)), self.limits.errors))
        if unstorable:
            raise BadUserInput("A value cannot be accepted.", unstorable)
        if operation.introspects and not operation.trusted:
            self._admit_introspection(context)
        cost = operation.cost.of(variables)
        self._check_cost(operation, cost, context)
        await context.budget.charge(cost.points)

    def _admit_introspection(self, context: Context) -> None:
        if self.introspection == "off":
            raise Forbidden("Introspection is switched off here. The schema is published as a file.")
        if self.introspection == "signed-in" and context.anonymous:
            raise Unauthenticated("Introspection needs a credential here. The schema is published as a file.")

    def _check_cost(self, operation: PreparedOperation, cost: Cost, context: Context) -> None:
        if context.stored:
            return
        _check("nodes", "objects", cost.nodes, self.limits.nodes)
        if not operation.trusted:
            most = self.limits.anonymous_cost if context.anonymous else self.limits.cost
            _check("cost", "points", cost.points, most)

    def _presented(self, result: ExecutionResult, context: Context) -> ExecutionResult:
        if result.errors:
            return ExecutionResult(result.data, present_errors(result.errors, context.request_id, self.limits.errors))
        return result

    async def _events(
        self, source: AsyncGenerator[ExecutionResult], context: Context
    ) -> AsyncGenerator[ExecutionResult]:
        """One result an event. What ends the source early becomes the last result, without data."""
        async with aclosing(source):
            try:
                async for result in source:
                    yield self._presented(result, context)
            except Exception as error:  # noqa: BLE001 - masked and logged
                original = error.original_error if isinstance(error, GraphQLError) else error
                yield ExecutionResult(None, [to_graphql_error(coded(original or error, context.request_id))])


def _without_path(error: GraphQLError) -> GraphQLError:
    return GraphQLError(
        error.message, error.nodes, original_error=error.original_error, extensions=dict(error.extensions or {})
    )


def _check(limit: str, what: str, value: int, maximum: int) -> None:
    if value > maximum:
        raise QueryTooComplex(
            f"The operation asks for up to {value} {what}; at most {maximum} are taken. Select less, or smaller pages.",
            limit,
            maximum,
            value,
        )
