"""Who may do what: accounts that the operator acts as, rights they have or lack, and refusals of the API server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount that the operator acts as."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """The name the API server knows it by."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def __str__(self) -> str:
        """How messages name it."""
        return f"ServiceAccount {self.namespace}/{self.name}"


OPERATOR = Account("retrain-system", "retrain-operator")
"""Who the operator is where manifests/base is applied as it is."""


@dataclass(frozen=True, slots=True)
class Right:
    """One thing an account may or may not do, in the words of a Role's rule."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        """How messages name it: patch deployments.apps "churn-serving"."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f'{self.verb} {resource} "{self.name}"' if self.name else f"{self.verb} {resource}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server refused something to an account: what was asked, and what is known of why."""

    account: Account
    asked: Right
    account_exists: bool = True
    impersonated: bool = True
    """Whether the operator may act as the account at all."""
    lacking: tuple[Right, ...] = ()
    """Rights that an access review says the account lacks."""
    detail: str = ""
    """The API server's own sentence, bounded."""


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The API server does not accept an object, and its own sentence on why, bounded."""

    detail: str
