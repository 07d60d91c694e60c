"""Finding the schema for a request, an answer or a frame in an OpenAPI or AsyncAPI document. Pure.

Standard library only. What a schema means is the validator's business; here is only which one
applies, OpenAPI 3.0's `nullable`, and which fields a document has that no schema knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Schema = dict[str, Any]


def without_nullable(node: Any) -> Any:
    """The same document with `nullable: true` written as JSON Schema does."""
    if isinstance(node, list):
        return [without_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: without_nullable(value) for name, value in node.items()}
    if found.get("nullable") is not True:
        return found
    del found["nullable"]
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    if isinstance(found.get("type"), str):
        return found | {"type": [found["type"], "null"]}
    return {"anyOf": [found, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    document: Document
    name: str
    body: Schema

    @property
    def statuses(self) -> set[int]:
        """The documented ones."""
        return {int(code) for code in self.body["responses"] if code.isdecimal()}

    @property
    def request(self) -> Schema | None:
        """The schema of the body that may be sent."""
        found = self.body.get("requestBody")
        return None if found is None else _json(self.document.resolve(found))

    def response(self, status: int) -> Schema | None:
        """The schema of an answer."""
        found = self.body["responses"].get(str(status))
        return None if found is None else _json(self.document.resolve(found))

    def query_problems(self, query: str) -> Iterator[str]:
        """Parameters that are not documented, and values outside an enumeration."""
        declared = [self.document.resolve(p) for p in self.body.get("parameters", [])]
        known = {p["name"]: self.document.resolve(p["schema"]) for p in declared
                 if p["in"] == "query"}  # fmt: skip
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                yield f"query parameter {name} is not documented"
            elif "enum" in known[name] and value not in known[name]["enum"]:
                yield f"{name}={value}: accepted are {known[name]['enum']}"
            elif known[name].get("type") == "integer" and not value.lstrip("-").isdecimal():
                yield f"{name}={value}: an integer is wanted"


class Document:
    """A whole OpenAPI or AsyncAPI file."""

    def __init__(self, root: Any) -> None:
        self.root = root

    def resolve(self, node: Any) -> Any:
        """Follow a reference."""
        while isinstance(node, dict) and "$ref" in node:
            found = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a request; a path without parameters comes before one with them."""
        for template in sorted(self.root["paths"], key=lambda text: text.count("{")):
            pattern = re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(template))
            body = self.root["paths"][template].get(method.lower())
            if body is not None and re.fullmatch(pattern, path):
                return Operation(self, f"{method} {template}", body)
        return None


def frame_schema(document: Document, frame: Schema, *, is_command: bool) -> Schema | None:
    """The payload that a frame claims to be, by its `type`, or a command by its `cmd`.

    A type that several messages share (market lifecycle, `ok`) is any of them.
    """
    word = "cmd" if is_command else "type"
    found = []
    for message in document.root["components"]["messages"].values():
        payload = document.resolve(message.get("payload", {}))
        kind = document.resolve(payload.get("properties", {}).get(word, {}))
        accepted = [kind["const"]] if "const" in kind else kind.get("enum", [])
        if frame.get(word) in accepted:
            found.append(payload)
    unique = [payload for at, payload in enumerate(found) if payload not in found[:at]]
    if len(unique) > 1:
        return {"anyOf": unique}
    return unique[0] if unique else None


def undeclared(document: Document, schema: Any, instance: object, at: str = "") -> Iterator[str]:
    """The fields of an instance that its schema does not speak of, as dotted paths."""
    if isinstance(instance, list):
        for part in _parts(document, schema):
            for item in instance if "items" in part else []:
                yield from undeclared(document, part["items"], item, f"{at}[]")
        return
    if not isinstance(instance, dict):
        return
    parts = [part for part in _parts(document, schema) if _is_object(part)]
    is_open = not parts or any(_takes_more(part) for part in parts)
    for name, value in instance.items():
        homes = [part["properties"][name] for part in parts if name in part.get("properties", {})]
        path = f"{at}.{name}".removeprefix(".")
        if not homes and not is_open:
            yield path
        elif homes:
            # A field of several alternatives is known where one of them knows it.
            yield from min((list(undeclared(document, home, value, path)) for home in homes),
                           key=len)  # fmt: skip


def _parts(document: Document, schema: Any) -> list[Schema]:
    """A schema and all that it is made of."""
    schema = document.resolve(schema)
    if not isinstance(schema, dict):
        return []
    found = [schema]
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(word, []):
            found += _parts(document, inner)
    return found


def _is_object(part: Schema) -> bool:
    return "properties" in part or part.get("type") == "object" or "additionalProperties" in part


def _takes_more(part: Schema) -> bool:
    """Free-form objects: `additionalProperties`, or an object of which nothing is said."""
    return bool(part.get("additionalProperties")) or "properties" not in part


def _json(holder: Schema) -> Schema | None:
    content: Schema = holder.get("content", {})
    found: Schema | None = content.get("application/json", {}).get("schema")
    return found
