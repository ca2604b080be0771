"""What the page draws is what scikit-learn counts on the same rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score, root_mean_squared_error

from retrain_trainer.contract import Goal
from retrain_trainer.report.charts.batches import grouped
from retrain_trainer.report.charts.updates import chosen
from retrain_trainer.report.classes import calibration, confusion, rates
from retrain_trainer.report.gather import view
from retrain_trainer.report.pieces import PIECE
from retrain_trainer.report.residuals import residuals
from retrain_trainer.report.stretches import stretches
from tests.trainer.pages import Made, found_of, layout_of, numbers_of, said_of

WORDS = np.array(["cold", "mild", "warm"])
ROWS = PIECE + 1234


class TestConfusion:
    def test_counts_as_scikit_learn_does(self) -> None:
        one, two = said_of(ROWS, WORDS), said_of(ROWS, WORDS, 1, right=0.6)
        seen = confusion([one, two])
        assert seen is not None
        assert seen.labels == ("cold", "mild", "warm")
        assert np.array_equal(seen.candidate, confusion_matrix(one.truth, one.said))
        assert seen.champion is not None
        assert np.array_equal(seen.champion, confusion_matrix(two.truth, two.said))

    def test_rates_are_recall_and_precision(self) -> None:
        one = said_of(ROWS, WORDS)
        seen = confusion([one])
        assert seen is not None
        found, right = zip(*rates(seen.candidate), strict=True)
        assert found == pytest.approx(recall_score(one.truth, one.said, average=None))
        assert right == pytest.approx(precision_score(one.truth, one.said, average=None))

    def test_of_many_classes_shows_the_most_frequent_and_the_others_as_one(self) -> None:
        truth = np.repeat(np.arange(30), np.arange(30, 0, -1))
        one = replace(said_of(len(truth), np.arange(30)), truth=truth, said=truth)
        seen = confusion([one])
        assert seen is not None
        assert seen.labels == (*map(str, range(11)), "all others")
        assert (seen.classes, seen.others) == (30, True)
        assert [row[n] for n, row in enumerate(seen.candidate)] == [*range(30, 19, -1), sum(range(20))]
        assert sum(map(sum, seen.candidate)) == len(truth)

    def test_of_a_class_the_model_does_not_know_counts_it_with_the_others(self) -> None:
        one = said_of(300, WORDS)
        one.truth[:7] = "hot"
        seen = confusion([one])
        assert seen is not None
        assert seen.labels == ("cold", "mild", "warm", "all others")
        assert sum(seen.candidate[3]) == 7


class TestCalibration:
    def test_bins_as_scikit_learn_does(self) -> None:
        one = said_of(ROWS, np.array([0, 1]))
        assert one.probabilities is not None
        one.probabilities[:, 1] -= 0.001  # scikit-learn puts what lies on an edge into the bin below
        seen = calibration([one])
        assert seen is not None
        assert seen.of == "1"
        true, said = calibration_curve(one.truth, one.probabilities[:, 1].clip(0, 1), n_bins=10)
        filled = [each for each in seen.candidate.bins if each.rows]
        assert [each.true for each in filled] == pytest.approx(true.tolist())
        assert [each.said for each in filled] == pytest.approx(said.tolist())

    def test_error_of_an_honest_model_is_next_to_nothing(self) -> None:
        random = np.random.default_rng(0)
        chance = random.uniform(size=ROWS)
        one = replace(
            said_of(ROWS, np.array([0, 1])),
            truth=(random.random(ROWS) < chance).astype(int),
            probabilities=np.stack([1 - chance, chance], axis=1),
        )
        seen = calibration([one])
        assert seen is not None
        assert seen.candidate.error < 0.01

    def test_error_of_one_that_is_too_sure_is_by_how_much(self) -> None:
        one = said_of(ROWS, WORDS, right=0.7)
        assert one.probabilities is not None
        one.probabilities[:] = 0
        one.probabilities[np.arange(ROWS), np.searchsorted(WORDS, one.said)] = 1
        seen = calibration([one])
        assert seen is not None
        assert seen.of is None
        assert seen.candidate.error == pytest.approx(1 - accuracy_score(one.truth, one.said))

    def test_a_champion_of_other_classes_is_not_drawn_beside(self) -> None:
        seen = calibration([said_of(300, WORDS), said_of(300, WORDS[:2])])
        assert seen is not None
        assert seen.champion is None

    def test_there_is_none_without_probabilities(self) -> None:
        assert calibration([replace(said_of(300, WORDS), probabilities=None)]) is None
        assert calibration([numbers_of(300)]) is None


class TestStretches:
    def test_are_days_while_there_are_few(self) -> None:
        one, two = said_of(1000, WORDS), said_of(1000, WORDS, 1)
        seen = stretches([one, two], layout_of(Made(), one))
        assert seen is not None
        assert (seen.metric, seen.goal, seen.block, seen.blocks) == ("accuracy", Goal.MAXIMIZE, "day", 10)
        assert [each.begins for each in seen.entries] == [f"1970-01-{day:02}" for day in range(1, 11)]
        for n, entry in enumerate(seen.entries):
            rows = slice(n * 100, n * 100 + 100)
            assert entry.rows == 100
            assert entry.candidate == pytest.approx(accuracy_score(one.truth[rows], one.said[rows]))
            assert entry.champion == pytest.approx(accuracy_score(two.truth[rows], two.said[rows]))

    def test_are_equally_many_days_when_there_are_many(self) -> None:
        one = numbers_of(20_000)
        seen = stretches([one], layout_of(Made(), one))
        assert seen is not None
        assert (seen.metric, seen.goal, seen.blocks, len(seen.entries)) == ("rmse", Goal.MINIMIZE, 200, 50)
        first = root_mean_squared_error(one.truth[:400], one.said[:400])
        assert seen.entries[0].candidate == pytest.approx(first)
        assert seen.entries[1].begins == "1970-01-05"

    def test_are_told_by_rows_where_there_is_no_time(self) -> None:
        one = said_of(1000, WORDS)
        layout = layout_of(Made(), one).model_copy(update={"time": None, "time_type": None})
        seen = stretches([one], layout)
        assert seen is not None
        assert [each.begins for each in seen.entries[:3]] == ["row 1", "row 101", "row 201"]
        assert seen.block == "block"


class TestResiduals:
    def test_every_row_is_counted_once(self) -> None:
        one, two = numbers_of(ROWS), numbers_of(ROWS, 1, noise=5.0)
        one.said[:3] = 1e9
        seen = residuals([one, two])
        assert seen is not None
        assert seen.champion is not None
        assert sum(seen.candidate) == sum(seen.champion) == sum(map(sum, seen.grid)) == ROWS
        assert seen.low == -seen.high
        assert seen.high < 20  # three rows far away do not squeeze all others into one bar
        assert seen.candidate[-1] >= 3

    def test_tenths_have_the_errors_of_their_rows(self) -> None:
        one = numbers_of(10_000)
        seen = residuals([one])
        assert seen is not None
        assert [each.rows for each in seen.tenths] == pytest.approx([1000] * 10, abs=2)
        low = one.truth <= np.quantile(one.truth, 0.1)
        assert seen.tenths[0].candidate == pytest.approx(
            root_mean_squared_error(one.truth[low], one.said[low]), rel=0.01
        )
        assert seen.tenths[0].true == pytest.approx(one.truth[low].mean(), rel=0.01)


class TestBatches:
    def test_say_what_became_of_their_rows(self) -> None:
        found = found_of([said_of(300, WORDS)], Made(batches=4, left_out=1, put_back=1))
        rows = [(each.name, each.before, each.learned, each.put_back, each.held) for each in view(found).batches]
        assert rows == [
            ("batch0", 0, 0, 100, 0),
            ("batch1", 0, 100, 0, 0),
            ("batch2", 0, 100, 0, 0),
            ("batch3", 0, 0, 0, 100),
            ("broken0", 0, 0, 0, 0),
        ]
        assert [each.first for each in view(found).batches] == [f"1970-01-0{day}" for day in (1, 2, 3, 4)] + [""]

    def test_learned_by_an_earlier_version_are_told_apart(self) -> None:
        found = found_of([said_of(300, WORDS)], Made(batches=4))
        later = replace(found, training=found.training.model_copy(update={"updates": found.training.updates[2:]}))
        assert [(each.before, each.learned, each.held) for each in view(later).batches] == [
            (100, 0, 0),
            (100, 0, 0),
            (0, 100, 0),
            (0, 0, 100),
        ]
        assert view(later).earlier == "learned by earlier versions"

    def test_of_many_stand_together_and_none_is_lost(self) -> None:
        batches = view(found_of([said_of(300, WORDS)], Made(batches=1001, left_out=7))).batches
        groups = grouped(batches)
        assert len(groups) <= 100
        assert sum(each.learned + each.held for each in groups) == 100_100
        assert groups[-1].trouble == "7 batches left out"
        assert groups[0].first == "1970-01-01"

    def test_of_many_those_put_back_are_shown_first(self) -> None:
        updates = view(found_of([said_of(300, WORDS)], Made(batches=1001, put_back=5))).updates
        shown = chosen(updates)
        assert 50 <= len(shown) <= 60
        assert sum(not each.kept for each in shown) == 5
        assert [each.name for each in shown] == [each.name for each in updates if each in shown]
