"""How much one source is asked at once, and that one which fails is left alone without harm to the others."""

import asyncio
from datetime import timedelta
from typing import Any

from retrain_operator.edges.partner import IN_FLIGHT
from retrain_operator.model.observation import Sample, SourceError
from retrain_operator.model.reason import Reason
from tests.builders import T0
from tests.edges.answers import failure, vector
from tests.edges.asked import asked_of
from tests.edges.loopback import Act, reply, reset
from tests.edges.test_secret import secret


class Slow:
    """A server that answers when it is told to, and notes how many wait."""

    def __init__(self) -> None:
        self.waiting = self.most = 0
        self.full, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        if self.waiting == IN_FLIGHT:
            self.full.set()
        await self.go.wait()
        self.waiting -= 1
        await vector("1")(writer)


async def test_eight_questions_at_once_to_one_source_and_eight_to_another() -> None:
    slow, other = Slow(), Slow()
    async with asked_of(slow) as one, asked_of(other) as two, asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(one.ask(f"up{number}"))
            group.create_task(two.ask(f"up{number}"))
        await asyncio.gather(slow.full.wait(), other.full.wait())
        await asyncio.sleep(0.05)  # a ninth would have come by now
        slow.go.set()
        other.go.set()
    assert (slow.most, other.most) == (8, 8)


async def test_policies_own_credentials_do_not_multiply_what_one_address_takes() -> None:
    slow = Slow()
    async with asked_of(slow, secrets=secret(token="x")) as here, asyncio.TaskGroup() as group:
        for number in range(12):
            own: Any = {"address": here.server.address, "secretRef": {"name": f"prom-{number % 3}"}}
            group.create_task(here.ask(f"up{number}", **own))
        await slow.full.wait()
        await asyncio.sleep(0.05)
        slow.go.set()
    assert slow.most == 8


async def told(act: Act, answers: int = 12) -> tuple[int, set[str]]:
    """How often a source that always does the same was asked, of so many times, and with which reasons."""
    async with asked_of(act) as here:
        seen = [await here.ask() for _ in range(answers)]
        return len(here.server.seen), {each.reason if isinstance(each, SourceError) else "Sample" for each in seen}


async def test_what_makes_a_source_be_left_alone() -> None:
    for code in (401, 403, 429, 500, 502, 503):
        asked, reasons = await told(reply(b"", code))
        assert (asked, len(reasons)) == (5, 1), code
    assert await told(reset) == (5, {Reason.SOURCE_UNREACHABLE})


async def test_what_does_not() -> None:
    queries = failure(400, "1:1: parse error: no"), failure(422, "too costly", "execution"), vector("1", "2"), vector()
    for act in (*queries, reply(b"<html>"), reply(b"", 404), reply(b"", 302), reply(b"x" * (2 << 20))):
        assert (await told(act))[0] == 12


async def test_it_is_asked_again_after_a_while_and_heals_by_itself() -> None:
    async with asked_of(*[reply(b"", 500)] * 6, vector("1")) as here:
        for _ in range(5):
            await here.ask()
        objection = await here.ask()
        words = (
            f"Prometheus at {here.server.place} failed (HTTP 500); look at its log. It has failed 5 times in a row and "
            "is left alone until 10:00:30 UTC."
        )
        assert objection == SourceError(T0, Reason.SOURCE_REFUSED, words)
        assert here.sources.left_alone() == {"default": 1, "address": 0}
        for after, asked in ((29, 5), (30, 6), (89, 6), (90, 7), (91, 8)):
            here.now = T0 + timedelta(seconds=after)
            newest = await here.ask()
            assert len(here.server.seen) == asked
        assert newest == Sample(here.now, 1)
        assert here.sources.left_alone() == {"default": 0, "address": 0}


async def test_a_tenant_without_access_is_no_reason_to_leave_the_others_alone() -> None:
    header = {"name": "X-Scope-OrgID", "value": "{namespace}"}
    async with asked_of(reply(b"", 403), tenantHeader=header) as here:
        for _ in range(12):
            await here.ask(namespace="shop")
        assert len(here.server.seen) == 12
        assert here.sources.left_alone()["default"] == 0


async def test_a_credential_that_is_not_accepted_leaves_alone_whoever_has_it_and_nobody_else() -> None:
    async with asked_of(reply(b"", 401), secrets=secret(token="x")) as here:
        own: Any = {"address": here.server.address, "secretRef": {"name": "prom"}}
        for _ in range(6):
            await here.ask(**own)
        assert len(here.server.seen) == 5
        assert here.sources.left_alone() == {"default": 0, "address": 1}
        await here.ask(address=here.server.address)
        await here.ask()
        assert len(here.server.seen) == 7


async def test_an_address_that_nobody_asks_any_more_is_forgotten() -> None:
    async with asked_of(reply(b"", 500), secrets=secret(token="x")) as here:

        async def ask(name: str) -> int:
            await here.ask(address=here.server.address, secretRef={"name": name})
            return here.sources.left_alone()["address"]

        for _ in range(5):
            await ask("old")
            await ask("kept")
        here.now += timedelta(minutes=40)
        assert await ask("kept") == 2
        here.now += timedelta(minutes=40)
        assert await ask("new") == 1
