"""Answers as tests have told it, in place of a Prometheus that is hostile, or that wants to know who asks.

A query names its tenant, as in `html{tenant="shop"}`: of /srv/shop.json it gets the answer called `html`, and what was
asked is a line of /srv/shop.asked. Whatever else is asked for, such as where a redirect leads, is a line of
/srv/elsewhere.
"""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

FOLDER = Path("/srv")
QUERY = re.compile(r'([a-z0-9_]+)\{tenant="([a-z0-9-]+)"\}')
NOTHING = {"body": '{"status": "success", "data": {"resultType": "vector", "result": []}}'}


class Answers(BaseHTTPRequestHandler):
    """POST a query: the answer that somebody has put there for it."""

    def do_GET(self) -> None:
        """Note that somebody came here: no query is put by GET."""
        self._note("elsewhere", self.path)
        self._send({"status": 404})

    def do_POST(self) -> None:
        """Note who asks what, and answer."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        found = QUERY.fullmatch(form.get("query", [""])[0])
        if self.path != "/api/v1/query" or not found:
            self._note("elsewhere", self.path)
            self._send({"status": 404})
            return
        name, tenant = found.groups()
        self._note(f"{tenant}.asked", name)
        told = FOLDER / f"{tenant}.json"
        self._send(json.loads(told.read_text()).get(name, NOTHING) if told.exists() else NOTHING)

    def _note(self, file: str, asked: str) -> None:
        with (FOLDER / file).open("a") as notes:
            notes.write(json.dumps({"asked": asked, "headers": dict(self.headers)}) + "\n")

    def _send(self, told: dict[str, Any]) -> None:
        """`{authorization}` stands for the credential that came with the question: who is hostile gives it back."""
        got = self.headers.get("Authorization", "").partition(" ")[2]
        if "raw" in told:
            self.wfile.write(told["raw"].encode())
            return
        self.send_response_only(told.get("status", 200), told.get("phrase"))
        for name, value in told.get("headers", {}).items():
            self.send_header(name, value.replace("{authorization}", got))
        body = told.get("body", "").replace("{authorization}", got).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Answers).serve_forever()
