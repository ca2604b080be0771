"""The fixtures of a real API server."""

from tests.crds.conftest import kubectl, namespace

__all__ = ["kubectl", "namespace"]
