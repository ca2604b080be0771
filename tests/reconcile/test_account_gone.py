"""An account that is deleted during a run: its bindings outlive it, but nobody acts as it any more."""

from retrain_operator.edges.request import JOBS, SERVICE_ACCOUNTS
from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD

GONE = "ServiceAccount shop/retrain-runner does not exist. Create it, or name another in spec.serviceAccountName."


async def test_no_model_is_rolled_out_by_an_account_that_is_gone() -> None:
    story = Story()
    await story.seeing(0.12).one_pass(POLICY)
    await story.until_quiet()
    account = story.api.find(SERVICE_ACCOUNTS)[0]
    story.api.remove(SERVICE_ACCOUNTS, "retrain-runner")
    await story.to_the_end()
    assert (story.run.state, story.run.reason, story.serving) == ("Blocked", "ServiceAccountNotFound", OLD.uri)
    assert story.run.message.startswith(
        f"Training is complete and the candidate passed, but the deploy is forbidden: {GONE}"
    )
    assert [each.layer for each in story.policy.missing] == ["ServiceAccountNotFound"]
    story.api.put(SERVICE_ACCOUNTS, "retrain-runner", account)
    await story.to_the_end()
    assert (story.run.outcome, story.serving, story.count("create jobs")) == ("Succeeded", NEW.uri, 1)


async def test_no_job_is_made_by_an_account_that_is_gone() -> None:
    story = Story()
    await story.seeing(0.12).one_pass(POLICY)
    account = story.api.find(SERVICE_ACCOUNTS)[0]
    story.api.remove(SERVICE_ACCOUNTS, "retrain-runner")
    await story.until_quiet()
    assert (story.run.state, story.run.reason, story.api.find(JOBS)) == ("Blocked", "ServiceAccountNotFound", [])
    assert story.run.message == f"{GONE} The run goes on by itself once that is mended."
    story.api.put(SERVICE_ACCOUNTS, "retrain-runner", account)
    await story.to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)
