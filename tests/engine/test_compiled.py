"""The rules of the compiled executor, one small example each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from husqy_graphql.engine import compiled
from husqy_graphql.engine.compiled import MAX_PLANS, CompiledExecutor
from husqy_graphql.engine.documents import PreparedOperation, prepare
from husqy_graphql.engine.execution import Engine
from husqy_graphql.engine.plans import MAX_FIELDS, OperationPlan
from husqy_graphql.gql.rows import Rows, RowType
from tests.conftest import Api


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Item(Named):
    number: int
    note: str | None = None


@dataclass
class Log:
    """The context: what the resolvers answer, and which were called."""

    items: Any = None
    calls: list[str] = field(default_factory=list)


Info = strawberry.Info[Log, None]


@strawberry.type
class Box:
    items: list[Item]

    @strawberry.field
    def counted(self, info: Info, by: int = 1) -> int | None:
        info.context.calls.append(f"counted {by}")
        return 2**40  # no Int


@strawberry.type
class Query:
    @strawberry.field
    def items(self, info: Info) -> list[Item | None]:
        info.context.calls.append("items")
        return info.context.items

    @strawberry.field
    def pages(self, info: Info) -> list[list[Item] | None]:
        return info.context.items

    @strawberry.field
    def named(self, info: Info) -> list[Named]:
        return info.context.items

    @strawberry.field
    async def box(self, info: Info) -> Box:
        info.context.calls.append("box")
        return Box(items=info.context.items)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def slow(self, info: Info, name: str) -> str:
        info.context.calls.append(f"begin {name}")
        await _pause()
        info.context.calls.append(f"end {name}")
        return name

    @strawberry.mutation
    def quick(self, info: Info, name: str) -> str:
        info.context.calls.append(name)
        return name


async def _pause() -> None: ...


SCHEMA: GraphQLSchema = strawberry.Schema(Query, Mutation, types=[Item])._schema


def prepared(query: str) -> PreparedOperation:
    document = prepare(SCHEMA, query, None)
    [operation] = document.operations.values()
    return operation


def plan_of(operation: PreparedOperation, **variables: Any) -> OperationPlan | None:
    values = operation.variables.coerce(variables)
    assert not isinstance(values, list)
    return operation.program.plan(values)


async def answered(query: str, items: Any = None, **variables: Any) -> tuple[ExecutionResult, Log]:
    """The compiled answer, which is graphql-core's, and what was called for it."""
    operation = prepared(query)
    plan = plan_of(operation, **variables)
    assert plan is not None
    values = operation.variables.coerce(variables)
    assert not isinstance(values, list)
    log = Log(items)
    result = CompiledExecutor(plan, values, log).run()
    result = result if isinstance(result, ExecutionResult) else await result
    expected: Any = execute(
        SCHEMA,
        operation.document,
        context_value=Log(items),
        variable_values=variables,
        executor_class=StrawberryGraphQLCoreExecutionContext,
    )
    expected = expected if isinstance(expected, ExecutionResult) else await expected
    assert result.formatted == expected.formatted
    return result, log


def rows_of(*rows: tuple[Any, ...]) -> tuple[Rows[Item], list[Any]]:
    """Rows of items, and those that were made into objects."""
    made: list[Any] = []

    def make(row: Any) -> Item:
        made.append(row)
        return Item(name=row[0], number=row[1])

    return Rows(RowType(Item, make, ("name", "number")), rows), made


async def test_a_bad_item_of_a_list_is_null_at_its_place() -> None:
    result, _ = await answered("{ items { number } }", [Item(name="a", number=1), Item(name="b", number=None)])  # type: ignore[arg-type]

    assert result.data == {"items": [{"number": 1}, None]}
    [error] = result.errors or []
    assert (error.message, error.path) == (
        "Cannot return null for non-nullable field Item.number.",
        ["items", 1, "number"],
    )


async def test_a_null_that_may_not_be_takes_its_parents_with_it() -> None:
    result, _ = await answered("{ box { items { name } } }", [Item(name=None, number=1)])  # type: ignore[arg-type]

    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["box", "items", 0, "name"]]


async def test_a_resolver_runs_once_even_when_its_value_is_refused() -> None:
    result, log = await answered("{ box { counted(by: 3) } }", [])

    assert result.data == {"box": {"counted": None}}
    assert log.calls == ["box", "counted 3"]
    [error] = result.errors or []
    assert error.message == "Int cannot represent non 32-bit signed integer value: 1099511627776"


async def test_a_wrong_class_is_an_error_in_the_fast_path_too() -> None:
    result, _ = await answered("{ items { __typename } }", [Item(name="a", number=1), object()])

    assert result.data == {"items": [{"__typename": "Item"}, None]}
    assert [error.path for error in result.errors or ()] == [["items", 1]]


