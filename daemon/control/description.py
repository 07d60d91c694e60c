"""The door described for other programs: OpenAPI 3.1, made of the tables that make the routes.

Refused by every route: 403 another user, 429 too many at once or in a second, 503 nothing to look
at now, 504 no answer in time; 401 too where a token is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from daemon import __version__
from daemon.analytics.scene import View
from daemon.control.answers import Refused
from daemon.control.table import JSON, Parameter, Route

_EVERYWHERE: Final = (400, 403, 429, 503, 504)
_WITH_BODY: Final = (408, 413)
_NO_TOKEN: Final = 401
_SCHEMAS: Final = "#/components/schemas/{name}"
_REFUSED: Final[View] = {"$ref": "#/components/schemas/Refused"}
_TOKEN: Final = "token"  # noqa: S105 - the scheme's name


def describe(routes: Sequence[Route], *, token: bool) -> View:
    """The whole document; `token`: whether every request needs one."""
    kinds = [kind for route in routes for kind in _kinds(route)]
    found, components = msgspec.json.schema_components([*kinds, Refused], ref_template=_SCHEMAS)
    schemas = dict(zip(kinds, found, strict=False))
    for route in routes:
        if route.takes is not None:
            components[route.takes.__name__].update(route.takes.together)
    paths: dict[str, View] = {}
    for route in routes:
        operation = _operation(route, schemas, token=token)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    view: View = {
        "openapi": "3.1.0",
        "info": {
            "title": "filld",
            "version": __version__,
            "description": "The operator's door. Numbers are text and exact, times UTC.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }
    if token:
        scheme = {"type": "http", "scheme": "bearer"}
        view["components"] = {"schemas": components, "securitySchemes": {_TOKEN: scheme}}
        view["security"] = [{_TOKEN: []}]
    return view


def _kinds(route: Route) -> list[object]:
    """The types that a route's description speaks of."""
    bodies = (route.gives, route.or_gives, route.takes)
    kinds = [kind for kind in bodies if kind is not None]
    return [*kinds, *(parameter.kind for parameter in route.parameters)]


def _operation(route: Route, schemas: Mapping[object, object], *, token: bool) -> View:
    """What one route takes and answers."""
    shape = schemas[route.gives]
    if route.or_gives is not None:
        shape = {"anyOf": [shape, schemas[route.or_gives]]}
    refused: View = {JSON: {"schema": _REFUSED}}
    answers: dict[str, View] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": refused}
        for status in _refusals(route, token=token)
    }
    if route.verdict:
        either = {"anyOf": [shape, _REFUSED]}
        answers["503"] = {"description": "No.", "content": {JSON: {"schema": either}}}
    content = {route.media: {"schema": shape}}
    answers[str(route.status)] = {"description": route.text, "content": content}
    view: View = {
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_')}",
        "summary": route.text,
        "parameters": [_parameter(parameter, schemas) for parameter in route.parameters],
        "responses": dict(sorted(answers.items())),
    }
    if route.takes is not None:
        content = {JSON: {"schema": schemas[route.takes]}}
        needed = any(field.required for field in msgspec.structs.fields(route.takes))
        view["requestBody"] = {"required": needed, "content": content}
    return view


def _refusals(route: Route, *, token: bool) -> tuple[int, ...]:
    body = () if route.takes is None else _WITH_BODY
    return (*_EVERYWHERE, *body, *((_NO_TOKEN,) if token else ()), *route.errors)


def _parameter(parameter: Parameter, schemas: Mapping[object, object]) -> View:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.text,
        "schema": schemas[parameter.kind],
    }
