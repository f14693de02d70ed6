"""Meta's error codes as one literal table: what a code means, what to do, who is stopped, when to try again."""

# ruff: noqa: E501  (a row of the table is a line)

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Action(Enum):
    """How the sender reacts (reference: "How to react")."""

    RETRY = "retry"  # the same request again, backing off
    SLOW = "slow"  # the whole lane of the number slows down; no attempt is counted
    PAIR = "pair"  # only this number-and-person lane pauses
    TOKEN = "token"  # noqa: S105 - calls of the account stop until there is another token
    STOP_NUMBER = "stop_number"  # the number (or account) stops sending; its queue is kept
    STOP_TEMPLATE = "stop_template"  # the template stops; others go on
    STOP_USER = "stop_user"  # nothing of this kind to this person for a while
    FIX = "fix"  # permanent for this message: it fails and a person reads why
    UNKNOWN_CODE = "unknown_code"  # not in this table: no retry, an alert, everything kept


class Stops(Enum):
    """Who is held back by the error, beyond the message itself."""

    NOTHING = "nothing"
    PAIR = "pair"
    USER = "user"
    USER_MARKETING = "user_marketing"
    TEMPLATE = "template"
    NUMBER_TEMPLATES = "number_templates"  # business-initiated messages of the number
    NUMBER = "number"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Rule:
    """`retry_seconds` is the first delay (None: never by itself); `max_retries` 0 with a delay means it is not counted."""

    code: int
    action: Action
    stops: Stops
    retry_seconds: float | None
    max_retries: int
    meaning: str
    advice: str

    @property
    def retryable(self) -> bool:
        """True if the same request may succeed later without anybody doing anything."""
        return self.action in (Action.RETRY, Action.SLOW, Action.PAIR)


_A, _S = Action, Stops
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0

