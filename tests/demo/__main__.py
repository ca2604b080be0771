"""`python -m tests.demo`: watch real drift being healed on real Kubernetes, and see whether it kept its promises.

Exits with 1 and one clear sentence when a beat of the story did not come, or the cluster is not there.
"""

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.cluster import paths
from tests.demo import elec2, page, picture, stage, synthetic
from tests.demo.access import DemoError, api, kubectl, wait_for
from tests.demo.follow import START_TIMEOUT, Follower
from tests.demo.observe import Eyes
from tests.demo.replay import END, FIRST, Replay
from tests.demo.screen import Screen
from tests.demo.serving import Servers
from tests.demo.story import Diary, beats
from tests.demo.stream import Stream

BUDGET = 420.0
"""Seconds after which the replay may stop early, so that the demo stays below ten minutes on a busy machine."""


def main() -> int:
    """Play the demo. Returns the exit code."""
    start = time.monotonic()
    try:
        stage.check()
        with _alone(), api() as reach:
            eyes = Eyes(reach)
            diary = Diary(eyes.healthy)
            with Screen(eyes.healthy) as screen:
                stream = _stream(screen)
                _set_stage(stream, screen)
                follower = Follower(eyes, screen, diary)
                _first_model(eyes, screen, follower)
                _explain(eyes, screen)
                Replay(stream, Servers(reach), screen, diary).play(follower, start + BUDGET)
                _tell(diary, stream, screen, time.monotonic() - start)
    except DemoError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was stopped by hand.", file=sys.stderr)
        return 130
    return 0 if all(beat.proof for beat in beats(diary)) else 1


@contextmanager
def _alone() -> Iterator[None]:
    """Raise DemoError when another demo plays on this cluster; they would clear one another's namespace."""
    with (_folder() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("Another demo plays on this cluster. Wait until it has ended, or stop it.") from None
        yield


def _stream(screen: Screen) -> Stream:
    screen.title()
    try:
        with screen.doing("The Elec2 rows, fetched once by pip and checked by SHA-256"):
            stream = elec2.load()
    except elec2.UnavailableError as error:
        screen.line(f"{error} A synthetic stream takes its place.", "bold yellow")
        stream = synthetic.make()
    screen.line(f"{stream.about}.")
    screen.line(stream.caveat, "yellow")
    return stream


def _set_stage(stream: Stream, screen: Screen) -> None:
    screen.chapter("The stage")
    with screen.doing("Cleared what an earlier demo left"):
        stage.clear()
    with screen.doing("The operator runs in the cluster, under its own account"):
        stage.install_operator()
    with screen.doing("Namespace demo: Prometheus, a model server without a model, and claims"):
        stage.install_tenant()
    with screen.doing(f"The first {FIRST} weeks have landed as Parquet files"):
        stage.land(stream.week(number) for number in range(FIRST))


def _first_model(eyes: Eyes, screen: Screen, follower: Follower) -> None:
    screen.chapter("A policy, and a first model")
    screen.line("manifests/demo/policy.yaml, with the trainer's image as it is called in this cluster:")
    policy = _folder() / "policy.yaml"
    policy.write_text(stage.policy())
    screen.command(f"kubectl apply -f {policy}")
    kubectl("apply", "--filename", str(policy))
    asked = f"retrain.dev/requestedAt={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"  # a door, not the core
    screen.command(f"kubectl annotate retrainpolicy {stage.NAME} {asked}")
    kubectl("annotate", "retrainpolicy", stage.NAME, asked)
    active = wait_for(
        lambda: eyes.policy().active_run,
        START_TIMEOUT,
        lambda: f"A run was asked for, and none starts. The policy says: {eyes.policy().message}",
    )
    follower.follow(active.name, FIRST - 1)
    with screen.doing("A twin keeps this first model for good, to compare with"):
        stage.freeze()


def _explain(eyes: Eyes, screen: Screen) -> None:
    screen.chapter(f"Weeks {FIRST}-{END - 1} go by, each in a second or two")
    screen.line(
        "Each week is predicted at once, and its labels come a week later. The numbers are accuracies of single weeks; "
        f"'<' is below {eyes.healthy:g}. The stream stands still while a run trains or rolls out."
    )


def _tell(diary: Diary, stream: Stream, screen: Screen, seconds: float) -> None:
    folder = _folder()
    figure = picture.draw(diary, stream)
    picture.png(figure, folder / "demo.png")
    (folder / "demo.html").write_text(page.page(diary, stream, picture.svg(figure)))
    screen.beats(beats(diary))
    served = sum(week.served for week in diary.weeks) / len(diary.weeks)
    frozen = sum(week.frozen for week in diary.weeks) / len(diary.weeks)
    screen.chapter("What came of it")
    screen.line(f"Mean weekly accuracy {served:.3f} with retraining, {frozen:.3f} without. {len(diary.runs)} runs.")
    screen.line(stream.caveat, "yellow")
    screen.line(f"It took {seconds / 60:.1f} minutes. The picture, as PNG and in a page with all runs:")
    screen.path(folder / "demo.png")
    screen.path(folder / "demo.html")
    screen.line("Look around in the cluster (`make cluster-down` removes it):")
    screen.command(f"kubectl --kubeconfig {paths.kubeconfig()} -n demo get retrainpolicies,retrainruns")


def _folder() -> Path:
    """Where the demo leaves what it made."""
    folder = paths.state() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
