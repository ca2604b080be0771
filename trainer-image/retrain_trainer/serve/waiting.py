"""Answers together what waits at the same moment, since most of a prediction's cost is the call and not its rows.

Nothing waits for company: who is alone is answered at once, and while an answer is made, the next ones gather.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Said = TypeVar("Said")


class Waiting(Generic[Asked, Said]):
    """Those who asked and have no answer yet, of one event loop."""

    def __init__(self, answer: Callable[[Sequence[Asked]], Sequence[Said]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Asked, asyncio.Future[Said]]] = []

    async def ask(self, asked: Asked) -> Said:
        """Return the answer, made in one call with those of all others who ask now. Raise only what `asked` causes."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Said] = loop.create_future()
        if not self._waiting:
            # It comes after all that the loop has at hand already: those are the others.
            loop.call_soon(self._answer_all)
        self._waiting.append((asked, future))
        return await future

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._settle([(asked, future) for asked, future in waiting if not future.done()])

    def _settle(self, waiting: list[tuple[Asked, asyncio.Future[Said]]]) -> None:
        try:
            answers = self._answer([asked for asked, _ in waiting])
        except Exception as error:  # noqa: BLE001 - it goes to who asked
            if len(waiting) == 1:
                waiting[0][1].set_exception(error)
                return
            for one in waiting:
                self._settle([one])
            return
        for (_, future), said in zip(waiting, answers, strict=True):
            future.set_result(said)
