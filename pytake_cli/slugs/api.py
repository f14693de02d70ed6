"""Slugs about requests to the API."""

from __future__ import annotations

SLUGS: dict[str, str] = {
    "PT-API-BODY": "a request to the API does not fit its description",
    "PT-API-CURSOR": "a cursor belongs to another list, or to none",
    "PT-API-ENCODING": "the API takes no compressed bodies",
    "PT-API-LOGIN": "the API wants a login",
    "PT-API-NUL": "the address of a request holds a NUL character",
    "PT-API-PATH": "the API has nothing at that address",
    "PT-API-RATE": "too many requests in a minute",
    "PT-API-REQUEST": "the API does not take such a request",
    "PT-API-RIVAL": "two made the same at the same moment, and the database took one",
    "PT-API-SIZE": "the body of a request is larger than is read",
    "PT-FLOW-TALK": "there is no such talk with a simulated customer",
    "PT-FLOW-TALK-LONG": "a talk with a simulated customer has so many lines at most",
    "PT-IDEMPOTENCY-KEY": "an Idempotency-Key has 1 to 255 printable characters",
    "PT-IDEMPOTENCY-OPEN": "the first request with that idempotency key has no answer yet, or lost it",
    "PT-IMPORT-NONE": "there is no import of that number",
    "PT-VERSION": "what is to be changed was changed by somebody else since it was read",
    "PT-VERSION-NEEDED": "a change has to say which version it changes",
}
