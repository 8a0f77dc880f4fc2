"""Skips, by name, each peer that is not installed; the tables have no rows for it."""

from __future__ import annotations

import pytest

from benchmarks import peers


@pytest.mark.parametrize("peer", peers.PEERS)
def test_peer_is_here(peer: str) -> None:
    if missing := peers.what_to_install(peer):
        pytest.skip(f"{peer} is left out, {missing}")
