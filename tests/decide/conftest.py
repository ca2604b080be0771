"""Lives that hypothesis makes up may take their time: what a machine is busy with besides says nothing of the code."""

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
