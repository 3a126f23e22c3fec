"""Runs one operation of a validated document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType] - a parameter of it is not fully typed
    get_operation_ast,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from husqy_graphql.engine.errors import MAX_ERRORS, bad_values, present_errors
from husqy_graphql.engine.text import unstorable_values
from husqy_graphql.gql.context import Context


@dataclass(frozen=True, slots=True)
class Engine:
    """Executes documents against the schema; the one way for `/graphql` and `/v1`."""

    schema: GraphQLSchema

    async def execute(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variables: Mapping[str, Any],
        context: Context,
    ) -> ExecutionResult:
        """The result with its errors presented; raises nothing that the document or its variables could cause."""
        unstorable = dict(islice(unstorable_values(dict(variables)), MAX_ERRORS))
        if unstorable:
            return ExecutionResult(None, [bad_values(unstorable)])
        operation = get_operation_ast(document, operation_name)
        context.writes = operation is not None and operation.operation is OperationType.MUTATION
        result = execute(
            self.schema,
            document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation_name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            hide_suggestions=True,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        if result.errors:
            return ExecutionResult(result.data, present_errors(result.errors, context.request_id))
        return result
