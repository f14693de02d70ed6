"""Control of the emulator itself: its state, clock, settings and beginning anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.durations import seconds
from pytake_cli.errors import InvalidData

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

Answer = dict[str, Any]


async def status(world: World, arguments: Answer) -> Answer:
    """One look at everything that counts."""
    return {
        "url": world.base_url,
        "home": world.config.home,
        "seed": world.seed,
        "app_id": world.app_id,
        "clock": _clock(world),
        "wabas": [{"id": waba.id, "name": waba.name, "banned": waba.banned} for waba in world.wabas.values()],
        "numbers": [number.as_dict() for number in world.numbers.values()],
        "customers": len(world.customers),
        "templates": len(world.templates.by_id),
        "faults": len(world.faults.rules),
        "counts": world.counts | {"timers": world.timeline.waiting(), "retrying": world.webhooks.retrying},
        "webhooks": world.webhooks.counts,
        "receivers": [lane.as_dict() for lane in world.webhooks.lanes.values()],
        "idle": world.webhooks.idle(),
    }


async def reset(world: World, arguments: Answer) -> Answer:
    """Forgets messages, people, faults and changes; settings given with the call apply from now on."""
    world.config.apply(arguments.get("config") or {})
    if arguments.get("seed") is not None:
        world.reseed(int(arguments["seed"]))
    world.reset()
    return {"reset": True, "seed": world.seed}


async def clock_state(world: World, arguments: Answer) -> Answer:
    return _clock(world)


async def set_clock(world: World, arguments: Answer) -> Answer:
    """`advance` (`2h`), `freeze` (true or Unix seconds), `resume`, `speed` (10), `set` (Unix seconds)."""
    timeline = world.timeline
    if arguments.get("set") is not None:
        timeline.advance(float(arguments["set"]) - timeline.now())
    if arguments.get("freeze"):
        timeline.freeze(None if arguments["freeze"] is True else float(arguments["freeze"]))
    if arguments.get("resume"):
        timeline.resume(1.0)
    if arguments.get("speed") is not None:
        speed = float(arguments["speed"])
        if speed <= 0:
            raise InvalidData(
                "PT-EMULATOR-VALUE",
                "{value} is not a speed; freeze the clock instead",
                fix="pytake emulator clock freeze",
                value=speed,
            )
        timeline.resume(speed)
    if arguments.get("advance") is not None:
        timeline.advance(seconds(arguments["advance"]))
    return _clock(world)


def _clock(world: World) -> Answer:
    timeline = world.timeline
    return {"now": timeline.now(), "frozen": timeline.frozen, "speed": timeline.speed, "timers": timeline.waiting()}


async def show_config(world: World, arguments: Answer) -> Answer:
    return world.config.as_dict()


async def set_config(world: World, arguments: Answer) -> Answer:
    world.config.apply(arguments)
    world.settings_changed(set(arguments))
    return world.config.as_dict()
