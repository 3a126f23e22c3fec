"""Stored documents into endpoints: everything that can be decided before the first request.

    documents/polls.graphql ── parse, validate ──> operations ── @rest ──> Endpoint(method, paths, variables, shape)

Whatever is wrong with a document stops the start-up, all of it in one DocumentError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    build_schema,
    get_argument_values,
    parse,
    separate_operations,
    specified_rules,
    validate,
    visit,
)

from rest_compat.arguments import Arguments, read_arguments
from rest_compat.shape import Record, read_shape
from rest_compat.transform import Transform, transformer
from rest_compat.variables import Place, Variable, read_variable

PREFIX: Final = "/v1"
OPENAPI_PATH: Final = f"{PREFIX}/openapi.json"
_HERE: Final = Path(__file__).parent
_OURS: Final = frozenset({"rest", "joined", "text"})
_PATH: Final = re.compile(r"/|(/([A-Za-z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+/?")
PARAMETER: Final = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Expansion:
    """A row of the table that `@rest(each:)` names: one more route of the document.

    `path` stands for `{each}`, `constants` fill variables that the request then doesn't, and `names` says what the
    contract calls a variable here, where that is not the variable's name.
    """

    path: str
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the REST API. `paths` has the published path first, its aliases behind it. `has_body` and
    `has_query` say whether it reads a JSON body, and the query string."""

    service: str
    name: str
    id: str
    description: str
    method: str
    paths: tuple[str, ...]
    message: str | None
    anonymous: bool
    conflict: bool
    document: DocumentNode
    variables: tuple[Variable, ...]
    constants: Mapping[str, Any]
    arguments: Arguments
    shape: Record
    transform: Transform
    has_body: bool = field(init=False)
    has_query: bool = field(init=False)

    def __post_init__(self) -> None:
        places = {variable.place for variable in self.variables}
        object.__setattr__(self, "has_body", "body" in places)
        object.__setattr__(self, "has_query", "query" in places)


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One thing that is wrong with a document; `operation` is empty where it is no operation's."""

    file: str
    line: int
    operation: str
    detail: str

    def __str__(self) -> str:
        return ": ".join(part for part in (f"{self.file}:{self.line}", self.operation, self.detail) if part)


