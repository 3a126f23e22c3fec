"""The compiled executor answers what graphql-core answers: random schemas, data and documents through both."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, GraphQLError, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from husqy_graphql.engine.compiled import CompiledExecutor
from husqy_graphql.engine.documents import PreparedOperation, prepare_operations
from husqy_graphql.gql.scalars import format_datetime
from tests.engine.data import ROW_TYPES, SUBCLASSES, make_value
from tests.engine.generated import Schemas, World, build
from tests.engine.random_documents import Documents

# graphql-core leaves what a cancelled field would have awaited.
# Of the slow test; HUSQY_TEST_FUZZ=100000 takes about five minutes.
MANY = int(os.environ.get("HUSQY_TEST_FUZZ", "20000"))

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    # The same warning where it cannot even be written: in generated code, which has no builtins.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TAKEN: Counter[str] = Counter()


class Counting(CompiledExecutor):
    """Counts which ways were taken."""

    def _complete(self, field: Any, path: Any, value: Any) -> Any:
        TAKEN["generated"] += field.complete is not None
        TAKEN["mixed"] += field.mixed is not None
        return super()._complete(field, path, value)

    def complete_value(self, *args: Any) -> Any:
        field = self.plan.by_details.get(id(args[1]))
        if field is not None and field.complete is not None and args[0] is field.definition.type:
            TAKEN["deoptimised"] += 1
        return super().complete_value(*args)


@dataclass
class Answer:
    data: bytes
    errors: list[Any]
    effects: list[str]
    calls: list[str]
    async_calls: list[str]
    awaited: bool

    def comparable(self, *, awaited: bool) -> Any:
        """All that must be the same. Of what is awaited together, what comes first depends on when each is done."""
        errors, calls = (sorted(self.errors, key=repr), sorted(self.calls)) if awaited else (self.errors, self.calls)
        return self.data, errors, self.effects, calls, self.async_calls


@dataclass
class Case:
    """A schema with its world; asked in two ways."""

    world: World

    async def ask(self, operation: PreparedOperation, values: dict[str, Any], *, compiled: bool) -> Answer:
        world = self.world
        world.calls, world.async_calls, world.effects = [], [], []
        tasks = len(asyncio.all_tasks())
        result = self._start(operation, values, compiled=compiled)
        is_async = not isinstance(result, ExecutionResult)
        if is_async:
            TAKEN["async"] += 1
            result = await result
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110 - what a failed neighbour left running
            await asyncio.sleep(0)
        errors = [_told(each) for each in result.errors or ()]
        return Answer(_written(result.data), errors, world.effects, world.calls, sorted(world.async_calls), is_async)

    def _start(self, operation: PreparedOperation, values: dict[str, Any], *, compiled: bool) -> Any:
        if compiled:
            coerced = operation.variables.coerce(values)
            if isinstance(coerced, list):
                return ExecutionResult(None, coerced)
            plan = operation.program.plan(coerced)
            TAKEN["planned"] += plan is not None
            if plan is not None:
                return Counting(plan, coerced, None).run()
        return execute(
            self.world.schema,
            operation.document,
            variable_values=values,
            operation_name=operation.name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            hide_suggestions=True,
        )


def _told(error: GraphQLError) -> Any:
    return (
        re.sub(" at 0x[0-9a-f]+", "", error.message),  # of a value that is made anew for each executor
        error.path,
        [(each.line, each.column) for each in error.locations or ()],
        repr(error.extensions),
        error.original_error.__class__.__name__,
    )


def _written(data: Any) -> bytes:
    try:
        return orjson.dumps(data, option=orjson.OPT_UTC_Z)
    except TypeError:  # an integer that no JSON writer takes
        return json.dumps(
            data, default=lambda each: format_datetime(each) if type(each) is datetime else repr(each)
        ).encode()


async def compare(seed: int, documents: int) -> None:
    """Run random documents on the random schema of a seed."""
    random = Random(seed)
    world = World(make_value=make_value)
    ROW_TYPES.clear()
    SUBCLASSES.clear()
    text = Schemas(random).text()
    build(text, world)
    case = Case(world)
    for number in range(documents):
        generated = Documents(world.schema, random)
        written = generated.text()
        if written is None:
            TAKEN["invalid"] += 1
            continue
        query, document, names = written
        operations = prepare_operations(world.schema, document, trusted=True)
        for attempt in range(6):
            world.seed = f"{seed}/{number}/{attempt}"
            world.dirt = random.choice((0.0, 0.005, 0.02, 0.08))
            operation = operations[random.choice(names) or ""]
            values = generated.values()
            expected = await case.ask(operation, values, compiled=False)
            answer = await case.ask(operation, values, compiled=True)
            awaited = expected.awaited
            assert answer.comparable(awaited=awaited) == expected.comparable(awaited=awaited), "\n".join(
                (
                    text,
                    query,
                    f"variables {values}",
                    f"seed {world.seed}, dirt {world.dirt}",
                    f"{expected}",
                    f"{answer}",
                )
            )
            TAKEN["failed"] += bool(expected.errors)
            TAKEN["executions"] += 1


def check_ways() -> None:
    """The fast ways were taken, or else graphql-core was compared with itself."""
    executions = TAKEN["executions"]
    assert TAKEN["planned"] > executions * 0.6, TAKEN
    assert TAKEN["generated"] > executions * 0.5, TAKEN
    assert executions * 0.05 < TAKEN["deoptimised"] < TAKEN["generated"] * 0.8, TAKEN
    assert TAKEN["mixed"] > executions * 0.02, TAKEN
    assert TAKEN["failed"] < executions * 0.8, TAKEN


@pytest.mark.parametrize("seed", range(0, 100, 5))
async def test_random_documents_answer_the_same(seed: int) -> None:
    TAKEN.clear()
    for each in range(seed, seed + 5):
        await compare(each, 6)
    assert TAKEN["executions"] > 140
    check_ways()


@pytest.mark.slow
@pytest.mark.timeout(1_000)
async def test_many_more_random_documents_answer_the_same() -> None:
    TAKEN.clear()
    seed = 1_000
    while TAKEN["executions"] < MANY:
        await compare(seed, 30)
        seed += 1
    check_ways()
