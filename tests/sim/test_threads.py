"""One thread while it is asked for, as many as before afterwards."""

from __future__ import annotations

import contextlib

import pytest
import torch

from nnanim.sim.threads import one_thread


@pytest.mark.parametrize("error", [None, ValueError])
def test_threads_are_as_before_afterwards(error):
    with contextlib.ExitStack() as stack:
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(2)
        with contextlib.suppress(ValueError), one_thread():
            assert torch.get_num_threads() == 1
            if error is not None:
                raise error
        assert torch.get_num_threads() == 2