class DocumentError(Exception):
    """Stored documents that can't be served; `faults` has every reason, each with its file, line and operation."""

    def __init__(self, faults: Sequence[DocumentFault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class _Compiler:
    schema: GraphQLSchema
    validation: GraphQLSchema
    expansions: Mapping[str, Sequence[Expansion]]
    faults: list[DocumentFault]


def read_documents(folder: Path = _HERE / "documents") -> dict[str, str]:
    """The text of each `<service>.graphql` in a folder by its service."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.graphql"))}


def base_paths(service: str) -> tuple[str, ...]:
    """Where a service is served, the published place first: a module's name is written with `_`, `-` is an alias."""
    if service == "general":
        return (PREFIX,)
    names = dict.fromkeys((service.replace("-", "_"), service.replace("_", "-")))
    return tuple(f"{PREFIX}/modules/{name}" for name in names)


def compile_documents(
    schema: GraphQLSchema,
    documents: Mapping[str, str],
    *,
    expansions: Mapping[str, Sequence[Expansion]] | None = None,
) -> tuple[Endpoint, ...]:
    """The endpoints of the documents, given by service.

    `expansions` has the tables of `@rest(each:)` by name. A custom scalar's JSON schemas stand in its extensions:
    `{"json": {"request": …, "response": …}}`.
    Raises DocumentError when any document can't be served.
    """
    compiler = _Compiler(schema, _with_directives(schema), expansions or {}, [])
    endpoints: list[Endpoint] = []
    claims = {("GET", OPENAPI_PATH): "the OpenAPI document"}
    for service, text in documents.items():
        endpoints += _service(compiler, service, text, claims)
    if compiler.faults:
        raise DocumentError(compiler.faults)
    return tuple(endpoints)


def _with_directives(schema: GraphQLSchema) -> GraphQLSchema:
    """A copy of the schema that knows our directives; the public one must not."""
    ours = build_schema((_HERE / "directives.graphql").read_text(encoding="utf-8"), assume_valid=True)
    kwargs: dict[str, Any] = {**schema.to_kwargs()}
    kwargs["directives"] = (*schema.directives, *(one for one in ours.directives if one.name in _OURS))
    kwargs["types"] = (*(kwargs["types"] or ()), ours.type_map["RestMethod"])
    return GraphQLSchema(**kwargs)


def _service(compiler: _Compiler, service: str, text: str, claims: dict[tuple[str, str], str]) -> list[Endpoint]:
    file = f"{service}.graphql"
    try:
        document = parse(text)
    except GraphQLError as error:
        compiler.faults.append(DocumentFault(file, _line(error), "", error.message))
        return []
    errors = validate(compiler.validation, document, specified_rules, max_errors=1000)
    for error in errors:
        compiler.faults.append(DocumentFault(file, _line(error), _definition_at(document, error), error.message))
    if errors:
        return []
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    separate = separate_operations(document)
    endpoints: list[Endpoint] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            name = node.name.value if node.name else ""
            operation = _Operation(compiler, service, file, name, node, separate[name], fragments)
            endpoints += _endpoints(operation, claims)
    return endpoints


def _line(error: GraphQLError) -> int:
    return error.locations[0].line if error.locations else 1


def _definition_at(document: DocumentNode, error: GraphQLError) -> str:
    """The name of the operation, or of the fragment, that an error is in."""
    position = next(iter(error.positions or ()), -1)
    for node in document.definitions:
        inside = node.loc and node.loc.start <= position < node.loc.end
        if inside and isinstance(node, OperationDefinitionNode | FragmentDefinitionNode) and node.name:
            return node.name.value
    return ""


@dataclass(frozen=True, slots=True)
class _Operation:
    compiler: _Compiler
    service: str
    file: str
    name: str
    node: OperationDefinitionNode
    document: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]

    def report(self, node: Node, detail: str) -> None:
        line = node.loc.start_token.line if node.loc else 1
        self.compiler.faults.append(DocumentFault(self.file, line, self.name, detail))


def _endpoints(operation: _Operation, claims: dict[tuple[str, str], str]) -> list[Endpoint]:
    node = operation.node
    rest = next((directive for directive in node.directives or () if directive.name.value == "rest"), None)
    root = operation.compiler.schema.get_root_type(node.operation)
    if not operation.name:
        operation.report(node, "an operation needs a name")
    if node.description is None or not node.description.value.strip():
        operation.report(node, 'an operation needs a description: "What it does." before it')
    if rest is None or root is None:
        operation.report(node, "an operation needs @rest(method:, path:)")
        return []
    return _rest_endpoints(operation, rest, root, claims)


def _rest_endpoints(
    operation: _Operation, rest: DirectiveNode, root: GraphQLObjectType, claims: dict[tuple[str, str], str]
) -> list[Endpoint]:
    compiler, node = operation.compiler, operation.node
    definition = next(directive for directive in compiler.validation.directives if directive.name == "rest")
    given = get_argument_values(definition, rest)
    method: str = given["method"]
    if method == "GET" and node.operation is not OperationType.QUERY:
        operation.report(rest, "a GET must not change anything: serve a mutation by another method")
    if _PATH.fullmatch(given["path"]) is None:
        operation.report(rest, f"the path {given['path']!r} is not made of `/segment` and `/{{variable}}`")
        return []
    known = len(compiler.faults)
    shape = read_shape(compiler.schema, root, node.selection_set, operation.fragments, operation.report)
    if len(compiler.faults) > known:
        return []
    arguments = read_arguments(compiler.schema, root, node.selection_set, operation.fragments)
    endpoints: list[Endpoint] = []
    for expansion in _expansions(operation, rest, given.get("each"), given["path"]):
        own_path = given["path"].replace("{each}", expansion.path)
        paths = tuple(base + own_path.removesuffix("/") for base in base_paths(operation.service))
        _claim(operation, rest, method, paths, claims)
        endpoint = Endpoint(
            service=operation.service,
            name=operation.name,
            id=_id(operation, expansion),
            description=node.description.value if node.description else "",
            method=method,
            paths=paths,
            message=given.get("message"),
            anonymous=given["anonymous"],
            conflict=given["conflict"],
            document=_executable(operation.document),
            variables=_variables(operation, rest, own_path, given, expansion, arguments),
            constants=expansion.constants,
            arguments=arguments,
            shape=shape,
            transform=transformer(shape),
        )
        endpoints.append(endpoint)
    return endpoints


def _expansions(operation: _Operation, rest: DirectiveNode, each: str | None, path: str) -> Sequence[Expansion]:
    if each is None:
        return (Expansion(""),)
    if each not in operation.compiler.expansions:
        operation.report(rest, f"there is no table of expansions {each!r}")
    elif "{each}" not in path:
        operation.report(rest, "a path with `each` needs `{each}`")
    return operation.compiler.expansions.get(each, ())


def _id(operation: _Operation, expansion: Expansion) -> str:
    parts = [operation.service.replace("-", "_"), operation.name, *re.findall("[A-Za-z0-9]+", expansion.path)]
    return "_".join(parts)


def _claim(
    operation: _Operation,
    rest: DirectiveNode,
    method: str,
    paths: tuple[str, ...],
    claims: dict[tuple[str, str], str],
) -> None:
    for path in paths:
        route = method, PARAMETER.sub("{}", path)
        if route in claims:
            operation.report(rest, f"{method} {path} is already served by {claims[route]}")
        claims.setdefault(route, f"{operation.service}.graphql {operation.name}")


def _variables(
    operation: _Operation,
    rest: DirectiveNode,
    path: str,
    given: Mapping[str, Any],
    expansion: Expansion,
    arguments: Arguments,
) -> tuple[Variable, ...]:
    in_path = set(PARAMETER.findall(path))
    elsewhere: Place = "query" if given["method"] == "GET" or given["query"] else "body"
    names = {node.variable.name.value for node in operation.node.variable_definitions or ()}
    written = {expansion.names.get(name, name) for name in names}
    for name in sorted(in_path - written):
        operation.report(rest, f"the path has {{{name}}}, and there is no variable ${name}")
    for name in sorted((expansion.constants.keys() | expansion.names.keys()) - names):
        operation.report(rest, f"an expansion names ${name}, and there is no such variable")
    variables: list[Variable] = []
    for node in operation.node.variable_definitions or ():
        name = node.variable.name.value
        if name in expansion.constants:
            continue
        written_name = expansion.names.get(name, name)
        place: Place = "path" if written_name in in_path else elsewhere
        description = node.description.value if node.description else arguments.descriptions.get(name)
        try:
            variable = read_variable(operation.compiler.schema, node, written_name, place, description)
        except ValueError as error:
            operation.report(node, f"${name}: {error}")
        else:
            variables.append(variable)
    return tuple(variables)


class _Strip(Visitor):
    """Takes our directives out: the public schema, which runs the document, does not know them."""

    def enter_directive(self, node: DirectiveNode, *_: object) -> Any:
        return REMOVE if node.name.value in _OURS else None


def _executable(document: DocumentNode) -> DocumentNode:
    return visit(document, _Strip())
