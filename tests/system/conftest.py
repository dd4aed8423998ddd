# SPDX-License-Identifier: Apache-2.0
"""One broker and one set of keys for a run; an installation with topics of its own for whoever asks."""

import itertools

import pytest

from support.broker import Broker
from support.installation import PARTNERS, Installation
from support.places import make_pki

_number = itertools.count(1)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory, pki):
    """The broker most tests share. Those that stop or kill one start their own, by own_broker."""
    with Broker(tmp_path_factory.mktemp("kafka") / "broker", pki) as broker:
        yield broker


@pytest.fixture
def own_broker(tmp_path, pki):
    with Broker(tmp_path / "broker", pki) as broker:
        yield broker


@pytest.fixture(scope="module")
def install_in_module(tmp_path_factory, pki, broker):
    """install(partner, ...) as below, for what a module's tests share."""
    yield from _installer(lambda: tmp_path_factory.mktemp("gateway"), pki, broker)


@pytest.fixture
def install(tmp_path_factory, pki, broker):
    """install(partners=..., on=...) makes an installation that is taken down after the test."""
    yield from _installer(lambda: tmp_path_factory.mktemp("gateway"), pki, broker)


def _installer(folder, pki, broker):
    made = []

    def install(partners=("tfl-ulez",), on=broker):
        it = Installation(folder(), pki, on, f"t{next(_number)}.", {id: PARTNERS[id] for id in partners})
        made.append(it)
        return it
    yield install
    for it in made:
        it.__exit__()
