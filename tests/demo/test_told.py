"""What a demo leaves behind can be read: the picture, the page, and the lines in a log."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.demo import page, picture, synthetic
from tests.demo.screen import Screen
from tests.demo.story import WeekTold
from tests.demo.test_story import BLOCKED, FIRST, HEALED, REJECTED, a_diary

DIARY = a_diary(FIRST, HEALED, REJECTED, BLOCKED)


def test_lines_are_means_of_four_weeks_and_of_fewer_at_the_start() -> None:
    assert picture.smooth(np.array([1.0, 3.0, 5.0, 7.0, 9.0])).tolist() == [1, 2, 3, 4, 6]


def test_each_outcome_has_a_mark_of_its_own() -> None:
    assert [picture.kind(run) for run in (HEALED, REJECTED, BLOCKED)] == ["promoted", "rejected", "blocked"]


def test_the_picture_is_a_png_of_the_promised_size(tmp_path: Path) -> None:
    picture.png(picture.draw(DIARY, synthetic.make()), tmp_path / "demo.png")
    with Image.open(tmp_path / "demo.png") as image:
        assert image.size == (1650, 900)


def test_the_page_stands_alone_and_tells_every_run_and_the_caveat() -> None:
    stream = synthetic.make()
    text = page.page(DIARY, stream, picture.svg(picture.draw(DIARY, stream)))
    assert "<svg" in text
    assert "src=" not in text
    assert stream.caveat in text
    for run in DIARY.runs:
        assert f"<code>{run.name}</code>" in text
    assert "It did not come" not in text


def test_what_others_wrote_is_escaped_in_the_page() -> None:
    bad = a_diary(FIRST.__class__(**{**FIRST.__dict__, "message": "<script>"}))
    assert "<script>" not in page.page(bad, synthetic.make(), "")


def test_a_log_gets_the_weeks_before_what_happened_after_them(capsys: pytest.CaptureFixture[str]) -> None:
    stream = synthetic.make()
    with Screen(0.72) as screen:
        for number, accuracy in ((12, 0.8), (13, 0.719)):
            screen.week(stream.week(number), WeekTold(number, accuracy, 0.5), stream.weeks)
        screen.line("week 13: something happens.")
    assert capsys.readouterr().out == "weeks  12-13   0.80  0.71<\nweek 13: something happens.\n"
