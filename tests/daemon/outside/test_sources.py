"""`lookup` steps: what customers write is compared and never executed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pytake_cli import secrets, settings
from pytake_cli.daemon.outside import sources
from pytake_cli.daemon.outside.answers import Failed
from pytake_cli.daemon.outside.sources import rows
from tests.kit import postgres

ORDERS = [(1, "A1", "Ana", 10.5, "s1"), (2, "A2", "Bia", None, "s2"), (3, "A1", "Caio", 7.0, "s3")]
COLUMNS = ["id", "sku", "name", "price"]
INJECTIONS = [
    "A1' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE orders; --",
    '" OR ""="',
    "A1'; INSERT INTO orders VALUES (9); --",
    "' UNION SELECT id, secret, secret, 1 FROM orders --",
    "\\' OR 1=1 #",
    "A1\x00' OR '1'='1",
    "%' OR 'x' LIKE '%",
    "{{7*7}}",
    ":sku_1",
    "$1",
    "%(sku_1)s",
]


@pytest.fixture(params=["csv", "sqlite", "postgres"])
def orders(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes `flows.sources.orders` of each kind; the column `secret` is none of it."""
    kind = str(request.param)
    source: dict[str, Any] = {"kind": kind, "columns": COLUMNS, "where": ["id", "sku", "price"]}
    if kind == "csv":
        lines = ["id,sku,name,price,secret", *(",".join("" if v is None else str(v) for v in row) for row in ORDERS)]
        (tmp_path / "orders.csv").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
        source["path"] = str(tmp_path / "orders.csv")
    else:
        url = f"sqlite:///{tmp_path}/orders.db"
        if kind == "postgres":
            server: postgres.Server = request.getfixturevalue("postgres_server")
            url = server.create("orders")
            secrets.put("orders_url", url.removeprefix("postgresql://"))
            source["url"] = "postgresql://${secret:orders_url}"
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as db:
            db.exec_driver_sql("CREATE TABLE orders (id integer, sku text, name text, price real, secret text)")
            for row in ORDERS:
                db.execute(
                    sa.text("INSERT INTO orders VALUES (:a, :b, :c, :d, :e)"), dict(zip("abcde", row, strict=True))
                )
        engine.dispose()
        source |= {"table": "orders", "path": str(tmp_path / "orders.db")}
    settings.load({"flows.sources": {"orders": source}})
    yield lambda **where: rows("orders", where, 100)
    if kind == "postgres":
        server.drop("orders")


def test_rows_that_match_come_back_with_their_columns(orders: Callable[..., Any]) -> None:
    found = orders(sku="A1")
    assert [row["name"] for row in found] == ["Ana", "Caio"]
    assert list(found[0]) == COLUMNS
    assert [row["name"] for row in orders(sku="A1", id="3")] == ["Caio"]
    assert [row["name"] for row in orders(sku=["A1", "A2"])] == ["Ana", "Bia", "Caio"]
    assert [row["name"] for row in orders(price=None)] == ["Bia"]
    assert orders(sku="none") == []
    assert len(rows("orders", {"sku": ["A1", "A2"]}, 2)) == 2
    assert len(rows("orders", {"sku": ["A1", "A2"]}, 100_000)) == 3


@pytest.mark.parametrize("words", INJECTIONS)
def test_what_a_customer_writes_is_compared_and_never_executed(orders: Callable[..., Any], words: str) -> None:
    """Fault D22: the old database node put the customer's text into its SQL."""
    if "\x00" in words and settings.current().flows.sources["orders"].kind == "postgres":
        with pytest.raises(Failed):  # which takes no NUL in a text
            orders(sku=words)
    else:
        assert orders(sku=words) == []
    assert len(orders(sku=["A1", "A2"])) == 3


def test_a_value_that_can_be_none_of_the_column_matches_nothing(orders: Callable[..., Any]) -> None:
    assert orders(id="abc") == []
    assert orders(id="1 OR 1=1") == []
    assert orders(id=10**30) == []


@pytest.mark.parametrize(
    "where",
    [{"secret": "s1"}, {"name": "Ana"}, {"sku = sku OR 1": "1"}, {'sku" OR "1': "1"}, {"rowid": 1}, {"*": 1}, {"": 1}],
)
def test_only_columns_of_the_settings_may_be_asked_for(orders: Callable[..., Any], where: dict[str, Any]) -> None:
    with pytest.raises(Failed, match="refused"):
        rows("orders", where, 1)


@pytest.mark.parametrize("value", [{"$ne": ""}, [["A1"]], [], [{"a": 1}], ["x"] * 101])
def test_only_plain_values_are_compared(orders: Callable[..., Any], value: Any) -> None:
    with pytest.raises(Failed, match="invalid"):
        orders(sku=value)


def test_a_lookup_needs_a_source_of_the_settings_and_a_condition(orders: Callable[..., Any]) -> None:
    for name in ("other", "postgresql://evil/db", "../../etc/passwd"):
        with pytest.raises(Failed, match="settings"):
            rows(name, {"sku": "A1"}, 1)
    with pytest.raises(Failed, match="invalid"):
        orders()


def test_no_source_can_be_written_to(
    orders: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = settings.current().flows.sources["orders"]
    if source.kind == "csv":
        return
    write = sa.text("DELETE FROM orders")
    with monkeypatch.context() as patch, pytest.raises(Failed):
        patch.setattr(sa, "select", lambda *_: _Always(write))
        orders(sku="A1")
    assert len(orders(sku=["A1", "A2"])) == 3


class _Always:
    """A query that is another statement, whatever is added to it."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement

    def limit(self, _: int) -> _Always:
        return self

    def select_from(self, _: Any) -> _Always:
        return self

    def where(self, _: Any) -> Any:
        return self.statement


def test_a_source_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_SECONDS", 0.1)
    path = tmp_path / "slow.db"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE VIEW slow AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        )
    db.close()
    settings.load({"flows.sources": {"slow": {"kind": "sqlite", "path": str(path), "table": "slow", "columns": ["x"]}}})
    with pytest.raises(Failed, match="timeout"):
        rows("slow", {"x": -1}, 1)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ({"kind": "csv", "path": "nothing.csv"}, "no file"),
        ({"kind": "sqlite", "path": "nothing.db", "table": "t"}, "no file"),
        ({"kind": "postgres", "url": "sqlite:///x", "table": "t"}, "begins with postgresql://"),
        ({"kind": "csv", "path": "a.csv", "columns": ["nope"]}, "has no column"),
        ({"kind": "csv", "path": "latin.csv"}, "cannot be read"),
        ({"kind": "sqlite", "path": "a.csv", "table": "t"}, "network|failed"),
    ],
)
def test_a_source_that_is_not_there_says_so(
    source: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "latin.csv").write_bytes("x\né\n".encode("latin-1"))
    settings.load({"flows.sources": {"s": {"columns": ["x"], **source}}})
    with pytest.raises(Failed, match=complaint):
        rows("s", {source.get("columns", ["x"])[0]: "1"}, 1)
