"""Serves whatever metrics a test has written to /srv/metrics, so that a real Prometheus sees what the test wants."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

METRICS = Path("/srv/metrics")


class Metrics(BaseHTTPRequestHandler):
    """GET anything: the metrics as they are now."""

    def do_GET(self) -> None:
        """Answer in Prometheus' text format."""
        body = METRICS.read_bytes() if METRICS.exists() else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("", 8000), Metrics).serve_forever()
