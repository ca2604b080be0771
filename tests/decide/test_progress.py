"""A run's next move, for each way its Job can be: collect, train, evaluate, then deploy, and never a guess."""


from retrain_operator.decide.moves import Wait
from retrain_operator.model.reason import Reason
from tests.coherent import assert_coherent
from tests.runs import ARun, a_run, collected, exited, running, trained, waiting

PULL = waiting(Reason.IMAGE_PULL_FAILED, "Image nowhere/no:1 cannot be pulled (ErrImagePull). Check trainer.image.")


def started() -> ARun:
    """A run whose Job was made."""
    return a_run().passed().with_job(waiting(), waiting(), waiting())


def test_a_step_may_take_longer_than_the_deadline_for_the_first_to_start() -> None:
    collecting = started().with_job(running(), waiting(), waiting()).passed().later("30m")
    between = collecting.with_job(exited(collected()), waiting(), waiting())
    assert between.move.act == Wait()
    training = between.passed().with_job(exited(collected()), running(), waiting()).passed().later("1h")
    assert training.with_job(exited(collected()), exited(trained()), waiting()).move.act == Wait()


def test_a_pod_that_is_tried_again_has_no_deadline_but_the_timeout() -> None:
    late = started().with_job(running(), waiting(), waiting()).passed().later("30m")
    assert late.with_job().move.act == Wait()
    again = late.with_job(waiting(), waiting(), waiting())
    assert again.move.act == Wait()
    assert again.passed().move.act == Wait()


def test_a_job_that_failed_and_whose_pod_is_gone_is_told_as_that() -> None:
    move = started().with_job(failed="BackoffLimitExceeded").move
    assert (move.status.outcome, move.status.reason) == ("Failed", "StepFailed")
    assert move.status.message == "The Job failed and its pod is gone, so why is not known. See the Job's events."
    assert_coherent(move.status)
