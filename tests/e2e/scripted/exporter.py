"""Serves the lines that tests have written into /srv, so that a real Prometheus sees what a test wants it to see."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

METRICS = Path("/srv")


class Metrics(BaseHTTPRequestHandler):
    """GET anything: the metrics as they are now."""

    def do_GET(self) -> None:
        """Answer in Prometheus' text format."""
        body = b"".join(file.read_bytes() for file in METRICS.iterdir())
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("", 8000), Metrics).serve_forever()
