"""What can go wrong with people, passwords, sessions, tokens and roles."""

from __future__ import annotations

SLUGS: dict[str, str] = {
    "PT-AUTH": "a login or token is not valid, or not any more",
    "PT-AUTH-BUSY": "too many people are logging in at the same moment",
    "PT-AUTH-GUESSING": "somebody tries passwords of one person",
    "PT-AUTH-LOGIN": "nobody has that e-mail and that password",
    "PT-AUTH-ORG": "the person belongs to several organisations, and none was named",
    "PT-AUTH-REUSE": "a refresh token was used twice: one of the two had stolen it",
    "PT-AUTH-SESSION": "there is no session of that id",
    "PT-AUTH-SETUP": "a set-up token is unknown, used or expired",
    "PT-AUTH-WAIT": "too many wrong passwords for that e-mail: it is not tried again for a while",
    "PT-PASSWORD": "a password is too short, too long, or too easily guessed",
    "PT-PASSWORD-OWN": "a password is changed by whoever has logged in with it",
    "PT-ROLE": "the role lacks the permission",
    "PT-ROLE-ABOUT": "what a role is for does not fit on a line",
    "PT-ROLE-ABOVE": "nobody grants rights that they do not have, or governs who has more",
    "PT-ROLE-BUILTIN": "roles of the house stay as they are",
    "PT-ROLE-EXISTS": "there is a role of that name already",
    "PT-ROLE-IN-USE": "somebody still has the role",
    "PT-ROLE-NAME": "a role cannot be called that",
    "PT-ROLE-PERMISSION": "there is no permission of that name",
    "PT-ROLE-UNKNOWN": "there is no role of that name",
    "PT-TOKEN-EXPIRY": "a token would have expired before it is made",
    "PT-TOKEN-NAME": "a token has a name of 1 to 80 characters",
    "PT-TOKEN-NONE": "there is no API token of that id",
    "PT-TOKEN-OWNER": "an API token belongs to a person",
    "PT-TOKEN-SCOPE": "a token has at least one scope, each a permission there is",
}