# (first code, last code, action, who stops, first retry in seconds, most retries, meaning, advice)
_TABLE: tuple[tuple[int, int, Action, Stops, float | None, int, str, str], ...] = (
    (0, 0, _A.TOKEN, _S.ACCOUNT, None, 0, "Meta could not authenticate the app user", "set a new access token"),
    (1, 1, _A.RETRY, _S.NOTHING, 2, 3, "bad request or a fault on Meta's side", "look at the details if it stays"),
    (2, 2, _A.RETRY, _S.NOTHING, 2, 6, "Meta's service is down for a moment", "wait"),
    (3, 3, _A.TOKEN, _S.ACCOUNT, None, 0, "the app lacks the capability or the permission", "grant the app's permissions"),
    (4, 4, _A.SLOW, _S.ACCOUNT, 60, 0, "the app's call rate is used up", "wait; make fewer management calls"),
    (10, 10, _A.TOKEN, _S.ACCOUNT, None, 0, "a permission is missing", "grant whatsapp_business_messaging to the token"),
    (17, 17, _A.SLOW, _S.ACCOUNT, 60, 0, "the user's call rate is used up", "wait; make fewer management calls"),
    (33, 33, _A.FIX, _S.NOTHING, None, 0, "the object does not exist or the number was deleted", "check the id"),
    (100, 100, _A.FIX, _S.NOTHING, None, 0, "a parameter is invalid or an id is unknown", "read the details"),
    (104, 104, _A.TOKEN, _S.ACCOUNT, None, 0, "the request had no access token", "set the access token"),
    (190, 190, _A.TOKEN, _S.ACCOUNT, None, 0, "the access token is expired, revoked or wrong", "set a new access token"),
    (200, 299, _A.TOKEN, _S.ACCOUNT, None, 0, "a permission is missing", "give the token the permission named in the details"),
    (368, 368, _A.STOP_NUMBER, _S.ACCOUNT, None, 0, "blocked for violating a policy", "see the account's quality page at Meta"),
    (613, 613, _A.SLOW, _S.ACCOUNT, 60, 0, "a call rate is used up", "wait"),
    (803, 803, _A.FIX, _S.NOTHING, None, 0, "unknown object id", "check the id"),
    (80007, 80007, _A.SLOW, _S.ACCOUNT, 60, 0, "the account's call rate is used up", "wait; make fewer management calls"),
    (130429, 130429, _A.SLOW, _S.NUMBER, 1, 0, "the number's throughput is exceeded", "lower the number's rate"),
    (130472, 130472, _A.STOP_USER, _S.USER_MARKETING, None, 0, "the person is in a marketing experiment of Meta's", "do not try again"),
    (130497, 130497, _A.STOP_USER, _S.USER, None, 0, "the business may not write to this country", "leave the country out"),
    (131000, 131000, _A.RETRY, _S.NOTHING, 2, 3, "something went wrong at Meta", "wait"),
    (131005, 131005, _A.TOKEN, _S.ACCOUNT, None, 0, "access denied", "grant the permission, or set a new access token"),
    (131008, 131008, _A.FIX, _S.NOTHING, None, 0, "a required parameter is missing", "read the details"),
    (131009, 131009, _A.FIX, _S.NOTHING, None, 0, "a parameter's value is invalid", "read the details"),
    (131014, 131014, _A.FIX, _S.NOTHING, None, 0, "the media link answered with an error", "check the link"),
    (131016, 131016, _A.RETRY, _S.NOTHING, 2, 6, "a service of Meta's is unavailable", "wait"),
    (131020, 131020, _A.FIX, _S.NOTHING, None, 0, "the group is invalid", "check the group id"),
    (131021, 131021, _A.FIX, _S.USER, None, 0, "sender and recipient are the same number", "choose another recipient"),
    (131026, 131026, _A.STOP_USER, _S.USER, None, 0, "undeliverable: not on WhatsApp, terms not accepted, or an old app", "use another channel"),
    (131030, 131030, _A.FIX, _S.USER, None, 0, "the recipient is not on the test number's list", "add the recipient to the list at Meta"),
    (131031, 131031, _A.STOP_NUMBER, _S.ACCOUNT, None, 0, "the account is locked or its data could not be verified", "see the account at Meta"),
    (131036, 131036, _A.RETRY, _S.NOTHING, 600, 1, "the person's device could not be reached", "wait"),
    (131037, 131037, _A.STOP_NUMBER, _S.NUMBER, None, 0, "the number has no approved display name", "have the display name approved"),
    (131041, 131041, _A.FIX, _S.NOTHING, None, 0, "the group is unknown", "check the group id"),
    (131042, 131042, _A.STOP_NUMBER, _S.ACCOUNT, None, 0, "there is a problem with the payment method", "mend the payment method at Meta"),
    (131044, 131044, _A.STOP_NUMBER, _S.ACCOUNT, None, 0, "there is a problem with the payment for calls", "mend the payment method at Meta"),
    (131045, 131045, _A.STOP_NUMBER, _S.NUMBER, None, 0, "the number's registration is broken", "register the number again"),
    (131047, 131047, _A.FIX, _S.NOTHING, None, 0, "more than 24 h since the person's last message", "send an approved template"),
    (131048, 131048, _A.STOP_NUMBER, _S.NUMBER_TEMPLATES, _HOUR, 0, "too many people blocked or reported the number", "stop campaigns; better lists, better texts"),
    (131049, 131049, _A.STOP_USER, _S.USER_MARKETING, _DAY, 0, "withheld by Meta: the person gets enough marketing", "wait at least 24 h; do not loop"),
    (131050, 131050, _A.STOP_USER, _S.USER_MARKETING, None, 0, "the person stopped marketing messages", "wait until they resume"),
    (131051, 131051, _A.FIX, _S.NOTHING, None, 0, "unsupported message type", "send another type"),
    (131052, 131052, _A.FIX, _S.NOTHING, None, 0, "the media could not be downloaded", "check the link, or ask for the file again"),
    (131053, 131053, _A.RETRY, _S.NOTHING, 2, 1, "the media could not be uploaded, or its type is not what was declared", "upload it afresh"),
    (131055, 131055, _A.FIX, _S.NOTHING, None, 0, "this kind of message is not allowed here", "use the ordinary messages endpoint"),
    (131056, 131056, _A.PAIR, _S.PAIR, 1, 6, "too many messages from this number to this person", "wait; 4^n seconds"),
    (131057, 131057, _A.RETRY, _S.NUMBER, 60, 6, "the number is in maintenance", "wait a minute"),
    (131059, 131059, _A.FIX, _S.NOTHING, None, 0, "a paging cursor is invalid", "list again from the start"),
    (131060, 131060, _A.FIX, _S.NOTHING, None, 0, "the message is not available here", "look at it in the app"),
    (131062, 131062, _A.FIX, _S.NOTHING, None, 0, "this kind of message cannot go to a user id", "it needs a phone number"),
    (131063, 131063, _A.FIX, _S.TEMPLATE, None, 0, "marketing templates are switched off on this endpoint", "use the marketing messages endpoint"),
    (131064, 131064, _A.STOP_TEMPLATE, _S.NUMBER_TEMPLATES, None, 0, "templates were classified wrongly too often", "put the templates into the right category"),
    (131201, 131215, _A.FIX, _S.NOTHING, None, 0, "a group call was refused", "read the details"),
    (132000, 132000, _A.FIX, _S.TEMPLATE, None, 0, "the number of template parameters differs", "fill in every variable of the template"),
    (132001, 132001, _A.STOP_TEMPLATE, _S.TEMPLATE, None, 0, "no such approved template in this language", "check the template's name and language at Meta"),
    (132005, 132005, _A.FIX, _S.NOTHING, None, 0, "the text is too long once filled in", "shorten the values"),
    (132007, 132007, _A.STOP_TEMPLATE, _S.TEMPLATE, None, 0, "the template's content violates a policy", "edit the template"),
    (132008, 132008, _A.FIX, _S.NOTHING, None, 0, "a template parameter's value is invalid", "no line breaks, tabs or runs of spaces in values"),
    (132012, 132012, _A.FIX, _S.NOTHING, None, 0, "a template parameter has the wrong format", "compare the values with the template"),
    (132015, 132015, _A.STOP_TEMPLATE, _S.TEMPLATE, None, 0, "the template is paused", "wait until Meta unpauses it, or edit it"),
    (132016, 132016, _A.STOP_TEMPLATE, _S.TEMPLATE, None, 0, "the template is disabled for good", "create another template"),
    (132018, 132018, _A.FIX, _S.NOTHING, None, 0, "a template parameter is invalid", "compare the values with the template"),
    (132068, 132068, _A.STOP_TEMPLATE, _S.TEMPLATE, None, 0, "the flow is blocked", "mend the flow at Meta"),
    (132069, 132069, _A.STOP_TEMPLATE, _S.TEMPLATE, _HOUR, 0, "the flow is throttled", "mend the flow's endpoint"),
    (133000, 133000, _A.FIX, _S.NUMBER, None, 0, "an earlier deregistration did not finish", "deregister the number again"),
    (133004, 133004, _A.RETRY, _S.NOTHING, 60, 3, "the registration server is down", "wait"),
    (133005, 133005, _A.FIX, _S.NOTHING, None, 0, "the two-step PIN is wrong", "use the PIN that was set for the number"),
    (133006, 133006, _A.FIX, _S.NOTHING, None, 0, "the number is not verified", "ask for a code and verify the number"),
    (133008, 133008, _A.FIX, _S.NOTHING, None, 0, "too many wrong PINs", "wait as long as the details say"),
    (133009, 133009, _A.FIX, _S.NOTHING, None, 0, "PINs were tried too fast", "wait as long as the details say"),
    (133010, 133010, _A.STOP_NUMBER, _S.NUMBER, None, 0, "the number is not registered", "register the number"),
    (133015, 133015, _A.RETRY, _S.NUMBER, 300, 3, "the number was deleted a moment ago", "wait five minutes"),
    (133016, 133016, _A.STOP_NUMBER, _S.NUMBER, 3 * _DAY, 0, "registered too often: 10 times in 72 h", "wait 72 h"),
    (134011, 134011, _A.FIX, _S.NOTHING, None, 0, "the payments terms are not accepted", "accept them at Meta"),
    (134100, 134100, _A.FIX, _S.TEMPLATE, None, 0, "only marketing templates are allowed here", "use the ordinary messages endpoint"),
    (134101, 134101, _A.RETRY, _S.TEMPLATE, 600, 3, "the template is still being made ready for marketing messages", "wait ten minutes"),
    (134102, 134102, _A.FIX, _S.TEMPLATE, None, 0, "the account is not onboarded to marketing messages", "accept the terms at Meta"),
    (135000, 135000, _A.RETRY, _S.NOTHING, 2, 1, "Meta could not process the parameters", "read the details"),
    (137000, 137000, _A.FIX, _S.USER, None, 0, "the person's identity key changed", "make sure who it is, then acknowledge"),
    (138000, 138018, _A.FIX, _S.NOTHING, None, 0, "a call was refused", "read the details"),
    (139000, 139004, _A.FIX, _S.NOTHING, None, 0, "a flow could not be managed", "read the details"),
    (139100, 139100, _A.FIX, _S.NOTHING, None, 0, "some people could not be blocked or unblocked", "see which, and why"),
    (139101, 139101, _A.FIX, _S.NOTHING, None, 0, "the block list is full", "unblock somebody first"),
    (139102, 139102, _A.RETRY, _S.NOTHING, 2, 3, "the block list was changed at the same time", "wait"),
    (139103, 139103, _A.RETRY, _S.NOTHING, 2, 3, "the block list failed inside Meta", "wait"),
    (139200, 139200, _A.FIX, _S.NOTHING, None, 0, "direct send is blocked", "send an approved template"),
    (141000, 141018, _A.STOP_NUMBER, _S.ACCOUNT, None, 0, "Meta reports a health problem of the account", "see pytake number show"),
    (147001, 147005, _A.FIX, _S.NOTHING, None, 0, "the business username was refused", "choose another"),
    (200005, 200007, _A.FIX, _S.NOTHING, None, 0, "template insights are not available", "switch them on at Meta"),
    (1752041, 1752041, _A.FIX, _S.NOTHING, None, 0, "the account was onboarded before", "nothing needs doing"),
    (2388001, 2388001, _A.FIX, _S.NOTHING, None, 0, "the number cannot be migrated", "read the details"),
    (2388012, 2388012, _A.FIX, _S.NOTHING, None, 0, "the number cannot be migrated", "read the details"),
    (2388019, 2388019, _A.FIX, _S.NOTHING, None, 0, "the account has too many templates", "delete some"),
    (2388023, 2388023, _A.FIX, _S.NOTHING, None, 0, "a template of this name is being deleted", "choose another name, or wait 30 days"),
    (2388024, 2388024, _A.FIX, _S.NOTHING, None, 0, "the template exists already in this language", "edit it, or choose another name"),
    (2388040, 2388040, _A.FIX, _S.NOTHING, None, 0, "a part of the template is too long", "shorten it"),
    (2388047, 2388047, _A.FIX, _S.NOTHING, None, 0, "the template's header is not allowed", "change the header"),
    (2388072, 2388072, _A.FIX, _S.NOTHING, None, 0, "the template's body is not allowed", "change the body"),
    (2388073, 2388073, _A.FIX, _S.NOTHING, None, 0, "the template's footer is not allowed", "change the footer"),
    (2388091, 2388091, _A.FIX, _S.NOTHING, None, 0, "the number cannot be migrated", "read the details"),
    (2388093, 2388093, _A.FIX, _S.NOTHING, None, 0, "the number cannot be migrated", "read the details"),
    (2388103, 2388103, _A.FIX, _S.NOTHING, None, 0, "the number cannot be migrated", "read the details"),
    (2388293, 2388293, _A.FIX, _S.NOTHING, None, 0, "too many variables for the template's text", "use fewer variables or more words"),
    (2388299, 2388299, _A.FIX, _S.NOTHING, None, 0, "a variable stands first or last in the template", "put words around it"),
    (2388318, 2388318, _A.FIX, _S.NOTHING, None, 0, "a template made by Meta cannot be edited", "create one of your own"),
    (2388330, 2388330, _A.FIX, _S.NOTHING, None, 0, "a template made by Meta cannot be deleted", "leave it"),
    (2494100, 2494100, _A.RETRY, _S.NUMBER, 300, 6, "the number is in maintenance", "wait some minutes"),
    (2593107, 2593109, _A.FIX, _S.NOTHING, None, 0, "the app's history could not be shared", "read the details"),
)  # fmt: skip

