"""A certificate authority, and a Prometheus over TLS that it vouches for."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import trustme
from cryptography.hazmat.primitives import serialization

ANSWER = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}).encode()


def server_context(ca: trustme.CA, certificate: trustme.LeafCert, *, mutual: bool) -> ssl.SSLContext:
    """What the server shows, and whether it asks for a client's certificate by the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(context)
    return context


@asynccontextmanager
async def secured(context: ssl.SSLContext, host: str = "localhost") -> AsyncIterator[str]:
    """The address of a Prometheus that answers 1 to everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextmanager
def refusing(context: ssl.SSLContext) -> Iterator[str]:
    """The address of a server that says why it ends the handshake, as Go's and nginx' do and asyncio's does not."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                with context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as client:
                    with contextlib.suppress(ssl.SSLError):
                        client.do_handshake()
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(4096):
                        pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def locked(key: bytes) -> bytes:
    """A private key in PEM that takes a password from now on."""
    lock = serialization.BestAvailableEncryption(b"open sesame")
    opened = serialization.load_pem_private_key(key, None)
    return opened.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
