"""Why somebody of an audience gets no campaign: the reasons, in the order in which the first one counts."""

from __future__ import annotations

BLOCKED = "blocked"
OPTED_OUT = "opted-out"
NO_CONSENT = "no-consent"
NO_ADDRESS = "no-address"
NOT_A_NUMBER = "not-a-number"
US_MARKETING = "us-marketing"
HELD = "held"
IN_CONVERSATION = "in-conversation"
TOO_OFTEN = "too-often"
ALREADY_IN = "already-in"
NO_VALUES = "no-values"
WINDOW_CLOSED = "window-closed"
FLOW_FAILED = "flow-failed"
ANSWERED = "answered"
NOT_REACHED = "not-reached"
GONE = "gone"

# reason -> what it means; a person counts under the first that holds
REASONS: dict[str, str] = {
    BLOCKED: "blocked by you",
    OPTED_OUT: "asked for no more messages",
    NO_CONSENT: "never agreed to marketing",
    NO_ADDRESS: "no phone, and no id that this number may write to",
    NOT_A_NUMBER: "the phone is a number for tests, your own, or none",
    US_MARKETING: "Meta delivers no marketing to US numbers",
    HELD: "Meta withheld marketing from them lately, or did not reach them twice in a row",
    IN_CONVERSATION: "a person is talking with them, or about to",
    TOO_OFTEN: "had as many campaign messages lately as the cap allows",
    ALREADY_IN: "is in this campaign already",
    NO_VALUES: "a value for the template is missing",
    WINDOW_CLOSED: "has not written for 24 hours, and the flow does not begin with a template",
    FLOW_FAILED: "the flow failed as it began",
    ANSWERED: "has answered the message before",
    NOT_REACHED: "did not get the message before",
    GONE: "was deleted, or is the same person as somebody else in it",
}

# +1 is shared: these area codes are not of the United States (Canada, the Caribbean, the Pacific).
CANADA = (
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365", "367", "368", "382", "387",
    "403", "416", "418", "428", "431", "437", "438", "450", "460", "468", "474", "506", "514", "519", "537", "548",
    "568", "579", "581", "584", "587", "600", "604", "613", "622", "639", "647", "672", "683", "705", "709", "742",
    "753", "778", "780", "782", "807", "819", "825", "867", "873", "879", "902", "905", "942",
)  # fmt: skip
ISLANDS = {
    "242": "BS", "246": "BB", "264": "AI", "268": "AG", "284": "VG", "340": "VI", "345": "KY", "441": "BM",
    "473": "GD", "649": "TC", "658": "JM", "664": "MS", "670": "MP", "671": "GU", "684": "AS", "721": "SX",
    "758": "LC", "767": "DM", "784": "VC", "787": "PR", "809": "DO", "829": "DO", "849": "DO", "868": "TT",
    "869": "KN", "876": "JM", "939": "PR",
}  # fmt: skip
NOT_US = tuple(f"1{area}" for area in (*CANADA, *ISLANDS))
PREFIX = 4  # digits that tell a phone's country and time zone: 55 11, 1 212, 351 9
