"""The API server in plain dicts: get, list, create, patch, delete, as the operator or as a policy's ServiceAccount.

What can be asked for stands in `request`, what can go wrong in `refusal`. One raw path serves every API group alike;
the client's models are not used, since they refuse fields that they do not know.
"""

# Parts of the client have no annotations.
# mypy: allow-untyped-calls

import asyncio
import json
import os
import random
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import KUBE_CONFIG_DEFAULT_LOCATION, ConfigException, load_incluster_config, load_kube_config

from retrain_operator.edges.refusal import Expired, NotFound, TimedOut, Unavailable, refusal
from retrain_operator.edges.request import ACCESS_REVIEWS, Discovery, Request, Resource
from retrain_operator.model.access import Account, Right

Json = dict[str, Any]
Objects = list[Json]

MANAGER = "retrain-operator"
READ_TIMEOUT = 10.0
WRITE_TIMEOUT = 5.0
PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
RETRY_PAUSES = (0.2, 0.8)
"""Seconds between the tries of a read, each stretched or shortened by up to a half."""


class Kube:
    """One API server. Every call ends in an answer or in a KubeError; each try within 10 s (reads) or 5 s (writes).

    Reads are tried up to three times when the API server fails or cannot be reached, but not after a wait in vain.
    Writes are sent once: whether to repeat one is for the caller to know.
    """

    def __init__(self, api: ApiClient) -> None:
        """Takes `api` over: `close` closes it."""
        self._own = api
        # Calls as an account go through connections of their own: no header of theirs can end up on one of ours.
        self._acting = ApiClient(api.configuration)
        self._acting.user_agent = api.user_agent

    async def close(self) -> None:
        """Close all connections."""
        await self._own.close()
        await self._acting.close()

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, account: Account | None = None
    ) -> Json:
        """The object as it is now."""
        return await self._read(Request("get", resource, namespace, name, account=account))

    async def exists(self, resource: Resource, namespace: str, name: str, *, account: Account) -> bool:
        """Whether the object is there. Its content is not sent: nobody needs a Secret to know that it exists."""
        try:
            await self._read(Request("get", resource, namespace, name, account=account, metadata_only=True))
        except NotFound:
            return False
        return True

    async def plural(self, group: str, version: str, kind: str) -> str:
        """What objects of a kind are called in URLs and Roles; empty when the API server serves no such kind."""
        try:
            answer = await self._read(Discovery("get", Resource(group, version, "kinds"), None))
        except NotFound:
            return ""
        served = (each for each in answer.get("resources", ()) if each.get("kind") == kind)
        return next((each["name"] for each in served if "/" not in each["name"] and each.get("namespaced")), "")

    async def list(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        labels: str = "",
        fields: str = "",
        account: Account | None = None,
    ) -> Objects:
        """All objects that match both selectors, in one namespace or (None) in all.

        The API server leaves apiVersion and kind out of the items of built-in lists.
        """
        request = Request("list", resource, namespace, account=account)
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        query |= {"fieldSelector": fields} if fields else {}
        try:
            return await self._pages(request, query)
        except Expired:
            return await self._pages(request, query)

    async def create(
        self, resource: Resource, namespace: str | None, body: Json, *, account: Account | None = None
    ) -> Json:
        """Create the object and return it as it was stored."""
        name = body.get("metadata", {}).get("name", "")
        request = Request("create", resource, namespace, name, account=account)
        return await self._send(request, {"fieldManager": MANAGER}, body)

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
        """Merge `body` into the object, or do the operations of a JSON Patch, and return the object.

        A resourceVersion or UID in its metadata makes a stale patch a Conflict.
        """
        request = Request("patch", resource, namespace, name, subresource, account)
        kind = "json-patch" if isinstance(body, list) else "merge-patch"
        return await self._send(request, {"fieldManager": MANAGER}, body, f"application/{kind}+json")

    async def delete(
        self, resource: Resource, namespace: str | None, name: str, *, uid: str, account: Account | None = None
    ) -> None:
        """Delete the object of that UID, in the background what it owns. Absence is success, another UID a Conflict."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._send(Request("delete", resource, namespace, name, account=account), {}, body)
        except NotFound:
            return

    async def review(self, account: Account, rights: Sequence[Right]) -> tuple[Right, ...]:
        """The rights that the account lacks in its namespace. Forbidden if the operator may not act as the account."""
        allowed = await asyncio.gather(*(self._may(account, right) for right in rights))
        return tuple(right for right, may in zip(rights, allowed, strict=True) if not may)

    async def _may(self, account: Account, right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        attributes = {
            "namespace": account.namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "name": right.name,
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self.create(ACCESS_REVIEWS, None, body, account=account)
        return answer.get("status", {}).get("allowed") is True

    async def _pages(self, request: Request, query: dict[str, str]) -> Objects:
        page = await self._read(request, query)
        items: Objects = page.get("items") or []
        while token := page.get("metadata", {}).get("continue"):
            page = await self._read(request, {**query, "continue": token})
            items += page.get("items") or ()
        return items

    async def _read(self, request: Request, query: dict[str, str] | None = None) -> Json:
        for pause in RETRY_PAUSES:
            try:
                return await self._send(request, query or {})
            except TimedOut:
                raise
            except Unavailable:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads load, guards nothing
        return await self._send(request, query or {})

    async def _send(
        self,
        request: Request,
        query: dict[str, str],
        body: Json | Objects | None = None,
        content_type: str = "application/json",
    ) -> Json:
        seconds = READ_TIMEOUT if request.method == "GET" else WRITE_TIMEOUT
        accept = _METADATA if request.metadata_only else "application/json"
        client, headers = self._own, {"Accept": accept, "Content-Type": content_type}
        if request.account:
            # Of a ServiceAccount's groups the API server knows itself; naming them would take rights on groups.
            client, headers["Impersonate-User"] = self._acting, request.account.user
        try:
            call = await client.param_serialize(
                request.method,
                request.path,
                query_params=list(query.items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = await client.call_api(*call, _request_timeout=seconds)
            text: bytes = await answer.read()
        except TimeoutError:
            words = f"The API server did not answer within {seconds:g} s when asked to {request}; ask again."
            raise TimedOut(request, words) from None
        except (aiohttp.ClientError, OSError) as error:
            words = f"The API server could not be reached to {request} ({type(error).__name__}); ask again."
            raise Unavailable(request, words) from error
        if not 200 <= answer.status < 300:
            raise refusal(request, answer.status, text, answer.headers.get("Retry-After", ""))
        return _parsed(request, text)


def _parsed(request: Request, text: bytes) -> Json:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Unavailable(request, f"Asked to {request}, the API server gave no JSON object; is a proxy in between?")
    return answer


async def connect(kubeconfig: Path | None = None) -> ApiClient:
    """A client for the cluster of that file; without one, of the pod we run in, else of the file that KUBECONFIG names.

    ConfigException says what is missing.
    """
    configuration = Configuration()
    if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        load_incluster_config(configuration)
    else:
        where = str(kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION)
        try:
            await load_kube_config(where, client_configuration=configuration, persist_config=False)
        except ConfigException as error:
            raise ConfigException(f"No cluster: {where} is no usable kubeconfig ({error}). Set KUBECONFIG.") from error
    api = ApiClient(configuration)
    api.user_agent = f"{MANAGER}/{version(MANAGER)}"
    return api
