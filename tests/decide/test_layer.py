"""Who refused, read from the API server's own sentences, each as it words them."""

import pytest

from retrain_operator.decide.objection import layer

SENTENCES = {
    "exceeded quota: strict, requested: count/jobs.batch=1, used: 0, limited: 0": "QuotaExceeded",
    "failed quota: strict: must specify limits.cpu for: server": "QuotaExceeded",
    "status unknown for quota: strict, resources: count/jobs.batch": "QuotaExceeded",
    "insufficient quota to match these scopes: [{PriorityClass In [high]}]": "QuotaExceeded",
    "insufficient quota to consume: requests.nvidia.com/gpu": "QuotaExceeded",
    'violates PodSecurity "restricted:latest": runAsNonRoot != true': "PodSecurity",
    "maximum memory usage per Container is 64Mi, but limit is 128Mi": "LimitRange",
    "minimum cpu usage per Pod is 100m.  No request is specified": "LimitRange",
    "memory max limit to request ratio per Container is 2, but provided ratio is 8.000000": "LimitRange",
    "ValidatingAdmissionPolicy 'no-models' with binding 'no-models' denied request: not today": "AdmissionDenied",
    'admission webhook "quota.example.dev" denied the request: no quota left': "AdmissionDenied",
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_sentence_of_the_api_server_tells_its_layer(sentence: str) -> None:
    assert layer(f'pods "churn-x" is forbidden: {sentence}') == SENTENCES[sentence]
