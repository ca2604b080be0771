"""Words that stand in Kubernetes objects of ours and are read back from them, each at home here alone."""

GROUP = "retrain.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
POLICY_LABEL = f"{GROUP}/policy"
RUN_LABEL = f"{GROUP}/run"
MANAGED_BY = {"app.kubernetes.io/managed-by": "retrain-operator"}
DIGEST_ANNOTATION = f"{GROUP}/model-digest"
REQUEST_ANNOTATION = f"{GROUP}/requestedAt"
APPROVE_ANNOTATION = f"{GROUP}/approve"
REJECT_ANNOTATION = f"{GROUP}/reject"
APPROVED_BY_ANNOTATION = f"{GROUP}/approved-by"
UNDO_ANNOTATION = f"{GROUP}/undo-to"
STEPS = ("collect", "train", "evaluate")
"""The containers of a trainer's pod, in their order."""
