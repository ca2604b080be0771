"""An API server's memory: objects as JSON, versions, conflicts, owners, and refusals on demand. It checks every status.

It stands where `Kube` stands, so that the product's own reading and writing of objects is part of every story. A story
can ask that the operator be killed right after its n-th write, or right before.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from retrain_operator.edges.refusal import refusal
from retrain_operator.edges.request import POLICIES, RUNS, Request, Resource
from retrain_operator.model.access import Account, Right
from retrain_operator.model.run import RunSpec, RunStatus
from retrain_operator.model.scalars import time_text
from retrain_operator.model.status import PolicyStatus
from tests.coherent import assert_coherent
from tests.reconcile.objects import apply, copy, merged, owned, preconditions

Json = dict[str, Any]
Objects = list[Json]
Where = tuple[str, str, str]
_CODES = {"NotFound": 404, "AlreadyExists": 409, "Conflict": 409, "Forbidden": 403, "Invalid": 422}


class Killed(BaseException):
    """The operator's process ends here."""


class Api:
    """One namespace's worth of an API server."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.version = 0
        """Moves with every change, whoever made it."""
        self.objects: dict[Where, Json] = {}
        self.events: list[Json] = []
        self.writes: list[str] = []
        """Everything that was changed, as `verb resource`, events aside."""
        self.lacking: set[tuple[str, str]] = set()
        """Rights that accounts lack: (verb, resource)."""
        self.denials: dict[tuple[str, str], tuple[str, str]] = {}
        """What a write is answered with: reason and message."""
        self.counted: set[str] = set()
        """Plurals of what a pod may mount that must have been put to be there; all others are there."""
        self.kinds: dict[tuple[str, str], str] = {}
        """Plurals of kinds beside the built-in ones, by API version and kind."""
        self.shut_out = False
        """Whether the operator may not act as any account."""
        self.kill_at: float | None = None
        """At which write the operator is killed: 2 is right after the second, 2.5 right before the third."""

    def put(self, resource: Resource, name: str, body: Json, namespace: str = "shop") -> Json:
        """An object that somebody else made."""
        meta = {"name": name, "namespace": namespace, **copy(body.get("metadata", {}))}
        self.version += 1
        meta |= {"uid": f"uid-{self.version}", "resourceVersion": str(self.version), "generation": 1}
        meta |= {"creationTimestamp": time_text(self._clock())}
        stored = {**copy(body), "metadata": meta}
        self.objects[resource.plural, namespace, name] = stored
        return stored

    def find(self, resource: Resource, namespace: str = "shop") -> list[Json]:
        """All objects of a kind."""
        return [
            body for (plural, where, _), body in self.objects.items() if (plural, where) == (resource.plural, namespace)
        ]

    def remove(self, resource: Resource, name: str, namespace: str = "shop") -> None:
        """Delete, and with it whatever it owns."""
        self.version += 1
        gone = self.objects.pop((resource.plural, namespace, name))
        children = [where for where, body in self.objects.items() if owned(body, gone["metadata"]["uid"])]
        for plural, where, child in children:
            if (plural, where, child) in self.objects:
                self.remove(Resource("", "", plural), child, where)

    def changed(self, body: Json, *, spec: bool = False) -> None:
        """Mark an object that was changed in place."""
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        body["metadata"]["generation"] += spec

    # What Kube offers

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, account: Account | None = None
    ) -> Json:
        return copy(await self._reach(Request("get", resource, namespace, name, account=account)))

    async def exists(self, resource: Resource, namespace: str, name: str, *, account: Account) -> bool:
        await self._allow(Request("get", resource, namespace, name, account=account))
        return (resource.plural, namespace, name) in self.objects or resource.plural not in self.counted

    async def plural(self, group: str, version: str, kind: str) -> str:
        return self.kinds.get((f"{group}/{version}", kind), "")

    async def list(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        labels: str = "",
        fields: str = "",
        account: Account | None = None,
    ) -> list[Json]:
        await self._allow(Request("list", resource, namespace, account=account))
        if resource.plural == "events":
            uid = fields.partition("involvedObject.uid=")[2].partition(",")[0]
            return [each for each in self.events if each["involvedObject"]["uid"] == uid]
        key, _, value = labels.partition("=")
        found = self.find(resource, namespace or "shop")
        return copy([each for each in found if not key or each["metadata"].get("labels", {}).get(key) == value])

    async def create(
        self, resource: Resource, namespace: str | None, body: Json, *, account: Account | None = None
    ) -> Json:
        if resource.plural == "events":
            self.events.append(body)
            return body
        name = body["metadata"]["name"]
        request = Request("create", resource, namespace, name, account=account)
        await self._allow(request)
        if (resource.plural, namespace, name) in self.objects:
            raise _error(request, "AlreadyExists", "already exists")
        with self._write(request):
            if resource is RUNS:
                RunSpec.model_validate(body["spec"])
            return copy(self.put(resource, name, body, namespace or ""))

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Json | Objects,
        *,
        account: Account | None = None,
        subresource: str = "",
    ) -> Json:
        request = Request("patch", resource, namespace, name, subresource, account)
        stored = await self._reach(request)
        for field, value in preconditions(body):
            if stored["metadata"][field] != value:
                raise _error(request, "Conflict", "the object has been modified")
        with self._write(request):
            if isinstance(body, list):
                apply(stored, body)
                stored["metadata"].pop("managedFields", None)  # what was another's is the operator's now
            else:
                stored["status"] = merged(stored.get("status", {}), body["status"])
                _check(resource, stored)
            self.changed(stored, spec=isinstance(body, list))
            return copy(stored)

    async def delete(
        self, resource: Resource, namespace: str | None, name: str, *, uid: str, account: Account | None = None
    ) -> None:
        request = Request("delete", resource, namespace, name, account=account)
        stored = await self._reach(request)
        if stored["metadata"]["uid"] != uid:
            raise _error(request, "Conflict", "the UID differs")
        with self._write(request):
            self.remove(resource, name, namespace or "")

    async def review(self, account: Account, rights: Sequence[Right]) -> tuple[Right, ...]:
        if self.shut_out:
            raise _shut_out(Request("create", Resource("", "", "selfsubjectaccessreviews"), None, account=account))
        return tuple(right for right in rights if (right.verb, right.resource) in self.lacking)

    # How it answers

    async def _reach(self, request: Request) -> Json:
        await self._allow(request)
        where = (request.resource.plural, request.namespace or "", request.name)
        if where not in self.objects:
            raise _error(request, "NotFound", "not found")
        return self.objects[where]

    async def _allow(self, request: Request) -> None:
        await asyncio.sleep(0)  # others may come in between, as on a real server
        what = (request.verb, request.resource.plural)
        if request.account and self.shut_out:
            raise _shut_out(request)
        if request.account and what in self.lacking:
            raise _error(request, "Forbidden", f"cannot {request.verb} resource")
        if what in self.denials:
            raise _error(request, *self.denials[what])

    def _write(self, request: Request) -> "_Write":
        return _Write(self, f"{request.right.verb} {request.right.resource}")


class _Write:
    """One write: the operator may be killed on either side of it."""

    def __init__(self, api: Api, what: str) -> None:
        self._api, self._what = api, what

    def __enter__(self) -> None:
        if self._api.kill_at == len(self._api.writes) + 0.5:
            raise Killed

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._api.writes.append(self._what)
            if self._api.kill_at == len(self._api.writes):
                raise Killed


def _error(request: Request, reason: str, message: str, **details: str) -> Exception:
    details = details or {"name": request.name, "kind": request.resource.plural}
    status = {"kind": "Status", "reason": reason, "message": message, "details": details}
    return refusal(request, _CODES[reason], json.dumps(status).encode())


def _shut_out(request: Request) -> Exception:
    return _error(request, "Forbidden", "cannot impersonate", kind="serviceaccounts", name="retrain-runner")


def _check(resource: Resource, stored: Json) -> None:
    """What the real one checks by the schema, and what must hold besides."""
    kind: type[PolicyStatus | RunStatus] = PolicyStatus if resource is POLICIES else RunStatus
    status = kind.model_validate(stored["status"])
    assert status.model_dump(mode="json", by_alias=True, exclude_none=True) == stored["status"], (
        "something is left of before"
    )
    assert_coherent(status, stored["metadata"]["generation"])
