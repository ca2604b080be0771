"""A Prometheus of our own that remembers a formula, and answers for each time that it is asked about."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from tests.edges.loopback import Loopback, loopback, reply

Formula = Callable[[float], list[float]]
"""Values at a time in seconds since 1970: one for each series that there is then."""


@asynccontextmanager
async def remembering(formula: Formula) -> AsyncIterator[Loopback]:
    """The running server."""

    async def act(writer: asyncio.StreamWriter) -> None:
        form = parse_qs(server.seen[-1].body.decode())
        start, end, step = (float(form[name][0]) for name in ("start", "end", "step"))
        known = {at: formula(at) for at in (start + step * n for n in range(round((end - start) / step) + 1))}
        result = [
            {"metric": {"n": str(n)}, "values": [[at, str(each[n])] for at, each in known.items() if len(each) > n]}
            for n in range(max(map(len, known.values())))
        ]
        await reply({"status": "success", "data": {"resultType": "matrix", "result": result}})(writer)

    async with loopback(act) as server:
        yield server
