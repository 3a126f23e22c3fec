"""The HTML of the REST documentation. Everything that comes out of the document is escaped here, and only here."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from husqy_graphql.core.errors import ErrorCode
from husqy_graphql.transport.openapi_schema import Field, children, example, resolve, type_of

METHODS: Final = ("get", "post", "put", "patch", "delete")
# A longer list of operations is folded, so that its table of contents stays one.
_LONGEST_OPEN_LIST = 40
_LONGEST_LINE = 96
# In double quotes, so that the shell puts the credential in.
_FROM_SHELL: Final = '"Authorization: Bearer $HUSQY_TOKEN"'
_MEANINGS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.BAD_USER_INPUT: "A value cannot be accepted; `errors` names every one, with a pointer to it.",
    ErrorCode.UNAUTHENTICATED: "There is no credential, or one that is wrong, expired or revoked.",
    ErrorCode.FORBIDDEN: "The credential is valid and may not do this.",
    ErrorCode.NOT_FOUND: "It is not there, or there is no such path.",
    ErrorCode.METHOD_NOT_ALLOWED: "The path does not take this method; `Allow` says which ones it takes.",
    ErrorCode.NOT_ACCEPTABLE: "The client accepts no form that the answer has.",
    ErrorCode.CONFLICT: "The state of things forbids it: a module is off, a limit is reached, it exists already.",
    ErrorCode.PAYLOAD_TOO_LARGE: "The request's body is too large.",
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: "The body is not sent as JSON.",
    ErrorCode.RATE_LIMITED: "Too much in too short a time; `Retry-After` says how long to wait.",
    ErrorCode.DISCORD_REFUSED: "Discord understood, and said no.",
    ErrorCode.INTERNAL: "A defect of ours; quote the request id that it names.",
    ErrorCode.UNAVAILABLE: "Something that is needed does not answer; `Retry-After` says when to try again.",
    ErrorCode.TIMEOUT: "It took too long and was stopped.",
}


@dataclass(frozen=True, slots=True)
class Links:
    """What the page points at: its own files, the address of the API, the credential of its examples, and whether
    there is an explorer."""

    style: str
    favicon: str
    address: str
    credential: str | None
    explorer: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the document with its place in the page."""

    method: str
    path: str
    tag: str
    anchor: str
    definition: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.definition.get("summary") or self.definition.get("operationId") or self.path)

    @property
    def anonymous(self) -> bool:
        return self.definition.get("security") == []


def render_docs(document: Mapping[str, Any], links: Links) -> str:
    """The whole page."""
    operations = _operations(document)
    tags = _tags(document, operations)
    title = f"{escape(str(document['info']['title']))} REST API"
    sections = "\n".join(
        _section(document, name, description, [each for each in operations if each.tag == name], links)
        for name, description in tags
    )
    explorer = '<a href="/">GraphQL explorer</a> ' if links.explorer else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{escape(links.favicon)}">
<link rel="stylesheet" href="{escape(links.style)}">
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header class="bar"><p class="brand"><img src="{escape(links.favicon)}" alt="" width="24" height="24">{title}
<span class="quiet">{escape(str(document["info"].get("version", "")))}</span></p>
<nav aria-label="Elsewhere">{explorer}<a href="/v1/openapi.json">openapi.json</a></nav></header>
<div class="columns">
<nav class="contents" aria-label="Contents">
{_contents(tags, operations)}
</nav>
<main id="content" tabindex="-1">
<h1>{title}</h1>
{_prose(document["info"].get("description", ""))}
{_introduction(links)}
{sections}
{_problems()}
</main>
</div>
</body>
</html>
"""


def _operations(document: Mapping[str, Any]) -> list[Operation]:
    operations: list[Operation] = []
    used: Counter[str] = Counter()
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            definition = {
                **item[method],
                "parameters": [*item.get("parameters", ()), *item[method].get("parameters", ())],
            }
            slug = _slug(str(definition.get("operationId") or f"{method} {path}"))
            used[slug] += 1
            anchor = f"op-{slug}" if used[slug] == 1 else f"op-{slug}-{used[slug]}"
            tag = str((definition.get("tags") or ["Other"])[0])
            operations.append(Operation(method.upper(), path, tag, anchor, definition))
    return operations


def _tags(document: Mapping[str, Any], operations: Sequence[Operation]) -> list[tuple[str, str]]:
    """(name, description) of every tag that has an operation, in the document's order."""
    described = {str(tag["name"]): str(tag.get("description", "")) for tag in document.get("tags", ())}
    used = {operation.tag for operation in operations}
    names = dict.fromkeys((*described, *(operation.tag for operation in operations)))
    return [(name, described.get(name, "")) for name in names if name in used]