_BY_CODE: dict[int, Rule] = {
    code: Rule(code, action, stops, retry_seconds, max_retries, meaning, advice)
    for first, last, action, stops, retry_seconds, max_retries, meaning, advice in _TABLE
    for code in range(first, last + 1)
}

_RATE = Rule(429, _A.SLOW, _S.NUMBER, 5, 0, "Meta asks for fewer calls", "wait")
_SERVER = Rule(500, _A.RETRY, _S.NOTHING, 2, 6, "Meta's server failed", "wait")
_UNAUTHORISED = Rule(401, _A.TOKEN, _S.ACCOUNT, None, 0, "Meta did not accept the token", "set a new access token")
_UNKNOWN = Rule(
    -1, _A.UNKNOWN_CODE, _S.NOTHING, None, 0, "an error that this version does not know", "read the details"
)


def rule(code: int | None, http_status: int | None = None, subcode: int | None = None) -> Rule:
    """The rule for a code from an HTTP answer or a webhook; a seven-digit `subcode` speaks where the code is 100."""
    if code == 100 and subcode is not None and subcode in _BY_CODE:
        return _BY_CODE[subcode]
    if code is not None:
        known = _BY_CODE.get(code)
        if known is not None:
            return _slowed(known) if http_status == 429 and known.action is Action.FIX else known
    if http_status == 429:
        return replace(_RATE, code=_RATE.code if code is None else code)
    if http_status is not None and http_status >= 500:
        return replace(_SERVER, code=_SERVER.code if code is None else code)
    if http_status == 401:
        return replace(_UNAUTHORISED, code=_UNAUTHORISED.code if code is None else code)
    return replace(_UNKNOWN, code=_UNKNOWN.code if code is None else code)


def _slowed(known: Rule) -> Rule:
    return replace(_RATE, code=known.code, meaning=known.meaning)


_FIRST = {code: first for first, last, *_ in _TABLE for code in range(first, last + 1)}


def slug_of(what: Rule) -> str:
    """`PT-WA-` and the code; codes that share a line of the table share the slug of the first, others `PT-WA-CODE`."""
    if what.code not in _BY_CODE:
        return "PT-WA-CODE"
    return f"PT-WA-{_FIRST.get(what.code, what.code)}"


def codes() -> tuple[int, ...]:
    """Every code the table knows, ranges written out."""
    return tuple(_BY_CODE)
