"""Which version a person means who wants to go back to it: one that a run put in service, or one by its folder."""

import re

from retrain_operator.model.place import fits, same_place
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Undo
from retrain_operator.model.world import Policy, Run

FOLDER = "v[0-9]{6,18}-[0-9a-z]{1,63}"
"""What the trainer calls a version's folder."""
LONGEST_URI = 512
"""Characters of a URI, by the contract with the trainer."""
IN_SERVICE = frozenset({Outcome.SUCCEEDED, Outcome.ROLLED_BACK})
"""How runs end whose version was in service, or began to be."""


def name_of(asked: str) -> str:
    """The name in NAME or NAME@DIGEST."""
    return asked.partition("@")[0]


def insists(undo: Undo) -> bool:
    """Whether the version was named with its digest: whoever does that knows what became of it."""
    return "@" in undo.to


def is_folder(policy: Policy, name: str) -> bool:
    """Whether a name is that of a version's folder, and of no run of the policy."""
    return re.fullmatch(FOLDER, name) is not None and not name.startswith(f"{policy.name}-")


def version_named(policy: Policy, asked: str, run: Run | None) -> Undo:
    """The version that was asked for; one without a URI where none is known. `run` is the run of that name, if any.

    What a run made counts only where it was in service, unless it is named with its digest.
    """
    name, _, digest = asked.partition("@")
    found = _by_folder(policy, name) if is_folder(policy, name) else _by_run(policy, name, run, insists=bool(digest))
    if found.uri is None or (digest and found.digest and found.digest != digest):
        return Undo(to=asked)
    return found.model_copy(update={"to": asked, "digest": found.digest or digest or None})


def _by_folder(policy: Policy, name: str) -> Undo:
    uri, status = f"{policy.spec.model.store.rstrip('/')}/{name}", policy.status
    if len(uri) > LONGEST_URI:
        return Undo(to=name)
    known = [status.champion, *(each.candidate for each in status.history), *status.quarantine]
    same = [each for each in known if each and same_place(each.uri, uri)]
    # As it is written where it is known, so that one version has one name.
    return Undo(
        to=name, uri=same[0].uri if same else uri, digest=next((each.digest for each in same if each.digest), None)
    )


def _by_run(policy: Policy, name: str, run: Run | None, *, insists: bool) -> Undo:
    remembered = next((each for each in policy.status.history if each.name == name), None)
    outcome = run.status.outcome if run else Outcome(remembered.outcome) if remembered else None
    made = run.candidate if run and run.candidate else remembered.candidate if remembered else None
    if run and run.spec.undo and run.spec.undo.uri:
        return run.spec.undo
    usable = made is not None and fits(made.uri) and (insists or outcome in IN_SERVICE)
    return Undo(to=name, uri=made.uri, digest=made.digest) if made and usable else Undo(to=name)
