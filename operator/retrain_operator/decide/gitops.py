"""How to keep a field manager that put the model before back from doing so: Git must leave one field alone."""

from retrain_operator.model.names import UNDO_ANNOTATION
from retrain_operator.model.rollout import Rollout

_ARGO, _FLUX, _HELM = ("argocd", "argo-cd"), ("kustomize-controller",), ("helm",)
_PERSON = "kubectl"


def advice(manager: str, rollout: Rollout) -> str:
    """What to do about a field manager that reverts the field, in one sentence."""
    if any(word in manager for word in _ARGO):
        return (
            f"Let Argo CD leave it alone: in spec.ignoreDifferences of the Application name {_jq(rollout)} of this "
            f"{rollout.target_ref.kind} under jqPathExpressions, and set the sync option RespectIgnoreDifferences=true."
        )
    if any(word in manager for word in _FLUX):
        return (
            f"Let Flux leave it alone: take the value of {rollout.field} out of Git and annotate the "
            f"{rollout.target_ref.kind} there with kustomize.toolkit.fluxcd.io/ssa: Merge."
        )
    if any(word in manager for word in _HELM):
        return f"Take the value of {rollout.field} out of the chart, or let Helm's drift detection ignore it."
    if manager.startswith(_PERSON):
        return (
            f"Whoever did so goes back better by the annotation {UNDO_ANNOTATION}: then the version that is left is "
            "not rolled out again."
        )
    return f"Let it leave {rollout.field} alone, or set spec.rollout.mode to RecommendOnly and commit each change."


def _jq(rollout: Rollout) -> str:
    if rollout.path:
        return f".{rollout.path}"
    return (
        f'.spec.template.spec.containers[] | select(.name == "{rollout.container}").env[] | '
        f'select(.name == "{rollout.env}").value'
    )
