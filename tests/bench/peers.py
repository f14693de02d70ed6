"""pywa's own webhook servers, which store nothing: `python -m tests.bench.peers async|sync PORT`."""

from __future__ import annotations

import sys
from typing import Any

SECRET, VERIFY_TOKEN = "peer-secret", "peer-verify-token"


def application(kind: str) -> Any:
    """FastAPI with pywa's signature check and one handler of text messages, as its documentation shows."""
    from fastapi import FastAPI

    app = FastAPI()
    options: dict[str, Any] = {
        "phone_id": "2000000000001",
        "token": "peer-token",
        "server": app,
        "webhook_endpoint": "/webhooks/whatsapp",
        "verify_token": VERIFY_TOKEN,
        "app_secret": SECRET,
        "validate_updates": True,
    }
    if kind == "async":
        from pywa_async.client import WhatsApp as AsyncWhatsApp

        client: Any = AsyncWhatsApp(**options)

        async def take(_: Any, __: Any) -> None:
            pass  # nothing is stored: the peer's best case

        client.on_message(take)
    else:
        from pywa.client import WhatsApp

        sync_client: Any = WhatsApp(**options)

        def take_sync(_: Any, __: Any) -> None:
            pass

        sync_client.on_message(take_sync)

    return app


def main() -> None:
    import uvicorn

    uvicorn.run(
        application(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