async def test_rows_are_no_list_of_lists() -> None:
    rows, _ = rows_of(("a", 1), ("b", 2))
    result, _ = await answered("{ pages { name } }", rows)

    assert result.data == {"pages": [None, None]}
    assert [error.path for error in result.errors or ()] == [["pages", 0], ["pages", 1]]
    result, _ = await answered("{ pages { name } }", [rows, None, []])
    assert result.data == {"pages": [[{"name": "a"}, {"name": "b"}], None, []]}


async def test_rows_are_read_without_making_objects() -> None:
    rows, made = rows_of(("a", 1), ("b", 2))
    operation = prepared("{ items { key: number __typename name } }")
    plan = plan_of(operation)
    assert plan is not None

    result = CompiledExecutor(plan, compiled.NO_VARIABLES, Log(rows)).run()

    assert result.data == {
        "items": [{"key": 1, "__typename": "Item", "name": "a"}, {"key": 2, "__typename": "Item", "name": "b"}]
    }
    assert made == []


async def test_rows_with_what_is_no_column_or_no_value_become_objects() -> None:
    result, _ = await answered("{ items { note number } }", rows_of(("a", 1))[0])
    assert result.data == {"items": [{"note": None, "number": 1}]}

    result, _ = await answered("{ items { number } }", rows_of(("a", 1), ("b", None))[0])
    assert result.data == {"items": [{"number": 1}, None]}


async def test_objects_of_an_interface_are_found_by_their_class() -> None:
    result, _ = await answered("{ named { name ... on Item { number } } }", [Item(name="a", number=1)])

    assert result.data == {"named": [{"name": "a", "number": 1}]}


async def test_the_fields_of_a_mutation_run_one_after_the_other() -> None:
    result, log = await answered('mutation { a: slow(name: "1") b: quick(name: "2") c: slow(name: "3") }')

    assert log.calls == ["begin 1", "end 1", "2", "begin 3", "end 3"]
    assert list(result.data or {}) == ["a", "b", "c"]


def test_a_document_with_too_many_fields_is_not_planned() -> None:
    fields = " ".join(f"a{number}: number" for number in range(MAX_FIELDS))

    assert plan_of(prepared(f"{{ items {{ {fields} }} }}")) is None
    assert plan_of(prepared("{ items { number } }")) is not None


async def test_many_fields_below_an_interface_are_answered_all_the_same() -> None:
    fields = " ".join(f"a{number}: number" for number in range(MAX_FIELDS))

    result, _ = await answered(f"{{ named {{ ... on Item {{ {fields} }} }} }}", [Item(name="a", number=1)])

    assert result.errors is None


def test_each_combination_of_conditions_has_a_plan_of_its_own_up_to_the_limit() -> None:
    names = [f"c{number}" for number in range(5)]
    fields = " ".join(f"a_{name}: number @include(if: ${name})" for name in names)
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    operation = prepared(f"query ({variables}) {{ items {{ name {fields} }} }}")

    plans = [plan_of(operation, **{name: bool(bits >> at & 1) for at, name in enumerate(names)}) for bits in range(32)]

    made = [plan for plan in plans if plan is not None]
    assert len(made) == len({id(plan) for plan in made}) == MAX_PLANS
    assert plan_of(operation, **dict.fromkeys(names, False)) is plans[0]
    [items] = made[0].root.fields
    assert [each.key for each in items.selections[SCHEMA.type_map["Item"]].fields] == ["name"]  # type: ignore[index]


async def test_a_condition_that_is_null_is_graphql_cores_error() -> None:
    operation = prepared("query ($c: Boolean = false) { items { name @skip(if: $c) } }")

    assert plan_of(operation, c=None) is None
    assert plan_of(operation) is not None


async def test_an_operation_is_planned_when_it_runs_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[OperationPlan] = []
    run = CompiledExecutor.run
    monkeypatch.setattr(CompiledExecutor, "run", lambda self: (runs.append(self.plan), run(self))[1])

    first, second, third = [await api.data("{ supportedUnitSystems again: __typename }") for _ in range(3)]

    assert first == second == third
    assert len(runs) == 2
    assert runs[0] is runs[1]


async def test_with_the_setting_off_nothing_is_planned() -> None:
    engine = Engine(SCHEMA, compiled=False)
    operation = prepared("{ items { number } }")

    for _ in range(3):
        result = engine._start(operation, {}, Log([Item(name="a", number=1)]))  # type: ignore[arg-type]
        assert result.data == {"items": [{"number": 1}]}

    assert operation.program.size == 0
    assert operation.program.runs == 0
