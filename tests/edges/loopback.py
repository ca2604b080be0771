"""An HTTP server of our own that misbehaves on purpose: it answers each request with the next act of its script."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """A request as it came. Names of headers are in lower case; `peer` is the port at the other end."""

    line: str
    headers: Mapping[str, str]
    body: bytes
    peer: int

    @property
    def path(self) -> str:
        return self.line.split()[1]


@dataclass
class Loopback:
    """The running server. The last act of the script is repeated for ever."""

    script: list[Act]
    address: str = ""
    seen: list[Seen] = field(default_factory=list)
    connected: int = 0
    """How many connections were made, whether anything was asked over them or not."""
    known: "Callable[[Seen], Act | None] | None" = None
    """What is answered by what is asked, and takes no act from the script: requests at once come in any order."""

    @property
    def place(self) -> str:
        """Host and port, as messages name them."""
        return self.address.removeprefix("http://")

    async def serve_one_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        try:
            while True:
                self.seen.append(await _request(reader, writer))
                await self._act()(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    def _act(self) -> Act:
        if self.known and (act := self.known(self.seen[-1])):
            return act
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:-1])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(head[0], headers, body, writer.get_extra_info("peername")[1])


@asynccontextmanager
async def loopback(*script: Act) -> AsyncIterator[Loopback]:
    server = Loopback(list(script))
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(server.serve_one_client(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.address = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in (running := list(tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Act:
    """A well-formed answer; what is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content)), **(headers or {})}
    head = f"HTTP/1.1 {status} Told\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n" + content)

    return act


def raw(content: bytes) -> Act:
    """These bytes, and the end of the connection."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        writer.close()

    return act


async def reset(writer: asyncio.StreamWriter) -> None:
    """No answer: the connection is broken off."""
    writer.transport.abort()


async def hang(writer: asyncio.StreamWriter) -> None:
    """No answer: the connection stays."""
    await asyncio.Event().wait()


@dataclass
class Endless:
    """The same bytes again and again after a beginning, with a pause in between; `sent` of them were taken."""

    chunk: bytes
    pause: float = 0
    head: bytes = b"HTTP/1.1 200 OK\r\n\r\n"
    sent: int = 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.head)
        while True:
            writer.write(self.chunk)
            await writer.drain()
            self.sent += len(self.chunk)
            await asyncio.sleep(self.pause)
