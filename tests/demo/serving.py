"""Speaks with the model servers as their users do: asks for predictions, and tells later what was right.

Requests are sent a day at a time, so that both replicas get their share of them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.demo import stage
from tests.demo.access import Api, Json
from tests.demo.stream import Week

PORT = 8080
INFER = f"/v2/models/{stage.NAME}/infer"


@dataclass(frozen=True)
class Predicted:
    """What was answered for one week, and by which version."""

    week: Week
    labels: npt.NDArray[np.int64]
    version: str

    @property
    def accuracy(self) -> float:
        """How much of it was right."""
        return float((self.labels == self.week.labels).mean())


class Servers:
    """The model in service and its frozen twin."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._served = api.service(stage.NAME, PORT)
        self._frozen = api.service(stage.FROZEN, PORT)

    def predict(self, week: Week) -> Predicted:
        """What the model in service says of a week, asked day by day."""
        answers = [self._infer(self._served, week.features[day]) for day in week.days()]
        labels = np.concatenate([_labels(answer) for answer in answers])
        return Predicted(week, labels, str(answers[-1]["model_version"]))

    def predict_frozen(self, week: Week) -> Predicted:
        """What the first model says of a week."""
        answer = self._infer(self._frozen, week.features)
        return Predicted(week, _labels(answer), str(answer["model_version"]))

    def feed_back(self, said: Predicted) -> None:
        """Tell the servers the labels of a week they predicted."""
        for day in said.week.days():
            body = {"predicted": said.labels[day].tolist(), "actual": said.week.labels[day].tolist()}
            body["model_version"] = said.version
            self._api.post(f"{self._served}/feedback", body)

    def _infer(self, server: str, rows: npt.NDArray[np.float64]) -> Json:
        tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}
        return self._api.post(server + INFER, {"inputs": [tensor]})


def _labels(answer: Json) -> npt.NDArray[np.int64]:
    return np.array(answer["outputs"][0]["data"], dtype=np.int64)
