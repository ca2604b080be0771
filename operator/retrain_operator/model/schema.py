"""What every block of the API shares: frozen camelCase models whose schema may carry CEL rules."""

from typing import Any

from pydantic import ConfigDict

from retrain_operator.model.scalars import DURATION
from retrain_trainer.contract import Word


class ApiWord(Word):
    """A block of the API. `rules` are CEL rules for its schema: (rule, message)."""

    model_config = ConfigDict(validate_default=True)


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Schema extra that makes the API server check CEL rules, each with the sentence shown when it fails."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


def at_least(field: str, span: str) -> dict[str, Any]:
    """Schema extra that makes the API server refuse a shorter duration; one that is none is refused by its pattern."""
    rule = f"!self.matches('{DURATION}') || duration(self) >= duration('{span}')"
    return rules((rule, f"{field} must be at least {span}"))
