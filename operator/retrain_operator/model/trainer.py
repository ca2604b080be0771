"""The container that trains: its image, its compute, and the storage it sees."""

import re
from datetime import timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.scalars import DottedName, Duration
from retrain_operator.model.schema import ApiWord, at_least, rules


class Quantities(ApiWord):
    """Amounts of compute."""

    cpu: str | None = Field(
        None, pattern=r"^[0-9]+(\.[0-9]+)?m?$", max_length=16, description="Cores, such as 500m or 2."
    )
    memory: str | None = Field(
        None, pattern=r"^[0-9]+(\.[0-9]+)?(k|Ki|[MGT]i?)?$", max_length=16, description="Bytes, such as 512Mi or 4Gi."
    )


class Resources(ApiWord):
    """Compute for each step."""

    requests: Quantities = Field(Quantities(cpu="100m", memory="256Mi"), description="What the scheduler sets aside.")
    limits: Quantities = Field(Quantities(memory="1Gi"), description="What a step may use at most.")


_ONE_SOURCE = "a volume needs exactly one of persistentVolumeClaim, configMap, secret"
_OWN_PATH = "^/+(tmp|workspace)?(/.*)?$"
_NOT_THERE = "mountPath may not be /, /tmp, /workspace or below these two: they are the trainer's own"


class Volume(ApiWord):
    """Storage mounted into every step of the trainer."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "[has(self.persistentVolumeClaim), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",
                _ONE_SOURCE,
            ),
            (f"!self.mountPath.matches('{_OWN_PATH}')", _NOT_THERE),
        )
    )
    mount_path: str = Field(pattern=r"^/[A-Za-z0-9/_.-]*$", max_length=256, description="Where it is mounted.")
    persistent_volume_claim: DottedName | None = Field(None, description="Name of a claim in this namespace.")
    config_map: DottedName | None = Field(None, description="Name of a ConfigMap in this namespace.")
    secret: DottedName | None = Field(None, description="Name of a Secret in this namespace.")
    read_only: bool = Field(False, description="Mount a claim read-only. ConfigMaps and Secrets always are.")

    @model_validator(mode="after")
    def _has_one_source_in_a_free_place(self) -> Self:
        if [self.persistent_volume_claim, self.config_map, self.secret].count(None) != 2:
            raise ValueError(_ONE_SOURCE)
        if re.match(_OWN_PATH, self.mount_path):
            raise ValueError(_NOT_THERE)
        return self


class Variable(ApiWord):
    """One environment variable of every step."""

    name: str = Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$", max_length=128, description="Name of the variable.")
    value: str = Field(max_length=4096, description="Its value, as it is.")


class Trainer(ApiWord):
    """The container that collects, trains and evaluates. An allow-list of fields, not a pod template."""

    image: str = Field(
        pattern=r"^[^\s]+$", min_length=1, max_length=512, description="Image called as collect, train and evaluate."
    )
    resources: Resources = Field(Resources(), description="Compute for each step.")
    volumes: tuple[Volume, ...] = Field((), max_length=8, description="Storage for data and models.")
    env: tuple[Variable, ...] = Field((), max_length=32, description="Environment variables of every step.")
    timeout: Duration = Field(
        timedelta(hours=2),
        ge=timedelta(seconds=10),
        json_schema_extra=at_least("timeout", "10s"),
        description="The run fails when its Job takes longer, such as 2h or 90m.",
    )
    start_deadline: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(seconds=10),
        json_schema_extra=at_least("startDeadline", "10s"),
        description="The run fails when no step has started by then, as with an absent image; such as 10m.",
    )
    retries: int = Field(2, ge=0, le=10, description="How often a pod that broke is tried again. Decisions never are.")
