"""What tests of the simulations share: the small network behind the real loss surface, trained once."""

from __future__ import annotations

import pytest

from nnanim.sim.trained_loss import TrainedNetwork, train_network


@pytest.fixture(scope="session")
def network() -> TrainedNetwork:
    return train_network(0)
