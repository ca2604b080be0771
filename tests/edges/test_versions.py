"""What the name of a run or of a version's folder means to somebody who wants to go back to it."""

from typing import Any

import pytest

from retrain_operator.decide.versions import is_folder, name_of, version_named
from retrain_operator.edges.cluster import Cluster
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Quarantined, ServedModel, Undo
from retrain_operator.model.world import Policy
from retrain_trainer.contract import ModelRef
from tests.builders import T0, APolicy, a_policy
from tests.decide.case import case
from tests.edges.loopback import Act, reply
from tests.edges.scripted import kube_and, status
from tests.runs import NAME, NEW, a_run

FOLDER = "v000003-abcdefghij"
VERSION = ModelRef(uri=f"file:///models/churn/{FOLDER}", digest="sha256:" + "3" * 64)
ABSENT = status(404, "NotFound", kind="retrainruns", name=NAME)
POLICY = a_policy()


def run(owner: str = POLICY.policy.uid, *, made: bool = True, outcome: str = "Succeeded", **told: Any) -> Act:
    """The run as the API server has it."""
    known = a_run().accepted() if made else a_run()
    spec = known.run.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    meta = {"name": NAME, "namespace": "shop", "uid": "r1", "resourceVersion": "7"}
    meta |= {"creationTimestamp": "2024-06-01T10:00:00Z"}
    owners = {"ownerReferences": [{"controller": True, "uid": owner}]}
    written = known.status.model_dump(mode="json", by_alias=True, exclude_none=True) | {"outcome": outcome} | told
    return reply({"metadata": meta | owners, "spec": spec, "status": written})


async def version(policy: Policy, name: str, *script: Act) -> tuple[Undo, list[str]]:
    async with kube_and(*(script or (ABSENT,))) as (kube, server):
        run = None if is_folder(policy, name_of(name)) else await Cluster(kube).run_of(policy, name_of(name))
        found = version_named(policy, name, run)
        return found, [each.path.rpartition("/")[2] for each in server.seen]


def remembering(name: str = NAME, candidate: ModelRef | None = VERSION) -> APolicy:
    told = POLICY.after_a_run(Outcome.SUCCEEDED).status.last_run
    assert told
    return POLICY.with_status(history=(told.model_copy(update={"name": name, "candidate": candidate}),))


async def test_a_run_that_is_there_says_what_it_made() -> None:
    found, asked = await version(POLICY.policy, NAME, run())
    assert (found, asked) == (Undo(to=NAME, uri=NEW.uri, digest=NEW.digest), [NAME])


async def test_of_a_run_that_is_gone_the_history_may_know() -> None:
    found, _ = await version(remembering().policy, NAME)
    assert found == Undo(to=NAME, uri=VERSION.uri, digest=VERSION.digest)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nobody has heard of it", given=(POLICY, ABSENT), then=Undo(to=NAME)),
        case("it is another policy's", given=(POLICY, run(owner="another")), then=Undo(to=NAME)),
        case("it made nothing", given=(POLICY, run(made=False)), then=Undo(to=NAME)),
        case("what it made was forgotten", given=(remembering(candidate=None), ABSENT), then=Undo(to=NAME)),
        case(
            "the folder of what it made is too long to be told",
            given=(remembering(candidate=VERSION.model_copy(update={"uri": f"file:///models/{'v' * 129}"})), ABSENT),
            then=Undo(to=NAME),
        ),
        case(
            "what it made was rejected, and so never in service",
            given=(POLICY, run(outcome="Rejected")),
            then=Undo(to=NAME),
        ),
        case("a newer operator wrote it", given=(POLICY, run(state="Dreaming")), then=Undo(to=NAME)),
    ],
)
async def test_nothing_is_known_of_a_run_when(given: tuple[APolicy, Act], then: Undo) -> None:
    assert (await version(given[0].policy, NAME, given[1]))[0] == then


async def test_who_names_a_version_with_its_digest_knows_what_became_of_it() -> None:
    named = f"{NAME}@{NEW.digest}"
    found, _ = await version(POLICY.policy, named, run(outcome="Rejected"))
    assert found == Undo(to=named, uri=NEW.uri, digest=NEW.digest)
    other = f"{NAME}@{VERSION.digest}"
    assert (await version(POLICY.policy, other, run()))[0] == Undo(to=other)
    folder = f"{FOLDER}@{VERSION.digest}"
    assert (await version(POLICY.policy, folder))[0] == Undo(to=folder, uri=VERSION.uri, digest=VERSION.digest)


@pytest.mark.parametrize(
    "name",
    [
        "../secrets/s3",
        "Churn",
        "a/b",
        "x" * 64,
        "",
        "file:///models/churn/v2",
        "v3",
        "v000003-../x",
        "v000003-" + "x" * 64,
    ],
)
async def test_what_is_no_name_is_not_looked_up_as_something_else(name: str) -> None:
    found, asked = await version(POLICY.policy, name)
    assert found.uri is None
    assert asked in ([], [name]), "at most a run of that very name"


async def test_a_folder_that_no_uri_can_name_is_not_known() -> None:
    deep = POLICY.with_spec(model={"store": f"file:///{'s' * 492}", "estimator": "SGDClassifier"}).policy
    assert await version(deep, FOLDER) == (Undo(to=FOLDER), [])


SERVED = ServedModel(uri=VERSION.uri, digest=VERSION.digest, version=FOLDER, run=NAME, promoted_at=T0)
GONE = Quarantined(uri=VERSION.uri, digest=VERSION.digest, run=NAME, reason="BakeBreached", at=T0)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nothing more is known", given=POLICY, then=None),
        case("the history knows it", given=remembering(), then=VERSION.digest),
        case("the history knows another", given=remembering(candidate=NEW), then=None),
        case("it is the champion", given=POLICY.with_status(champion=SERVED), then=VERSION.digest),
        case("it was the champion, which nobody knew the digest of",
             given=POLICY.with_status(champion=SERVED.model_copy(update={"digest": None})), then=None),
        case("it is quarantined", given=POLICY.with_status(quarantine=(GONE,)), then=VERSION.digest),
        case("a store with a slash at its end", then=VERSION.digest,
             given=remembering().with_spec(model={"store": "file:///models/churn/", "estimator": "SGDClassifier"})),
    ],
)  # fmt: skip
async def test_a_folder_is_in_the_policys_store_with_the_digest_that_is_known_of_it(
    given: APolicy, then: str | None
) -> None:
    found, asked = await version(given.policy, FOLDER)
    assert (found, asked) == (Undo(to=FOLDER, uri=VERSION.uri, digest=then), [])


@pytest.mark.parametrize("known", [f"file:///models//churn/{FOLDER}", f"file:///models/churn/./{FOLDER}/"])
async def test_a_folder_that_is_known_by_another_writing_is_the_same(known: str) -> None:
    gone = POLICY.with_status(quarantine=(GONE.model_copy(update={"uri": known}),))
    found, _ = await version(gone.policy, FOLDER)
    assert found == Undo(to=FOLDER, uri=known, digest=VERSION.digest)


async def test_a_run_of_a_policy_that_is_called_like_a_folder_is_a_run() -> None:
    policy = POLICY.policy
    object.__setattr__(policy, "name", "v000003")
    found, asked = await version(policy, FOLDER)
    assert (found, asked) == (Undo(to=FOLDER), [FOLDER])
