"""The verbs of flow files, a file each; VERBS is all of them."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic_core import PydanticCustomError

from pytake_cli.flow.steps.ai import Ai
from pytake_cli.flow.steps.ask import Ask
from pytake_cli.flow.steps.call import Call
from pytake_cli.flow.steps.code import Code
from pytake_cli.flow.steps.end import EndStep
from pytake_cli.flow.steps.event import EventStep
from pytake_cli.flow.steps.form import Form
from pytake_cli.flow.steps.gestures import React, Read, Typing
from pytake_cli.flow.steps.goto_flow import GotoFlow
from pytake_cli.flow.steps.handoff import Handoff
from pytake_cli.flow.steps.hours import HoursStep
from pytake_cli.flow.steps.http import Http
from pytake_cli.flow.steps.lookup import Lookup
from pytake_cli.flow.steps.notify import NotifyStep
from pytake_cli.flow.steps.say import SayStep
from pytake_cli.flow.steps.set import SetStep
from pytake_cli.flow.steps.signal import Signal
from pytake_cli.flow.steps.split import Split
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.steps.switch import Switch
from pytake_cli.flow.steps.template import TemplateStep
from pytake_cli.flow.steps.wait import WaitStep

VERBS: dict[str, type[Step]] = {
    "say": SayStep,
    "ask": Ask,
    "switch": Switch,
    "set": SetStep,
    "http": Http,
    "wait": WaitStep,
    "signal": Signal,
    "template": TemplateStep,
    "split": Split,
    "hours": HoursStep,
    "handoff": Handoff,
    "call": Call,
    "goto_flow": GotoFlow,
    "ai": Ai,
    "lookup": Lookup,
    "code": Code,
    "event": EventStep,
    "notify": NotifyStep,
    "form": Form,
    "react": React,
    "typing": Typing,
    "read": Read,
    "end": EndStep,
}


def verb_of(given: dict[str, Any]) -> str:
    """The verb of a step as written. A key that is a field of another verb there (`hours` of `wait`) is not one."""
    found = [key for key in given if key in VERBS]
    if len(found) > 1:
        found = [
            verb for verb in found if not any(verb in VERBS[other].model_fields for other in found if other != verb)
        ]
    if len(found) == 1:
        return found[0]
    if found:
        raise PydanticCustomError(
            "flow_verbs", "a step does one thing; this one has {verbs}", {"verbs": ", ".join(found)}
        )
    near = [match for key in given for match in difflib.get_close_matches(str(key), VERBS, 1, 0.7)]
    if near:
        raise PydanticCustomError("flow_verb", "a step needs a verb; did you mean {near}?", {"near": near[0]})
    raise PydanticCustomError("flow_verb", "a step needs one verb of {verbs}", {"verbs": ", ".join(VERBS)})


def read_step(given: Any) -> Step:
    """The step that a map of a flow file is. Errors are those of its verb, with the path below the step."""
    if isinstance(given, Step):
        return given
    if not isinstance(given, dict):
        raise PydanticCustomError("flow_step", "a step is a map with one verb, such as `say: Olá!`", {})
    return VERBS[verb_of(given)].model_validate(given)
