"""Every route of the API as its own document tells it, with an address and a body that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute

from pytake_cli.api.v1 import ROOT
from pytake_cli.api.v1.here import Needs
from pytake_cli.api.v1.routers import ROUTERS

MISSING = 999_999_999
# What the router of the login asks for is not a permission: it is where principals come from.
OPEN = ("/auth/",)


@dataclass(frozen=True)
class Route:
    """One method of one path; `needs` are its permissions, None for a route that asks for no login."""

    method: str
    path: str
    needs: tuple[str, ...] | None
    operation: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, values: Mapping[str, Any]) -> str:
        found = self.path
        for name in self.parameters:
            found = found.replace("{" + name + "}", str(values[name]))
        return found

    @property
    def parameters(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    def kind(self, name: str) -> str:
        """integer or string."""
        for each in self.operation.get("parameters", ()):
            if each["in"] == "path" and each["name"] == name:
                return str(each["schema"].get("type", "string"))
        return "string"


def routes(document: Mapping[str, Any]) -> Iterator[Route]:
    """All of them."""
    needs = rules()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            key = method.upper(), path
            yield Route(method.upper(), path.removeprefix(ROOT), needs[key], operation)


def rules() -> dict[tuple[str, str], tuple[str, ...] | None]:
    """(method, path) -> the permissions of every route that there is, whether the document tells of it or not."""
    return dict(_rules())


def _rules() -> Iterator[tuple[tuple[str, str], tuple[str, ...] | None]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            found = [each.dependency for each in route.dependencies if isinstance(each.dependency, Needs)]
            needs = tuple(name for each in found for name in each.permissions) if found else None
            for method in route.methods or ():
                yield (method, f"{ROOT}{route.path}"), needs


def body_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    """The smallest body that the document takes; None where there is none."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    return smallest(document, content["application/json"]["schema"])


def smallest(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return smallest(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return smallest(document, schema[choice][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            given = schema.get("properties", {})
            return {name: smallest(document, given[name]) for name in schema.get("required", ())}
        case "array":
            return [smallest(document, schema["items"])] * int(schema.get("minItems", 0))
        case "string":
            return (
                "2026-12-01T09:00:00Z"
                if schema.get("format") == "date-time"
                else "vip".ljust(schema.get("minLength", 0), "x")
            )
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return None