def _contents(tags: Sequence[tuple[str, str]], operations: Sequence[Operation]) -> str:
    unfolded = " open" if len(operations) <= _LONGEST_OPEN_LIST else ""
    parts: list[str] = []
    for name, _ in tags:
        inside = [operation for operation in operations if operation.tag == name]
        links = "\n".join(
            f'<li><a href="#{escape(each.anchor)}">{_method(each.method)} {_inline(each.title)}</a></li>'
            for each in inside
        )
        parts.append(
            f'<details{unfolded}><summary>{escape(_shown(name))} <span class="quiet">{len(inside)}</span></summary>'
            f"<ul>{links}</ul></details>"
        )
    return "\n".join((*parts, '<p><a href="#problems">Errors</a></p>'))


def _introduction(links: Links) -> str:
    credential = (
        f"<p>The examples use the demo world's owner, <code>{escape(links.credential)}</code>.</p>"
        if links.credential
        else "<p>The examples take the credential from <code>$HUSQY_TOKEN</code>.</p>"
    )
    return (
        "<p>Send <code>Authorization: Bearer</code> with a Discord access token or an API key. "
        'An answer is <code>{"data": …}</code> with status 200; everything else is a '
        f'<a href="#problems">problem</a>.</p>\n{credential}'
    )


def _section(
    document: Mapping[str, Any], name: str, description: str, operations: Sequence[Operation], links: Links
) -> str:
    articles = "\n".join(_article(document, operation, links) for operation in operations)
    anchor = _tag_anchor(name)
    return (
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(_shown(name))}</h2>\n{_prose(description)}\n'
        f"{articles}</section>"
    )


def _article(document: Mapping[str, Any], operation: Operation, links: Links) -> str:
    definition = operation.definition
    parameters = [_parameter(document, given) for given in definition["parameters"]]
    body = _json_schema(document, definition.get("requestBody"))
    fields = [*parameters, *(children(document, body) if body is not None else ())]
    anonymous = '<p class="quiet">Needs no credential.</p>' if operation.anonymous else ""
    curl = escape(_curl(document, operation, body, links))
    return f"""<article id="{escape(operation.anchor)}">
<h3><a class="anchor" href="#{escape(operation.anchor)}">{_inline(operation.title)}</a></h3>
<p class="route">{_method(operation.method)} <code>{escape(operation.path)}</code></p>
{_prose(_beyond(operation.title, str(definition.get("description", ""))))}
{anonymous}
{_group("Request", _fields(document, fields, shows_required=True))}
{_answers(document, definition.get("responses", {}))}
<h4>Try it</h4>
<pre tabindex="0" aria-label="curl line for: {escape(operation.title)}"><code>{curl}</code></pre>
</article>"""


def _parameter(document: Mapping[str, Any], given: Mapping[str, Any]) -> Field:
    parameter = resolve(document, given)
    return Field(
        name=str(parameter["name"]),
        schema=parameter.get("schema", {}),
        required=bool(parameter.get("required")),
        description=str(parameter.get("description", "")),
        place=str(parameter.get("in", "")),
    )


def _answers(document: Mapping[str, Any], responses: Mapping[str, Any]) -> str:
    parts: list[str] = []
    refusals: list[str] = []
    for status, given in responses.items():
        answer = resolve(document, given)
        if status.startswith("2"):
            schema = _json_schema(document, answer)
            tree = _fields(document, children(document, schema) if schema is not None else (), shows_required=False)
            kind = f" {escape(type_of(document, schema))}" if schema is not None and not tree else ""
            parts.append(
                f'<details open><summary>{escape(status)} <span class="quiet">'
                f"{escape(str(answer.get('description', '')))}{kind}</span></summary>\n{tree}</details>"
            )
        else:
            about = escape(str(answer.get("description") or _phrase(status)))
            refusals.append(f'<li><a href="#problems">{escape(status)}</a> {about}</li>')
    if refusals:
        parts.append(f'<ul class="refusals" aria-label="Errors">{"".join(refusals)}</ul>')
    return _group("Answer", "\n".join(parts))


