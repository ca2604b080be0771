"""Each beat is believed only with its whole proof: one thing missing, and it did not come."""

from dataclasses import replace

import pytest

from tests.demo.story import Block, Diary, RunTold, Target, WeekTold, beats

OLD = Target("file:///models/elec2/v000001-a", "sha256:old", 4)
NEW = Target("file:///models/elec2/v000002-b", "sha256:new", 5)
RIGHT = 'patch deployments.apps "elec2"'
FIRST = RunTold("elec2-one", 11, "manual", "Asked for.", "Succeeded", "In service.", OLD, OLD, ("job-1",), 20)
HEALED = RunTold("elec2-two", 22, "accuracy", "accuracy is 0.6.", "Succeeded", "Better.", OLD, NEW, ("job-2",), 20)
REJECTED = RunTold(
    "elec2-three", 40, "accuracy", "accuracy is 0.7.", "Rejected", "Not better.", NEW, NEW, ("job-3",), 9
)
BLOCK = Block((RIGHT,), "The deploy is forbidden.", "job-4", "sha256:new", OLD)
BLOCKED = replace(HEALED, name="elec2-four", week=50, jobs=("job-4",), block=BLOCK)


def a_diary(*runs: RunTold, after: float = 0.8, blocked: bool = True) -> Diary:
    weeks = [WeekTold(number, after if number > 22 else 0.6, 0.6, blocked and number == 51) for number in range(12, 60)]
    return Diary(0.72, weeks, list(runs))


def kept(diary: Diary) -> list[bool]:
    return [bool(beat.proof) for beat in beats(diary)]


def test_a_whole_story_keeps_every_promise() -> None:
    assert kept(a_diary(FIRST, HEALED, REJECTED, BLOCKED)) == [True] * 5


def test_an_empty_story_keeps_none() -> None:
    assert kept(Diary(0.72)) == [False] * 5


@pytest.mark.parametrize(
    ("diary", "beat"),
    [
        pytest.param(a_diary(replace(FIRST, outcome="Failed")), 0, id="a first run that failed"),
        pytest.param(a_diary(replace(HEALED, trigger="manual")), 1, id="a promotion that somebody asked for"),
        pytest.param(a_diary(HEALED, after=0.71), 1, id="accuracy that did not come back into its range"),
        pytest.param(a_diary(BLOCKED), 1, id="a promotion that needed help"),
        pytest.param(a_diary(replace(REJECTED, after=OLD)), 2, id="a rejection after which the Deployment had changed"),
        pytest.param(a_diary(replace(REJECTED, outcome="Failed")), 2, id="a failure is no rejection"),
        pytest.param(a_diary(replace(BLOCKED, block=replace(BLOCK, missing=()))), 3, id="a block that names no right"),
        pytest.param(a_diary(replace(BLOCKED, block=replace(BLOCK, target=NEW))), 3, id="a block after the deploy"),
        pytest.param(a_diary(BLOCKED, blocked=False), 3, id="a block during which nothing was served"),
        pytest.param(a_diary(replace(BLOCKED, jobs=("job-5",))), 4, id="another Job than before the block"),
        pytest.param(a_diary(replace(BLOCKED, jobs=("job-4", "job-5"))), 4, id="a second Job"),
        pytest.param(a_diary(replace(BLOCKED, after=OLD)), 4, id="another model than the one that was trained"),
        pytest.param(a_diary(replace(BLOCKED, outcome="Failed")), 4, id="a blocked run that failed later"),
    ],
)
def test_a_beat_does_not_come_by(diary: Diary, beat: int) -> None:
    assert not kept(diary)[beat]


def test_a_proof_names_its_numbers() -> None:
    proofs = [beat.proof for beat in beats(a_diary(FIRST, HEALED, REJECTED, BLOCKED))]
    assert proofs[1] == "Run elec2-two in week 22: accuracy is 0.6. In the month after it was 0.800."
    assert proofs[2] == "Run elec2-three in week 40; the Deployment is still at generation 5."
    assert proofs[3] == f"Run elec2-four lacked: {RIGHT}; 1 weeks were served meanwhile."
    assert proofs[4] == "Run elec2-four: one Job, job-4, and digest sha256:new… as trained."
