"""When a source is left alone, for how long, and that it comes back by itself."""

from datetime import timedelta

import pytest

from retrain_operator.edges.breaker import Breaker
from retrain_operator.model.observation import SourceError
from retrain_operator.model.reason import Reason
from tests.builders import T0

DOWN = SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at a:9090 refused the connection.", down=True)


class Story:
    """A source that is asked at seconds of the writer's choice."""

    def __init__(self) -> None:
        self.now = T0
        self.breaker = Breaker(lambda: self.now)

    def asked(self, after: float, *, fails: bool = True) -> SourceError | None:
        """What is said against asking it then; if nothing, it is asked."""
        self.now = T0 + timedelta(seconds=after)
        objection = self.breaker.objection(self.now)
        if objection is None:
            self.breaker.failed(DOWN) if fails else self.breaker.answered()
        return objection

    def failing(self, times: int = 5) -> "Story":
        for _ in range(times):
            assert self.asked(0) is None
        return self


def test_after_five_failures_in_a_row_it_is_left_alone_and_told_why() -> None:
    objection = Story().failing().asked(5)
    words = (
        "Prometheus at a:9090 refused the connection. It has failed 5 times in a row and is left alone until 10:00:30 "
        "UTC."
    )
    assert objection == SourceError(T0 + timedelta(seconds=5), Reason.SOURCE_UNREACHABLE, words)


def test_a_failure_before_that_means_nothing() -> None:
    story = Story().failing(4)
    assert story.asked(1, fails=False) is None
    assert [story.asked(2) for _ in range(5)] == [None] * 5
    assert story.asked(3) is not None


def test_each_probe_that_fails_doubles_the_pause_up_to_five_minutes() -> None:
    story, asked, last = Story().failing(), list[int](), 0
    for second in range(1800):
        if story.asked(second) is None:
            asked.append(second - last)
            last = second
    assert asked[:6] == [30, 60, 120, 240, 300, 300]


def test_one_is_let_through_to_find_out_and_the_others_wait_for_it() -> None:
    story = Story().failing()
    story.now += timedelta(seconds=31)
    assert story.breaker.objection(story.now) is None
    assert [story.breaker.objection(story.now) is None for _ in range(7)] == [False] * 7
    story.breaker.answered()
    assert [story.breaker.objection(story.now) for _ in range(8)] == [None] * 8
    assert not story.breaker.left_alone


def test_a_probe_that_never_tells_is_made_up_for() -> None:
    story = Story().failing()
    story.now += timedelta(seconds=31)
    assert story.breaker.objection(story.now) is None
    assert story.asked(40.9) is not None
    assert story.asked(41) is None


def test_those_under_way_when_it_began_change_nothing() -> None:
    story = Story().failing()
    story.now += timedelta(seconds=9)
    for _ in range(3):
        story.breaker.failed(DOWN)
    assert story.asked(29.9) is not None
    assert story.asked(30, fails=False) is None
    assert story.asked(30) is None


def test_an_answer_that_was_under_way_when_it_began_ends_it() -> None:
    story = Story().failing()
    story.breaker.answered()
    assert story.asked(1) is None


@pytest.mark.parametrize("step", [-86400.0, -3600.0, 86400.0])
def test_a_clock_that_is_set_anew_leaves_nobody_alone_for_longer(step: float) -> None:
    story = Story().failing()
    assert story.asked(step, fails=False) is None
    assert not story.breaker.left_alone
