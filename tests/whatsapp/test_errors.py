"""Meta's error codes: every one of the reference has its rule, its slug, and somebody who is stopped or not."""

from __future__ import annotations

import pytest

from pytake_cli.whatsapp.errors import Action, Stops, codes, rule, slug_of

# action -> the codes the reference puts there ("How to react", and the table below it)
REFERENCE: dict[Action, tuple[int, ...]] = {
    Action.RETRY: (
        1, 2, 131000, 131016, 131036, 131053, 131057, 133004, 133015, 134101, 135000, 139102, 139103, 2494100,
    ),
    Action.SLOW: (4, 17, 613, 80007, 130429),
    Action.PAIR: (131056,),
    Action.TOKEN: (0, 3, 10, 104, 190, 200, 230, 299, 131005),
    Action.STOP_NUMBER: (368, 131031, 131037, 131042, 131044, 131045, 131048, 133010, 133016, 141006, 141014),
    Action.STOP_TEMPLATE: (131064, 132001, 132007, 132015, 132016, 132068, 132069),
    Action.STOP_USER: (130472, 130497, 131026, 131049, 131050),
    Action.FIX: (
        33, 100, 803, 131008, 131009, 131014, 131020, 131021, 131030, 131041, 131047, 131051, 131052,
        131055, 131059, 131060, 131062, 131063, 131201, 131215, 132000, 132005, 132008, 132012, 132018,
        133000, 133005, 133006, 133008, 133009, 134011, 134100, 134102, 137000, 138000, 138018, 139000,
        139004, 139100, 139101, 139200, 147001, 147005, 200005, 200006, 200007, 1752041, 2388001, 2388012,
        2388019, 2388023, 2388024, 2388040, 2388047, 2388072, 2388073, 2388091, 2388093, 2388103, 2388293,
        2388299, 2388318, 2388330, 2593107, 2593108, 2593109,
    ),
}  # fmt: skip
ALL = [(code, action) for action, found in REFERENCE.items() for code in found]


@pytest.mark.parametrize(("code", "action"), ALL)
def test_a_code_of_the_reference_has_its_action(code: int, action: Action) -> None:
    found = rule(code, None)
    assert (found.code, found.action) == (code, action)
    assert found.retryable is (action in (Action.RETRY, Action.SLOW, Action.PAIR))


@pytest.mark.parametrize("code", codes())
def test_every_code_of_the_table_has_a_slug_a_meaning_and_advice(code: int) -> None:
    found = rule(code, None)
    assert slug_of(found).startswith("PT-WA-")
    assert found.meaning
    assert found.advice
    assert found.action is not Action.UNKNOWN_CODE
    if found.retryable:
        assert found.retry_seconds
    if found.action is Action.RETRY:
        assert found.max_retries


@pytest.mark.parametrize(
    ("code", "stops"),
    [
        (130429, Stops.NUMBER),
        (131056, Stops.PAIR),
        (190, Stops.ACCOUNT),
        (131042, Stops.ACCOUNT),
        (133010, Stops.NUMBER),
        (131048, Stops.NUMBER_TEMPLATES),
        (132015, Stops.TEMPLATE),
        (131026, Stops.USER),
        (131049, Stops.USER_MARKETING),
        (131050, Stops.USER_MARKETING),
        (131047, Stops.NOTHING),
        (131000, Stops.NOTHING),
    ],
)
def test_an_error_stops_nobody_but_whom_it_concerns(code: int, stops: Stops) -> None:
    assert rule(code, None).stops is stops


@pytest.mark.parametrize(
    ("code", "status", "action"),
    [
        (None, 429, Action.SLOW),
        (987654, 429, Action.SLOW),
        (100, 429, Action.SLOW),
        (131056, 429, Action.PAIR),
        (None, 500, Action.RETRY),
        (987654, 503, Action.RETRY),
        (100, 500, Action.FIX),
        (None, 401, Action.TOKEN),
        (None, 400, Action.UNKNOWN_CODE),
        (None, None, Action.UNKNOWN_CODE),
        (987654, 400, Action.UNKNOWN_CODE),
        (-5, None, Action.UNKNOWN_CODE),
    ],
)
def test_http_speaks_where_the_code_says_nothing(code: int | None, status: int | None, action: Action) -> None:
    assert rule(code, status).action is action


def test_an_unknown_code_is_kept_and_never_tried_again() -> None:
    found = rule(987654, None)
    assert (found.code, found.retryable, found.retry_seconds) == (987654, False, None)


def test_a_seven_digit_subcode_counts_only_under_100() -> None:
    assert rule(100, 400, 2388299).code == 2388299
    assert rule(100, 400, 33).code == 33
    assert rule(100, 400, 12345).code == 100
    assert rule(131000, 500, 2388299).code == 131000
