"""The reference server: answers inference requests for one version, takes labels when they come, shows how it fares.

It speaks the Open Inference Protocol V2, so that MLServer or KServe can take its place. It is live at once and ready
when the version has proved itself: digests first, then the golden rows. Without MODEL_URI it waits for a first model.
"""

import errno
import importlib
import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from retrain_trainer.telling.faults import InputError, StepError, sentence_of

if TYPE_CHECKING:
    from retrain_trainer.serve.served import Served

LARGEST_REQUEST = 16 * 1024 * 1024
RETRY_SECONDS = 10.0
MOST_PORT, MOST_ROWS = 65_535, 1_000_000
"""Ports are 16 bits; a window of a million rows takes 2 MB a column."""
LONGEST = 20
"""Digits of a number in the environment that are worth reading."""
GRACE_SECONDS = 0.5
WAITING = "There is no model yet: MODEL_URI is empty. The first promotion sets it."

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says."""

    uri: str
    name: str
    digest: str | None
    port: int
    host: str | None
    window: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read MODEL_URI, MODEL_NAME, MODEL_DIGEST, PORT, HOST and WINDOW_ROWS; all but MODEL_URI have defaults.

        StepError for a number that is none or out of range.
        """
        uri = os.environ.get("MODEL_URI", "").rstrip("/")
        store = uri.split("/")[-2] if uri.count("/") > 3 else "model"
        return cls(
            uri=uri,
            name=os.environ.get("MODEL_NAME") or store,
            digest=os.environ.get("MODEL_DIGEST") or None,
            port=_whole("PORT", "8080", range(MOST_PORT + 1)),
            host=os.environ.get("HOST") or None,
            window=_whole("WINDOW_ROWS", "1000", range(1, MOST_ROWS + 1)),
        )


class Server:
    """One model behind HTTP, or the reason why there is none yet."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.served: Served | None = None
        self.reason = f"{settings.uri} is being loaded." if settings.uri else WAITING

    def app(self) -> web.Application:
        """Return the application, whose model is loaded beside it once it has started."""
        app = web.Application(middlewares=[_told], client_max_size=LARGEST_REQUEST)
        app.on_startup.append(self._start)
        model = "/v2/models/{name}"
        app.add_routes(
            [
                web.get("/v2", self.about),
                web.get("/v2/health/live", self.live),
                web.get("/v2/health/ready", self.ready),
                web.post("/feedback", self.feedback),
                web.get("/metrics", self.metrics),
            ]
        )
        for path in (model, model + "/versions/{version}"):
            app.add_routes(
                [
                    web.get(path, self.metadata),
                    web.get(path + "/ready", self.ready),
                    web.post(path + "/infer", self.infer),
                ]
            )
        return app

    async def about(self, _: web.Request) -> web.Response:
        """Say what this server is."""
        return web.json_response({"name": "retrain-operator", "version": "2", "extensions": []})

    async def live(self, _: web.Request) -> web.Response:
        """Answer that the process lives."""
        return web.json_response({"live": True})

    async def ready(self, request: web.Request) -> web.Response:
        """Answer whether requests are welcome; where not, say why."""
        self._of(request)
        return web.json_response({"ready": True})

    async def metadata(self, request: web.Request) -> web.Response:
        """Describe the model."""
        return web.json_response(self._of(request).metadata())

    async def infer(self, request: web.Request) -> web.Response:
        """Predict the rows of a request."""
        served = self._of(request)
        return web.json_response(await served.infer(await _body(request)))

    async def feedback(self, request: web.Request) -> web.Response:
        """Count how earlier predictions compare with what turned out to be true."""
        served = self._of(request)
        return web.json_response({"accepted": served.feedback(await _body(request), time.time())})

    async def metrics(self, _: web.Request) -> web.Response:
        """Expose the counters to Prometheus; none before there is a model."""
        text = b"" if self.served is None else self.served.exposition()
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _of(self, request: web.Request) -> "Served":
        """Return the model that a request means; 503 while there is none, 404 for another one."""
        if self.served is None:
            raise web.HTTPServiceUnavailable(text=self.reason)
        asked = request.match_info.get("name", self.served.name), request.match_info.get("version", self.served.version)
        if asked != (self.served.name, self.served.version):
            serves = f"{self.served.name} in version {self.served.version}"
            raise web.HTTPNotFound(text=f"This server has {serves}, not {asked[0]} in version {asked[1]}.")
        return self.served

    async def _start(self, _: web.Application) -> None:
        if not self.settings.uri:
            log.info(self.reason)
            return
        # A daemon thread: importing scikit-learn must neither delay the first answer nor hold up a SIGTERM.
        threading.Thread(target=self._load, daemon=True).start()

    def _load(self) -> None:
        """Load the model, again and again until it can be loaded: a volume may come late."""
        told = ""
        while self.served is None:
            try:
                self.served = importlib.import_module("retrain_trainer.serve.served").load(self.settings)
            except Exception as error:
                self.reason = sentence_of(error)
                if self.reason != told:
                    log.warning("Not ready: %s", self.reason, exc_info="container's log" in self.reason)
                told = self.reason
                time.sleep(RETRY_SECONDS)
        log.info("Ready: %s in version %s", self.served.name, self.served.version)


def _whole(name: str, default: str, fit: range) -> int:
    text = os.environ.get(name) or default
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST and int(text) in fit):
        raise StepError(f"{name} must be a whole number from {fit[0]} to {fit[-1]:,}; it is {text!r}.")
    return int(text)


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what went wrong as the protocol wants it: a JSON object with an error."""
    try:
        return await handler(request)
    except InputError as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPException as error:
        return web.json_response({"error": error.text or error.reason}, status=error.status)
    except Exception as error:
        log.exception("%s %s failed", request.method, request.path)
        return web.json_response({"error": sentence_of(error)}, status=500)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise InputError("The body is no JSON.") from None
    if not isinstance(body, dict):
        raise InputError("The body is no JSON object.")
    return body


def _not_heard(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken on this machine: name another by the variable PORT."
    where = f"{settings.host or 'all addresses'}, port {settings.port}"
    reason = str(error.strerror).rpartition(": ")[2]  # asyncio tells the address once more before it
    return f"Cannot listen on {where}: {reason}. Name an address of this machine by HOST, and a port by PORT."


def serve() -> int:
    """Serve until SIGTERM, then end within a second."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # Threads of OpenMP wait by spinning: for the few rows of a request they cost more than they give.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        settings = Settings.from_environment()
    except StepError as error:
        log.error(error)  # noqa: TRY400  # a traceback would say no more
        return 1
    app = Server(settings).app()
    try:
        web.run_app(
            app, host=settings.host, port=settings.port, access_log=None, print=None, shutdown_timeout=GRACE_SECONDS
        )
    except OSError as error:
        # A traceback would say no more.
        log.error(_not_heard(settings, error))  # noqa: TRY400
        return 1
    return 0
