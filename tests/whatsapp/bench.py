"""How fast the wire is: webhooks parsed a second, and the CPU that sending takes against a server with latency.

`python -m tests.whatsapp.bench [--rate 1000] [--seconds 5]`; the server runs in a process of its own on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import statistics
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

import orjson
from aiohttp import web

from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.webhooks import parse
from tests.whatsapp.envelopes import envelope, message, value
from tests.whatsapp.samples import TO, requests

LATENCY = 0.1  # seconds
PERSON = {"profile": {"name": "Ana", "username": "@ana"}, "wa_id": "16505551234", "user_id": "US.13491208655302741918"}


def status(number: int) -> dict[str, Any]:
    """A status as Meta sends it since 2026."""
    return {
        "id": f"wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJ{number}",
        "status": "delivered",
        "timestamp": "1750030073",
        "recipient_id": "16505551234",
        "recipient_user_id": "US.13491208655302741918",
        "biz_opaque_callback_data": f"m:{number}",
        "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"},
    }


def parsing() -> None:
    """Prints the median of seven runs, by CPU time."""
    for name, count, members in (
        ("status, one a body", 1, {"statuses": [status(1)]}),
        ("status, one a body, with contact", 1, {"statuses": [status(1)], "contacts": [PERSON]}),
        ("status, 100 a body", 100, {"statuses": [status(number) for number in range(100)]}),
        ("text message, one a body", 1, {"messages": [message()], "contacts": [PERSON]}),
        (
            "text message, 100 a body",
            100,
            {"messages": [message(id=f"w{n}") for n in range(100)], "contacts": [PERSON]},
        ),
    ):
        body, rounds, rates = envelope(value(**members)), 20_000 // count, []
        for _ in range(7):
            started = time.process_time()
            for _ in range(rounds):
                parse(body)
            rates.append(rounds * count / (time.process_time() - started))
        print(f"{name:36} {statistics.median(rates):9,.0f}/s  (from {min(rates):,.0f} to {max(rates):,.0f})")


def _serve(report: Connection) -> None:
    answer = orjson.dumps({"contacts": [{"input": "+1", "wa_id": "1"}], "messages": [{"id": "wamid.1"}]})

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY)
        return web.Response(body=answer, content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", accept)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        report.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


async def _send(port: int, rate: int, seconds: float) -> str:
    request, took = requests()["reply_with_opaque"], list[float]()
    async with Graph("token", url=f"http://127.0.0.1:{port}") as graph:

        async def once() -> None:
            started = time.perf_counter()
            await graph.send(TO.value, request)
            took.append(time.perf_counter() - started)

        for _ in range(20):
            await once()
        took.clear()
        tasks: set[asyncio.Task[None]] = set()
        started, cpu, total = time.perf_counter(), time.process_time(), int(rate * seconds)
        for number in range(total):
            wait = started + number / rate - time.perf_counter()
            if wait > 0.002:
                await asyncio.sleep(wait)
            task = asyncio.ensure_future(once())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    took.sort()
    return (
        f"{total / wall:,.0f} sends/s on {cpu / wall:.2f} core ({cpu / total * 1e6:.0f} µs each), "
        f"p50 {took[total // 2] * 1e3:.0f} ms, p99 {took[total * 99 // 100] * 1e3:.0f} ms"
    )


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rate", type=int, default=1000)
    asked.add_argument("--seconds", type=float, default=5)
    options = asked.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    parsing()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        print(f"latency {LATENCY * 1e3:.0f} ms: {asyncio.run(_send(ours.recv(), options.rate, options.seconds))}")
    finally:
        server.terminate()
        server.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
