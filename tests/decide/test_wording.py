"""Numbers in sentences: short, and never so short that two that differ read the same."""

import pytest

from retrain_trainer.contract.wording import number


@pytest.mark.parametrize(
    ("value", "beside", "told"),
    [
        (0.12, 0.1, ("0.12", "0.1")),
        (20.001985308715515, 20.0, ("20.002", "20")),
        (0.1 + 2**-56, 0.1, ("0.10000000000000002", "0.1")),
        (1_000_001.0, 1_000_000.0, ("1000001", "1000000")),
        (0.85, 0.85, ("0.85", "0.85")),
    ],
)
def test_a_number_has_as_many_digits_as_it_takes(value: float, beside: float, told: tuple[str, str]) -> None:
    assert (number(value, beside), number(beside, value)) == told
