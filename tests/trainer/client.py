"""Speaks to a reference server over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

from retrain_trainer.data.rows import Floats
from retrain_trainer.serve.server import Server, Settings
from tests.trainer.world import World


class Client:
    """Speaks to one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(path) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self.session.post(path, data=body if isinstance(body, str) else json.dumps(body)) as response:
            return response.status, await response.json()

    async def infer(self, rows: Floats, **more: Any) -> tuple[int, Any]:
        tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.reshape(-1).tolist()}
        return await self.post("/v2/models/store/infer", {"inputs": [tensor], **more})

    async def ready(self) -> None:
        while (await self.get("/v2/health/ready"))[0] != 200:  # noqa: ASYNC110 - readiness is polled, as a kubelet does
            await asyncio.sleep(0.01)

    async def metrics(self) -> dict[str, float]:
        async with self.session.get("/metrics") as response:
            lines = (await response.text()).splitlines()
        series = (line.rsplit(" ", 1) for line in lines if line.startswith("retrain_"))
        return {name: float(value) for name, value in series}


@asynccontextmanager
async def serving(uri: str, *, ready: bool = True, window: int = 200, **settings: Any) -> AsyncIterator[Client]:
    server = Server(Settings(uri=uri, name="store", digest=settings.get("digest"), port=0, host=None, window=window))
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            client = Client(session)
            if ready:
                await client.ready()
            yield client
    finally:
        await runner.cleanup()


def rows(world: World, week: int) -> tuple[Floats, list[int]]:
    columns = world.columns(week)
    return np.stack([columns[name] for name in "abc"], axis=1), columns["y"].tolist()
