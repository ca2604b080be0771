"""Servers that lie, say nothing, or know nobody."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

ENTRY = """<Contents><Key>{}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>
<ETag>"always the same"</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>"""


class Liar(http.server.BaseHTTPRequestHandler):
    """Lists objects of 10 bytes, and sends as many as their names say."""

    listed: ClassVar[dict[str, int]] = dict.fromkeys(("data/sends-10", "data/sends-20000000", "data/sends-3"), 10)

    def do_GET(self) -> None:
        if "list-type" in self.path:
            entries = "".join(ENTRY.format(*entry) for entry in self.listed.items())
            self.say(f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode())
        else:
            self.say(b"x" * int(self.path.rpartition("-")[2]))

    def say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.send_header("ETag", '"always the same"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's log short."""


class Console(Liar):
    """Has folders, which are objects without a byte, and lists what is elsewhere."""

    listed: ClassVar = {
        "data/": 0,
        "data/2024/": 0,
        "data/2024/sends-10": 10,
        "datasets/sends-10": 10,
        "/etc/passwd": 10,
    }


class Climber(Liar):
    """Lists an object above its place."""

    listed: ClassVar = {"data/../../etc/passwd": 10}


class Cloud(Liar):
    """Has no keys for us, as where a cloud gives its machines some."""

    def do_PUT(self) -> None:
        self.send_error(404, "no such role, secret")


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on the loopback until the end of the block; the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silence() -> Iterator[str]:
    """Accept connections, and say nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