def _fields(
    document: Mapping[str, Any], fields: Iterable[Field], *, shows_required: bool, above: frozenset[str] = frozenset()
) -> str:
    """A nested list; a schema that holds itself is not written out again inside of itself."""
    items: list[str] = []
    for field in fields:
        badges = _badge(field.place)
        if shows_required:
            badges += _badge("required", "required") if field.required else _badge("optional")
        reference = field.reference
        repeated = reference is not None and reference in above
        nested = (
            '<p class="quiet">The same again.</p>'
            if repeated
            else _fields(
                document,
                children(document, field.schema),
                shows_required=shows_required,
                above=above | {reference} if reference else above,
            )
        )
        items.append(
            f'<li><code class="name">{escape(field.name)}</code> '
            f'<span class="type">{escape(type_of(document, field.schema))}</span> {badges}\n'
            f"{_prose(field.description)}{nested}</li>"
        )
    return f'<ul class="fields">{"".join(items)}</ul>' if items else ""


def _curl(document: Mapping[str, Any], operation: Operation, body: Mapping[str, Any] | None, links: Links) -> str:
    path, query = operation.path, list[str]()
    for given in operation.definition["parameters"]:
        field = _parameter(document, given)
        value = quote(str(example(document, field.name, field.schema)), safe="")
        if field.place == "path":
            path = path.replace(f"{{{field.name}}}", value)
        elif field.place == "query" and field.required:
            query.append(f"{field.name}={value}")
    server = str((document.get("servers") or [{"url": "/"}])[0].get("url", "/")).rstrip("/")
    address = server if re.match(r"https?://", server) else f"{links.address}{server}"
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    words = [f"curl -s{method} {shlex.quote(f'{address}{path}' + ('?' + '&'.join(query) if query else ''))}"]
    if not operation.anonymous:
        given = shlex.quote(f"Authorization: Bearer {links.credential}") if links.credential else _FROM_SHELL
        words.append(f"-H {given}")
    if body is not None:
        sent = json.dumps(example(document, "", body), ensure_ascii=False)
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(sent)}"]
    line = " ".join(words)
    return line if len(line) <= _LONGEST_LINE else " \\\n  ".join(words)


def _problems() -> str:
    rows = "\n".join(
        f"<tr><td><code>urn:husqy:problem:{code.name.lower().replace('_', '-')}</code></td><td>{code.status}</td>"
        f"<td>{escape(code.title)}</td><td>{_inline(meaning)}</td></tr>"
        for code, meaning in _MEANINGS.items()
    )
    return (
        '<section aria-labelledby="problems"><h2 id="problems">Errors</h2>\n'
        "<p>A refusal is <code>application/problem+json</code> (RFC 9457) with <code>type</code>, <code>title</code>, "
        "<code>status</code>, <code>detail</code>, <code>message</code> (the same text as <code>detail</code>) and, "
        "for values that cannot be accepted, <code>errors</code>: a list of <code>pointer</code> and "
        "<code>detail</code>.</p>\n"
        '<div class="wide" tabindex="0" role="group" aria-label="Types of problems"><table><thead><tr>'
        '<th scope="col">Type</th><th scope="col">Status</th><th scope="col">Title</th><th scope="col">Meaning</th>'
        f"</tr></thead><tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _json_schema(document: Mapping[str, Any], holder: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The schema of a JSON body; None without one."""
    content: Mapping[str, Any] = resolve(document, holder or {}).get("content", {})
    return next((media["schema"] for kind, media in content.items() if "json" in kind and "schema" in media), None)


def _beyond(title: str, description: str) -> str:
    """What a description says after the sentence that is its title already."""
    text = description.strip()
    rest = text.removeprefix(title)
    # A title that ends inside of a word is not the first sentence.
    return rest.lstrip(". \n") if text.startswith(title) and not rest[:1].isalnum() else text


def _group(title: str, content: str) -> str:
    return f"<h4>{title}</h4>\n{content}" if content else ""


def _prose(text: str) -> str:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n".join(f"<p>{_inline(paragraph)}</p>" for paragraph in paragraphs if paragraph)


def _inline(text: str) -> str:
    """Escaped text, with what stands between backticks as code."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for index, piece in enumerate(re.split(r"`([^`]+)`", text)):
        yield f"<code>{escape(piece)}</code>" if index % 2 else escape(piece)


def _method(method: str) -> str:
    return f'<span class="method {method.lower()}">{method}</span>'


def _badge(text: str, kind: str = "") -> str:
    return f'<span class="badge {kind}">{escape(text)}</span> ' if text else ""


def _tag_anchor(name: str) -> str:
    return f"tag-{_slug(name)}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _shown(tag: str) -> str:
    words = re.sub(r"[_-]+", " ", tag)
    return words[:1].upper() + words[1:]


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "Any other answer"
