"""Requests made from our own OpenAPI document, right and wrong ones: none may be a bug, no answer against its schema.

`python -m tests.kit.api_fuzz --cases 5000 [--seed 1] [--only contacts] [--postgres]` runs as many as you like.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pytake_cli import clock
from pytake_cli.api.v1 import ROOT
from pytake_cli.store import Store, schema
from tests.kit import postgres
from tests.kit.api import Face, open_api, somebody
from tests.kit.stocked import KNOWN, Stock, shelve

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PATIENCE_SECONDS = 60.0  # a machine with other work is no bug of the API
NO_REQUEST = (400, 413, 431)  # without a word: what came was no HTTP, and the API never saw it


@dataclass
class Report:
    """What was seen."""

    cases: int = 0
    signed_in: int = (
        0  # cases whose login was taken: what needs no login, or came to nothing before it, is not among them
    )
    statuses: Counter[int] = field(default_factory=Counter)
    operations: int = 0
    failures: list[str] = field(default_factory=list)

    def told(self) -> str:
        seen = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        cases = f"{self.cases} cases ({self.signed_in} signed in) of {self.operations} operations"
        return f"{cases} ({seen}), {len(self.failures)} failures"


def run(face: Face, stock: Stock, cases: int, number: int = 1, only: str = "") -> Report:
    """Spreads the cases over all operations; half of them right, half of them wrong."""
    report = Report()
    with face.as_(somebody(stock.org, "*", role="SUPER_ADMIN", user_id=stock.rita.id)) as client:
        shelve(client)
        document = without_logins(client.get("/openapi.json").json())
        headers = {"authorization": client.headers["authorization"], "if-match": "*"}
    schema = schemathesis.openapi.from_dict(document)
    everything: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]
    found = [each for each in everything if only in each.path]
    found.sort(key=lambda each: each.method == "delete")  # what the others ask for is still there
    report.operations = len(found)
    before = face.signed_in
    each = max(2, -(-cases // len(found)))
    for operation in found:
        _try(operation, f"http://127.0.0.1:{face.port}", headers, stock, each, number, report)
    report.signed_in = face.signed_in - before
    return report


def without_logins(document: dict[str, Any]) -> dict[str, Any]:
    """The document as if no route asked for a login: of what has one, Schemathesis sends a fifth without it."""
    parts = {name: part for name, part in document["components"].items() if name != "securitySchemes"}
    return {name: part for name, part in document.items() if name != "security"} | {"components": parts}


def _try(
    operation: Any, url: str, headers: Mapping[str, str], stock: Stock, examples: int, number: int, report: Report
) -> None:
    strategies = [
        operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(case=st.one_of(strategies), known=st.booleans())
    def one(case: Any, known: bool) -> None:
        if known and case.path_parameters:
            case.path_parameters = dict(_known(operation.path, case.path_parameters, stock))
        response = case.call(base_url=url, headers=dict(headers), timeout=PATIENCE_SECONDS)
        report.cases += 1
        report.statuses[response.status_code] += 1
        if response.content or response.status_code not in NO_REQUEST:
            case.validate_response(response, checks=CHECKS)

    try:
        one()
    except (Failure, FailureGroup) as failure:
        report.failures.append(f"{operation.method.upper()} {operation.path}: {_words(failure)}")
    except Exception as error:
        told = "; ".join(map(repr, error.exceptions)) if isinstance(error, ExceptionGroup) else str(error)
        report.failures.append(f"{operation.method.upper()} {operation.path}: {type(error).__name__}: {told[:3000]}")


def _known(path: str, given_: Mapping[str, Any], stock: Stock) -> Iterator[tuple[str, Any]]:
    """What is asked for by name is there half of the time: by the first words of its path."""
    noun = path.removeprefix(f"{ROOT}/").partition("/")[0]
    ids = {
        "contacts": stock.imported if "/imports/" in path else stock.contact,
        "numbers": stock.number,
        "flow-sessions": stock.session,
        "conversations": stock.conversation.id,
        "users": stock.rita.id,
    }
    for name, value in given_.items():
        if "/plans/" in path:
            yield name, stock.plan
        elif "/queue/" in path:
            yield name, f"job:{stock.job}"
        else:
            yield name, KNOWN.get(noun, ids.get(noun, value))


def _words(failure: Failure | FailureGroup) -> str:
    if isinstance(failure, FailureGroup):
        return "; ".join(_words(each) for each in failure.exceptions)
    return f"{failure.title}: {failure.message}"[:1500]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not on SQLite")
    parser.add_argument("--only", default="", help="only paths that hold these words")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pytake-fuzz-") as folder:
        os.environ["PYTAKE_HOME"] = folder
        os.environ["PYTAKE_WHATSAPP__GRAPH_URL"] = "http://127.0.0.1:9"
        started = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = _of_new_store(Path(folder), options)
    for failure in report.failures:
        print(failure)
    print(f"{report.told()} in {time.monotonic() - started:.0f} s")
    sys.exit(1 if report.failures else 0)


def _of_new_store(folder: Path, options: argparse.Namespace) -> Report:
    server = postgres.start() if options.postgres else None
    try:
        store = Store(server.create("fuzz") if server else f"sqlite:///{folder}/pytake.db")
        schema.migrate(store, None, clock.now())
        stock = Stock(store)
        with open_api(store) as face:
            report = run(face, stock, options.cases, options.seed, options.only)
        store.close()
        return report
    finally:
        if server is not None:
            server.stop()


if __name__ == "__main__":
    main()
