"""A forked child can run a teacher, whatever another thread of its parent was doing."""

from __future__ import annotations

import os
import warnings

import pytest
from torch import nn, zeros

from dixtill.distillation.teacher import embedding_layer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_lock_that_was_held_at_a_fork_is_free_in_the_child():
    with embedding_layer._REGISTERING, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of threads and fork
        child = os.fork()
        if child == 0:
            is_free = embedding_layer._REGISTERING.acquire(timeout=10)
            if is_free:
                embedding_layer._REGISTERING.release()
                with embedding_layer.changed_output(nn.Identity(), lambda *_: zeros(1)):
                    os._exit(0)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
