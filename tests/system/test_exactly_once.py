# SPDX-License-Identifier: Apache-2.0
"""The short form of tests/chaos/exactly_once: whatever dies, each permitted read is on the topic once."""

import pytest

from support.chaos import WRONG, exactly_once
from support.places import PATIENCE


@pytest.mark.timeout(10 * PATIENCE)
@pytest.mark.parametrize("seed", [1])
def test_every_permitted_read_is_there_once_whatever_dies(tmp_path, pki, own_broker, seed):
    figures = exactly_once(tmp_path / "gateway", pki, own_broker, reads=15_000, rate=500, seed=seed, kills=6, stops=1,
                           broker_kills=1, settle=5 * PATIENCE)
    assert figures["expected"] > 1000, figures
    assert not {name: figures[name] for name in WRONG if figures[name]}, figures
    assert figures["right"]
