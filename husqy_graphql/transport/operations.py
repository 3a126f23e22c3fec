"""From a request's parameters to the operation that runs, for every transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from graphql import ExecutionResult, GraphQLError

from husqy_graphql.core.errors import BadUserInput, CodedError, DocumentNotTrusted, PersistedQueryNotFound, TimedOut
from husqy_graphql.engine.documents import DocumentStore, PreparedDocument, PreparedOperation, document_hash
from husqy_graphql.engine.errors import to_graphql_error
from husqy_graphql.engine.execution import Engine
from husqy_graphql.gql.context import Context
from husqy_graphql.gql.scalars import format_datetime
from husqy_graphql.transport.parameters import GraphQLParameters


@dataclass(frozen=True, slots=True)
class Operations:
    """Finds operations, and runs them. `trusted_only` takes no other documents than the trusted ones. `deadline` is in
    seconds."""

    engine: Engine
    documents: DocumentStore
    trusted_only: bool = False
    deadline: float = 10.0

    def find(self, parameters: GraphQLParameters) -> PreparedOperation | ExecutionResult:
        """The operation that is asked for, or the result that says what is wrong with it."""
        try:
            prepared = self._document(parameters)
            if prepared.errors:
                return ExecutionResult(None, list(prepared.errors))
            operation = prepared.operation(parameters.operation_name)
            return _no_operation(parameters, prepared) if operation is None else operation
        except CodedError as error:
            return ExecutionResult(None, [to_graphql_error(error)])

    async def run(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: Context
    ) -> ExecutionResult:
        """The result of a query or mutation, stopped at the deadline."""
        try:
            async with asyncio.timeout(self.deadline):
                return await self.engine.execute(operation, variables, context)
        except TimeoutError:
            error = TimedOut(f"The operation took longer than {self.deadline:g} seconds and was stopped.")
            return ExecutionResult(None, [to_graphql_error(error)])

    async def subscribe(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: Context
    ) -> AsyncGenerator[ExecutionResult] | ExecutionResult:
        """The results of a subscription; only its beginning has a deadline."""
        try:
            async with asyncio.timeout(self.deadline):
                return await self.engine.subscribe(operation, variables, context)
        except TimeoutError:
            error = TimedOut(f"The subscription did not begin within {self.deadline:g} seconds.")
            return ExecutionResult(None, [to_graphql_error(error)])

    def _document(self, parameters: GraphQLParameters) -> PreparedDocument:
        if parameters.document_id is not None:
            trusted = self.documents.trusted.get(parameters.document_id)
            if trusted is None:
                raise PersistedQueryNotFound("There is no trusted document with this `documentId`.")
            return trusted
        key = parameters.persisted_hash
        if parameters.query is None:
            persisted = self.documents.persisted(key) if key is not None else None
            if persisted is None:
                # Clients of automatic persisted queries look for this very word.
                raise PersistedQueryNotFound("PersistedQueryNotFound")
            return persisted
        return self._ad_hoc(parameters.query, key)

    def _ad_hoc(self, text: str, key: str | None) -> PreparedDocument:
        if key is not None and key != document_hash(text):
            raise BadUserInput("`sha256Hash` is not the SHA-256 of `query`.")
        trusted = self.documents.trusted.get(f"sha256:{document_hash(text)}") if self.documents.trusted else None
        if trusted is not None:
            return trusted
        if self.trusted_only:
            raise DocumentNotTrusted("Only trusted documents are taken here: send the `documentId` of one.")
        if key is not None:
            self.documents.persist(text)
        return self.documents.get(text)


def response_body(
    result: ExecutionResult, parameters: GraphQLParameters | None = None, context: Context | None = None
) -> dict[str, Any]:
    """The specification's response, errors first. Its `extensions` tell the cost to who asked for it in the request's
    own `extensions`: `{"cost": true}`."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    if was_executed(result):
        body["data"] = result.data
    if parameters is not None and context is not None and parameters.extensions.get("cost") is True:
        body["extensions"] = {"cost": _shown_cost(context)}
    return body


def was_executed(result: ExecutionResult) -> bool:
    """Whether there is data; a request that GraphQL refused has none, one whose root became null has it as null."""
    return result.data is not None or any(error.path for error in result.errors or ())


def _shown_cost(context: Context) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"points": context.budget.points}
    now = context.resources.clock()
    for name, state in context.budget.states.items():
        shown[name] = {
            "limit": state.policy.points,
            "remaining": int(state.remaining),
            "resetAt": format_datetime(now + timedelta(seconds=state.full_in)),
        }
    return shown


def _no_operation(parameters: GraphQLParameters, prepared: PreparedDocument) -> ExecutionResult:
    if parameters.operation_name is not None:
        message = f"The document has no operation named {parameters.operation_name!r}."
    elif prepared.operations:
        message = "The document has several operations: name one in `operationName`."
    else:
        message = "The document has no operation."
    error: GraphQLError = to_graphql_error(BadUserInput(message))
    return ExecutionResult(None, [error])
