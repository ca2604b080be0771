"""The fixtures of a real API server."""

from tests.crds.conftest import kubectl, namespace, quiet

__all__ = ["kubectl", "namespace", "quiet"]
