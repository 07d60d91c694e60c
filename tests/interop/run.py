"""`make interop`: strangers' clients drive the paper exchange, and a table says what came of it.

The paper exchange is a process of its own, each client runs in an environment of its own behind a
relay that writes down what passes; what was written is then held against Kalshi's OpenAPI and
AsyncAPI where FILLD_SPEC_DIR names their folder. Ends with 1 when anything failed.

    make interop                                       # all of it
    make interop INTEROP_PYTHON=/path/to/python3.13    # with this interpreter
    make interop FILLD_SPEC_DIR=/path/to/specifications
    make interop ARGS=--lock                           # pin the clients anew
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.interop import environments, ours
from tests.interop.environments import ENVIRONMENTS, ROOT, Environment, UnavailableError
from tests.interop.relay import Passed, relaying, write_record
from tests.interop.room import COIN_CLIENTS, Paper, running_paper
from tests.interop.sheet import Check, Sheet, exit_code, read_sheet, table

STRANGERS = ("official", "community")
_BINANCE = ("binance_spot", "binance_usdm")
# Environment, script, the tables whose settings it is given.
COIN_DRIVES = (
    ("ccxt", "ccxt_binance", _BINANCE),
    ("ccxt", "ccxt_bitget", ("bitget_usdt_futures",)),
    ("ccxt", "ccxt_phemex", ("phemex_spot",)),
    ("python_binance", "python_binance", _BINANCE),
)
SPEC_DIR = "FILLD_SPEC_DIR"
SPEC_FILES = ("openapi.yaml", "asyncapi.yaml")
LIMIT_S = 180


async def drive_stranger(name: str, paper: Paper) -> Sheet:
    """Run a client's script in its environment."""
    environment = ENVIRONMENTS[name]
    addresses = [paper.rest_url, *([paper.ws_url] if name == "community" else [])]
    key = [paper.key_id(name), str(paper.key_file(name))]
    return await in_environment(environment, name, [*addresses, paper.admin_url, *key])


async def in_environment(
    environment: Environment, module: str, arguments: list[str], client: str = ""
) -> Sheet:
    """Run a module of ours by an environment's interpreter, and read the sheet that it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        sheet, log = Path(folder, "sheet.json"), Path(folder, "log")
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                str(environment.python),
                *("-m", f"tests.interop.{module}", *arguments, str(sheet)),
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
            try:
                async with asyncio.timeout(LIMIT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if process.returncode == 0 and sheet.is_file():
            return read_sheet(sheet)
        lines = log.read_text(encoding="utf-8").strip().splitlines()
        problem = f"exit {process.returncode}: {lines[-1] if lines else 'no word'}"
        return Sheet(client or environment.client, checks=[Check("to run", problem)])


async def drive_all(paper: Paper, python: str, record: list[Passed]) -> list[Sheet]:
    """Each client in turn, each behind its relay."""
    sheets: list[Sheet] = []
    for name in STRANGERS:
        try:
            environments.build(ENVIRONMENTS[name], python)
        except UnavailableError as error:
            skip = {"all": f"cannot be installed here: {error}"}
            sheets.append(Sheet(ENVIRONMENTS[name].client, skipped=skip))
            continue
        sheets.append(await relayed(name, paper, record, drive_stranger))
    sheets.append(await relayed("ours", paper, record, lambda _name, seen: ours.run(seen)))
    return sheets


async def drive_coins(paper: Paper, python: str) -> list[Sheet]:
    """The coin venues' clients, straight: they have no machine-readable specification."""
    sheets: list[Sheet] = []
    for name, module, tables in COIN_DRIVES:
        environment = ENVIRONMENTS[name]
        try:
            environments.build(environment, python)
        except UnavailableError as error:
            skip = {"all": f"cannot be installed here: {error}"}
            sheets.append(Sheet(environment.client, skipped=skip))
            continue
        settings = [json.dumps(paper.settings(name, table)) for table in tables]
        arguments = [paper.admin_url, *settings]
        sheets.append(await in_environment(environment, module, arguments))
    return sheets


async def relayed(
    name: str,
    paper: Paper,
    record: list[Passed],
    drive: Callable[[str, Paper], Awaitable[Sheet]],
) -> Sheet:
    """Run a drive with the exchange behind a relay."""
    async with relaying(name, paper, record) as seen:
        return await drive(name, seen)


def spec_folder(environ: dict[str, str]) -> tuple[Path | None, str]:
    """Where the specification lies, or why it is not used."""
    name = environ.get(SPEC_DIR, "")
    if not name:
        return None, f"no {SPEC_DIR} (a folder with {' and '.join(SPEC_FILES)})"
    missing = [file for file in SPEC_FILES if not Path(name, file).is_file()]
    return (None, f"{SPEC_DIR}: no {', '.join(missing)} in it") if missing else (Path(name), "")


async def judge_all(folder: Path, python: str, record: Path) -> list[Sheet]:
    """Hold what passed against the specification, client by client."""
    spec = ENVIRONMENTS["spec"]
    try:
        environments.build(spec, python)
    except UnavailableError as error:
        return [Sheet("specification", skipped={"all": f"cannot be installed here: {error}"})]
    return [
        await in_environment(
            spec, "spec", [str(folder), str(record), name], client=f"specification, {name}"
        )
        for name in (*STRANGERS, "ours")
    ]


async def run() -> list[Sheet]:
    """Everything; without a Python for the clients it is all skipped."""
    try:
        python = environments.find_python()
    except UnavailableError as error:
        return [
            Sheet(ENVIRONMENTS[name].client, skipped={"all": str(error)})
            for name in (*STRANGERS, *COIN_CLIENTS)
        ]
    record: list[Passed] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_paper(folder) as paper:
            sheets = [
                *await drive_all(paper, python, record),
                *await drive_coins(paper, python),
            ]
        spec, why = spec_folder(dict(os.environ))
        if spec is None:
            return [*sheets, Sheet("specification", skipped={"all": why})]
        write_record(record, folder / "record.jsonl")
        return [*sheets, *await judge_all(spec, python, folder / "record.jsonl")]


def main(arguments: list[str]) -> int:
    """Lock, or run and print."""
    if arguments == ["--lock"]:
        environments.lock_all()
        return 0
    if arguments:
        print(__doc__)
        return 2
    sheets = asyncio.run(run())
    print(table(sheets))
    return exit_code(sheets)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
