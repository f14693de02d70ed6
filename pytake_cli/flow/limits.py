"""Numbers that hold flows in check: Meta's limits for what is said, and the engine's own bounds."""

from __future__ import annotations

from datetime import timedelta

# characters (Unicode code points) by place; equal to those of the wire, which a test holds
LIMITS: dict[str, int] = {
    "text": 4096,
    "body": 1024,  # of a message with buttons, a list, a form or a location request
    "caption": 1024,
    "header": 60,
    "footer": 60,
    "button": 20,  # reply button; also the one that opens a list
    "button_id": 256,
    "row_title": 24,
    "row_description": 72,
    "row_id": 200,
    "section_title": 24,
    "form_button": 30,
    "template_param": 1024,
}
MAX_BUTTONS = 3
MAX_ROWS = 10
MAX_CHOICES = 100  # ten pages and a bit; more is a search, not a list
CONTACT_CARDS = 5

MAX_STEPS = 100  # between two waits for somebody
MAX_WAITS = 500  # of one session
MAX_FRAMES = 20  # flows inside one another
MAX_SAME_TEXT = 5  # times the same goes out to one contact …
SAME_TEXT_WITHIN = timedelta(minutes=5)  # … in this time
MAX_VARS = 40  # of a flow
MAX_VAR_BYTES = 64 * 1024  # of one variable, as JSON
MAX_CALLS = 10  # to the outside (http, ai, lookup, code), between two waits for somebody
MAX_HOPS = 20  # flows that follow one another without the customer
MAX_RESULTS = 100  # of one session
MAX_SIGNALS = 10  # kept for steps that were not reached yet
MAX_WAIT = timedelta(days=30)
SECOND_TAP = timedelta(seconds=60)  # the same button of the same question again in this time is no answer
