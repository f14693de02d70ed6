"""Measures the emulator: sends a second, its CPU per send with three statuses; `python -m tests.emulator.bench`."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time

import aiohttp
import orjson
import psutil
from aiohttp import web

from pytake_cli.emulator import defaults
from tests.emulator.pywa_world import ROOT

OFFER = {
    "name": "oferta_semana",
    "language": {"code": "pt_BR"},
    "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "10%"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "1"}]},
    ],
}


def body(index: int) -> bytes:
    frame = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": f"+55119{index % 20_000:08d}"}
    return orjson.dumps(frame | {"type": "template", "template": OFFER, "biz_opaque_callback_data": f"bench:{index}"})


class Sink:
    """Takes webhooks and counts the statuses in them."""

    def __init__(self) -> None:
        self.statuses = self.posts = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(text=request.query["hub.challenge"])
        self.statuses += (await request.read()).count(b'"status":')
        self.posts += 1
        return web.Response()


async def measure(sends: int, in_flight: int, settings: list[str]) -> None:
    sink = Sink()
    runner = web.ServerRunner(web.Server(sink.handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    command = [sys.executable, "-m", "pytake_cli.emulator", "--port", "0", "--webhook-url", hook, "--bench"]
    for setting in ("sent_delay=300ms", "delivered_delay=300ms", "read_delay=300ms", *settings):
        command += ["--set", setting]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = f"{process.stdout.readline().split()[1]}/v25.0/{defaults.PHONE_NUMBER_ID}/messages"
    watched = psutil.Process(process.pid)
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as client:
        left = iter(range(sends))

        async def send() -> None:
            for index in left:
                async with client.post(url, data=body(index)) as answer:
                    assert answer.status == 200, await answer.text()
                    await answer.read()

        before, started = sum(watched.cpu_times()[:2]), time.monotonic()
        await asyncio.gather(*(send() for _ in range(in_flight)))
        took = time.monotonic() - started
        while sink.statuses < 3 * sends and time.monotonic() - started < 120:
            await asyncio.sleep(0.05)
        cpu = sum(watched.cpu_times()[:2]) - before
    memory = watched.memory_info().rss >> 20
    print(
        f"{sends} sends, {in_flight} in flight: {sends / took:,.0f}/s; CPU {cpu / sends * 1e6:.0f} µs a send with its "
        f"3 statuses ({cpu / sends * 3000:.2f} core at 3,000/s); {sink.statuses} statuses in {sink.posts} posts; "
        f"{memory} MB"
    )
    process.terminate()
    process.wait()
    process.stdout.close()
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends", type=int, default=15_000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--set", action="append", default=[])
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.sends, chosen.in_flight, chosen.set))
