"""A source that fails again and again is left alone for a while, so that nobody waits for it and it can recover."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from retrain_operator.model.observation import SourceError

FAILURES = 5
"""In a row, before the source is left alone."""
PAUSE_FIRST, PAUSE_LONGEST = timedelta(seconds=30), timedelta(minutes=5)
PROBE = timedelta(seconds=10)
"""How long one that was let through may take to find out, while the others go on waiting."""


class Breaker:
    """One source's memory of its failures. `clock` may be set back without harm."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failures = 0
        self._last: SourceError | None = None
        self._pause = timedelta(0)
        self._until = datetime.fromtimestamp(0, UTC)
        self._probing = False

    @property
    def left_alone(self) -> bool:
        """Whether the source failed too often, and has not answered since."""
        return self._last is not None

    def objection(self, at: datetime) -> SourceError | None:
        """Why the source is not asked now; None when it may be. After each pause one is let through to find out.

        Who is let through tells by `failed` or `answered` what came of it.
        """
        if self._last is None:
            return None
        now = self._clock()
        if self._until - self._pause <= now < self._until:
            message = (
                f"{self._last.message} It has failed {self._failures} times in a row and is left alone until "
                f"{self._until:%H:%M:%S} UTC."
            )
            return SourceError(at, self._last.reason, message)
        self._probing, self._until = True, now + PROBE
        return None

    def answered(self) -> None:
        """It works: whatever was before is forgotten."""
        self._failures, self._last, self._pause, self._probing = 0, None, timedelta(0), False

    def failed(self, error: SourceError) -> None:
        """It failed once more."""
        if self._last and not self._probing:
            return  # this one was under way when the source began to be left alone
        self._failures += 1
        if self._failures >= FAILURES:
            self._pause = min(max(2 * self._pause, PAUSE_FIRST), PAUSE_LONGEST)
            self._last, self._probing, self._until = error, False, self._clock() + self._pause
