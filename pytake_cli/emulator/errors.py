"""Meta's error codes as the emulator answers them: HTTP status, title and the two shapes an error has on the wire."""

from __future__ import annotations

from typing import Any

HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"

# code -> (HTTP status, title); titles as Meta writes them in webhooks
CODES: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    1: (400, "API Unknown"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission Denied"),
    17: (400, "User request limit reached"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    104: (401, "An access token is required to request this resource."),
    190: (401, "Access token has expired"),
    200: (403, "API Permission"),
    368: (403, "Temporarily blocked for policies violations"),
    613: (400, "Calls to this api have exceeded the rate limit."),
    803: (404, "Some of the aliases you requested do not exist"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country."),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131036: (400, "Message could not be delivered to the device"),
    131037: (400, "WhatsApp provided number needs display name approval before message can be sent."),
    131042: (400, "Business eligibility payment issue"),
    131044: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement."),
    131050: (400, "User has stopped receiving marketing messages from this business"),
    131051: (400, "Message type unknown"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131055: (400, "Method not allowed"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131060: (400, "This message is currently unavailable."),
    131062: (400, "Business-scoped user ID is not supported for this message"),
    131063: (400, "Marketing templates are disabled on Cloud API"),
    131064: (400, "Template classification limit hit"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132007: (400, "Template format character policy violated"),
    132008: (400, "Parameter value is not valid"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "Template parameters are not valid"),
    132068: (400, "Flow is blocked"),
    132069: (400, "Flow is throttled"),
    133000: (500, "Incomplete deregistration"),
    133004: (503, "Server temporarily unavailable"),
    133005: (400, "Two step verification PIN mismatch"),
    133006: (400, "Phone number re-verification needed"),
    133008: (400, "Too many two step verification PIN guesses"),
    133009: (400, "Two step verification PIN guessed too fast"),
    133010: (400, "Phone number not registered"),
    133015: (400, "Please wait a few minutes before attempting to register this phone number"),
    133016: (400, "Account register deregister rate limit exceeded"),
    134100: (400, "Only marketing messages are supported"),
    134101: (400, "Template is syncing"),
    134102: (400, "Account is not onboarded to Marketing Messages API"),
    135000: (400, "Generic user error"),
    136025: (400, "Verification code is wrong"),
    137000: (400, "Recipient identity key hash mismatch"),
    139000: (400, "Blocked by integrity"),
    139001: (400, "Flow cannot be updated"),
    139100: (400, "Failed to block/unblock some users"),
    139101: (400, "Blocklist limit reached"),
    139200: (400, "Direct Send blocked"),
    147001: (400, "Username is not valid"),
    200005: (400, "Template insights are not available"),
    200007: (400, "Template insights are not enabled"),
    2388019: (400, "Message template limit reached"),
    2388023: (400, "Message template language is being deleted"),
    2388024: (400, "Content in this language already exists"),
    2388040: (400, "Character limit exceeded"),
    2388047: (400, "Message header format is incorrect"),
    2388072: (400, "Message body format is incorrect"),
    2388073: (400, "Message footer format is incorrect"),
    2388293: (400, "Parameters words ratio exceeds limit"),
    2388299: (400, "Leading or trailing parameters not allowed"),
    2494100: (400, "Phone number in maintenance"),
}


class GraphError(Exception):
    """An error answer of the Graph API; also the `errors[]` member of a webhook, by `wire()`."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        message: str = "",
        http: int | None = None,
        subcode: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        status, title = CODES.get(code, (400, "Unknown error"))
        self.code = code
        self.http = http or status
        self.title = title
        self.details = details or title
        self.message = message or f"(#{code}) {title}"
        self.subcode = subcode
        self.extra = extra or {}
        super().__init__(self.message)

    def body(self, trace: str) -> dict[str, Any]:
        """The answer's body, shaped as in §1.6 of the reference."""
        kind = "GraphMethodException" if self.subcode == 33 else "OAuthException"
        error: dict[str, Any] = {"message": self.message, "type": kind, "code": self.code}
        if self.code not in (104, 190, 803):
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error |= self.extra.get("error", {})
        error["fbtrace_id"] = trace
        return {"error": error} | {name: value for name, value in self.extra.items() if name != "error"}

    def wire(self) -> dict[str, Any]:
        """The same error inside a webhook."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details},
            "href": HREF,
        }


def invalid(param: str, problem: str) -> GraphError:
    """Code 100 about one parameter, in Meta's words: `(#100) Param text['body'] must be …`."""
    text = f"Param {param} {problem}"
    return GraphError(100, text, message=f"(#100) {text}")


def missing(param: str) -> GraphError:
    return GraphError(131008, f"Parameter '{param}' is required.")


def bad_value(details: str) -> GraphError:
    return GraphError(131009, details)


def unknown_object(node: str, method: str = "get") -> GraphError:
    """What Graph says about an id that does not exist or that the token may not see."""
    text = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(100, text, message=text, subcode=33)


def unknown_path(path: str) -> GraphError:
    text = f"Unknown path components: /{path}"
    return GraphError(100, text, message=text, subcode=2500)


def wrong_method(method: str) -> GraphError:
    text = f"(#100) Unsupported method: {method}"
    return GraphError(100, text, message=text)


def no_token() -> GraphError:
    return GraphError(
        190, message="An active access token must be used to query information about the current user.", subcode=2500
    )


def bad_token() -> GraphError:
    text = "Error validating access token: The session has been invalidated or has expired."
    return GraphError(190, message=text, subcode=463)
