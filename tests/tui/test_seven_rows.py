"""What stands in for the server behind the screens beside the inbox says what the API's own models say."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from pytake_cli.api.v1.routers import ROUTERS
from tests.kit.seven_rows import AWKWARD, SEVEN

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def model_of(method: str, path: str) -> Any:
    """What the route answers with."""
    for route in ROUTES:
        if method in (route.methods or ()) and route.path_regex.match(path):
            return route.response_model
    raise AssertionError(f"the API has no {method} {path}")


def differences(told: Any, meant: Any, at: str = "") -> list[str]:
    """Names that one of them has and the other has not."""
    if isinstance(told, list) and isinstance(meant, list):
        return [each for one, other in zip(told, meant, strict=True) for each in differences(one, other, f"{at}[]")]
    if not (isinstance(told, dict) and isinstance(meant, dict)):
        return []
    found = [f"{at}.{name} is not the API's" for name in told.keys() - meant.keys()]
    found += [f"{at}.{name} is missing" for name in meant.keys() - told.keys() if meant[name] is not None]
    for name in told.keys() & meant.keys():
        found += differences(told[name], meant[name], f"{at}.{name}")
    return found


@pytest.mark.parametrize("place", SEVEN)
def test_every_answer_of_the_stand_in_is_one_that_the_api_gives(place: str) -> None:
    wrong: dict[str, list[str]] = {}
    for asked, answer in SEVEN[place](AWKWARD).on.items():
        method, _, path = asked.partition(" ")
        types = TypeAdapter(model_of(method, path))
        try:
            meant = types.dump_python(types.validate_python(answer), mode="json", by_alias=True)
        except ValidationError as error:
            wrong[asked] = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
            continue
        if found := sorted(set(differences(answer, meant))):
            wrong[asked] = found
    assert not wrong
