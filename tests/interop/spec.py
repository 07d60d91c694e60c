"""Validates what passed the relay against Kalshi's own OpenAPI and AsyncAPI files.

Runs in an environment of its own: python -m tests.interop.spec SPEC_DIR RECORD CLIENT SHEET. The
schemas' meaning is jsonschema's; only OpenAPI's `nullable` is rewritten, in `schemas`.
"""

# Validator and YAML reader are installed in .interop/spec only, so ours cannot see their types.
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.interop.schemas import Document, Operation, frame_schema, undeclared, without_nullable
from tests.interop.sheet import Check, Sheet

# Fields that the venue was recorded to send and the files do not know: the end of the path, and
# the evidence. Any other is a finding.
KNOWN = {
    "market.liquidity_dollars": "left the OpenAPI, still sent by the venue; kalshi-sdk requires it",
    "markets[].liquidity_dollars": "as market.liquidity_dollars",
    "error": "an error is documented as {code, message}, recorded as {error: {code, message}}",
    "msg": "a bad query is documented as {code, message}, recorded as {msg}",
}
JSON_TYPE = "application/json"


class Judge:
    """Both documents, and what was validated against each of their schemas.

    What a stranger sends against the specification is its own affair and a note; what we send, and
    what the exchange answers, is a failure.
    """

    def __init__(self, folder: Path, *, is_ours: bool) -> None:
        self._is_ours = is_ours
        self.rest = Document(without_nullable(_load(folder / "openapi.yaml")))
        self.stream = Document(without_nullable(_load(folder / "asyncapi.yaml")))
        self.seen: Counter[str] = Counter()
        self.problems: dict[str, str] = {}
        self.notes: dict[str, str] = {}

    def judge(self, passed: dict[str, Any]) -> None:
        """Validate one exchange or frame."""
        if passed["kind"] == "rest":
            self._rest(passed)
        else:
            text = passed["answer"] or passed["sent"]
            self._frame(json.loads(text), is_command=passed["kind"] == "command")

    def _rest(self, passed: dict[str, Any]) -> None:
        path = passed["target"].partition("?")[0].removeprefix("/trade-api/v2")
        found = self.rest.operation(passed["method"], path)
        if found is None:
            self._told(f"{passed['method']} {path}", ["no such operation in the OpenAPI"])
            return
        self._request(found, passed)
        name = f"{found.name} {passed['status']}"
        schema = found.response(passed["status"])
        if schema is None and passed["status"] not in found.statuses:
            self.notes[name] = "this status is not documented for the operation"
        if passed["answer"] and schema is not None:
            self._told(name, self._problems(self.rest, schema, json.loads(passed["answer"])))
        else:
            self._told(name, [])

    def _request(self, found: Operation, passed: dict[str, Any]) -> None:
        query = passed["target"].partition("?")[2]
        if query:
            name = f"{found.name} query"
            self._sent(name, list(found.query_problems(query)))
        if passed["sent"]:
            schema, problems = found.request, []
            if schema is None:
                problems.append("a body where none is documented")
            else:
                problems += self._problems(self.rest, schema, json.loads(passed["sent"]))
            if passed["content_type"] != JSON_TYPE:
                problems.append(f"Content-Type {passed['content_type'] or 'missing'}")
            self._sent(f"{found.name} request", problems)

    def _frame(self, frame: dict[str, Any], *, is_command: bool) -> None:
        found = frame_schema(self.stream, frame, is_command=is_command)
        kind = str(frame.get("cmd") if is_command else frame.get("type"))
        problems = (
            ["no message of this type in the AsyncAPI"]
            if found is None
            else self._problems(self.stream, found, frame)
        )
        if is_command:
            self._sent(f"command {kind}", problems)
            return
        msg = frame.get("msg", {})
        event = msg.get("event_type", "") if isinstance(msg, dict) else ""
        self._told(f"{kind} {event}".strip(), problems)

    def _problems(self, document: Document, schema: Any, instance: object) -> list[str]:
        found = list(self._broken(document, schema, instance))
        for path in undeclared(document, schema, instance):
            known = next((end for end in KNOWN if path == end or path.endswith(f".{end}")), "")
            if known:
                self.notes[known] = KNOWN[known]
            else:
                found.append(f"{path} is not in the schema")
        return found

    def _told(self, name: str, problems: list[str]) -> None:
        self.seen[name] += 1
        for problem in problems:
            self.problems.setdefault(name, problem)

    def _sent(self, name: str, problems: list[str]) -> None:
        if self._is_ours or not problems:
            self._told(name, problems)
        else:
            self.notes[f"{name} (the client's own)"] = problems[0]

    def _broken(self, document: Document, schema: Any, instance: object) -> Iterator[str]:
        whole = {"components": document.root["components"], "allOf": [schema]}
        formats = FormatChecker(["date-time", "uuid"])
        checker = Draft202012Validator(whole, format_checker=formats)
        for error in checker.iter_errors(instance):
            where = ".".join("[]" if isinstance(p, int) else p for p in error.absolute_path)
            yield f"{where or 'the whole'}: {error.message[:160]}"


def run(folder: Path, record: Path, client: str) -> Sheet:
    """Everything that one client caused."""
    judge = Judge(folder, is_ours=client == "ours")
    lines = record.read_text(encoding="utf-8").splitlines()
    passed = [row for row in map(json.loads, lines) if row["client"] == client]
    for row in passed:
        judge.judge(row)
    rest, stream = judge.rest.root["info"]["version"], judge.stream.root["info"]["version"]
    sheet = Sheet(f"specification, {client}", f"{rest} / {stream}")
    sheet.checks += [Check(name, judge.problems.get(name, "")) for name in sorted(judge.seen)]
    sheet.notes.update(judge.notes)
    what = f"{len(passed)} exchanges, frames and commands by jsonschema {version('jsonschema')}"
    sheet.note("validated", what)
    return sheet


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).write(Path(sys.argv[4]))
