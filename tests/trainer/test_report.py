"""The page in a version's folder, read as a browser reads it: what it says, and that it needs nothing but itself."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.gather import view
from retrain_trainer.report.page import page
from retrain_trainer.store.versions import open_version
from tests.trainer.pages import Made, found_of, numbers_of, said_of
from tests.trainer.world import World, flipped

VOID = {"meta", "br", "wbr"}


class Reader(HTMLParser):
    """Takes a page apart; fails where a tag is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def read(uri: str) -> str:
    return (Path(uri.removeprefix("file://")) / "report.html").read_text()


@pytest.fixture
def second(world: World) -> str:
    """A run that updates a champion, with one batch that is left out and one that is put back."""
    world.task["data"]["validation"] = {"onBadBatch": "Skip"}
    world.begin(8)
    world.add(*range(8, 15))
    world.add(9, edit=flipped)
    world.add(10, edit=lambda columns: {**columns, "b": [None] * len(columns["b"])})
    run = world.run("second")
    assert run.evaluate.candidate is not None
    return run.evaluate.candidate.uri


class TestThePageOfAVersion:
    def test_is_among_its_files_and_in_its_manifest(self, uri: str) -> None:
        version = open_version(uri, None)
        assert version.read("report.html").decode() == read(uri)

    def test_says_what_the_gates_say_and_that_more_came_after(self, second: str) -> None:
        said = Reader(read(second)).text
        assert "store v000002-second SGDClassifier that predicts y (classes), from data up to 2024-03-" in said
        assert "beside the champion v000001-first. Run churn-second ." in said
        assert "The gates say no: NotBetter" in said
        assert "With 0.95 confidence the gain must be more than 0." in said
        assert "Permission, approval and rollout came after: kubectl get retrainrun churn-second" in said

    def test_of_a_run_that_was_tried_promises_no_rollout(self, world: World) -> None:
        world.patch.setenv("RETRAIN_TRIED", "churn")
        candidate = world.begin(8).evaluate.candidate
        assert candidate is not None
        said = Reader(read(candidate.uri)).text
        assert "churn v000001-first SGDClassifier that predicts y" in said, "by the policy's name, not the folder's"
        assert "The run was tried by kubectl retrain try , not run in a cluster: nothing was rolled out." in said
        assert "kubectl get retrainrun" not in said

    def test_says_which_batches_were_put_back_and_left_out(self, second: str) -> None:
        said = Reader(read(second)).text
        assert "1 batch was put back: week-009.parquet." in said
        assert (
            "1 batch was left out: Batch week-010.parquet, column b, check nulls: "
            "expected at most 10% without a value, seen 100% "
            "(leave this check out: data.validation.skipChecks: [Nulls])." in said
        )
        assert "put back because the error on guard rows went up: week-009.parquet (" in said

    def test_shows_the_numbers_of_metrics_json(self, second: str) -> None:
        said = Reader(read(second)).text
        version = open_version(second, None)
        scores = version.manifest.evaluated.scores
        assert [score.metric for score in scores] == ["accuracy"]
        assert f"{scores[0].candidate:.4f}" in said
        assert f"champion {scores[0].champion:.4f}" in said

    def test_of_a_first_version_compares_with_nothing(self, uri: str) -> None:
        said = Reader(read(uri)).text
        assert "without a champion" in said
        assert "The gates say yes" in said
        assert "There is no champion to compare with: these are the candidate's values alone." in said
        assert "There is no champion whose data these columns could be compared with." in said

    def test_of_a_regressor_shows_its_residuals(self, world: World) -> None:
        world.task["model"]["estimator"] = "SGDRegressor"
        world.task["model"]["parameters"] = {}
        world.task["data"]["label"] = "a"
        world.task["evaluation"] = {"gates": [{"metric": "rmse", "goal": "Minimize"}]}
        run = world.begin(6)
        assert run.evaluate.candidate is not None
        reader = Reader(read(run.evaluate.candidate.uri))
        assert "By how much it is wrong" in reader.text
        assert "What is taken for what" not in reader.text

    def test_links_to_the_files_beside_it(self, uri: str) -> None:
        links = {value for name, value in Reader(read(uri)).attributes if name == "href"}
        version = open_version(uri, None)
        assert links == {*version.manifest.files, "manifest.json"} - {"report.html"}

    def test_of_a_repeated_attempt_has_the_same_bytes(self, world: World) -> None:
        world.add(*range(6))
        pages = []
        for store in ("one", "two"):
            world.task["model"]["store"] = f"file://{world.root}/{store}/churn"
            run = world.run("first")
            assert run.evaluate.candidate is not None
            pages.append(read(run.evaluate.candidate.uri))
        assert pages[0] == pages[1]


BOTH = [
    pytest.param(
        [said_of(3000, np.array(["down", "up"])), said_of(3000, np.array(["down", "up"]), 1)], id="two classes"
    ),
    pytest.param([said_of(3000, np.arange(30)), said_of(3000, np.arange(30), 1)], id="thirty classes"),
    pytest.param([numbers_of(3000), numbers_of(3000, 1, 2.0)], id="numbers"),
]


@pytest.mark.parametrize("predicted", BOTH)
class TestAnyPage:
    def test_needs_nothing_from_elsewhere_and_runs_nothing(self, predicted: list[Predicted]) -> None:
        text = page(view(found_of(predicted)))
        reader = Reader(text)
        assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(reader.seen)
        assert not re.search(r"url\(|@import|https?:|javascript:| on[a-z]+=", text)

    def test_has_a_title_and_a_description_in_every_chart(self, predicted: list[Predicted]) -> None:
        reader = Reader(page(view(found_of(predicted))))
        assert len(set(reader.ids)) == len(reader.ids)
        named = [value.split() for name, value in reader.attributes if name == "aria-labelledby"]
        assert len(named) == reader.seen.count("svg") > 5
        assert all(set(each) <= set(reader.ids) for each in named)
        assert reader.seen.count("desc") == reader.seen.count("svg")

    def test_is_the_same_for_the_same_numbers(self, predicted: list[Predicted]) -> None:
        found = found_of(predicted, Made(batches=200, left_out=2))
        assert page(view(found)) == page(view(found))
