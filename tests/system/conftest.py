# SPDX-License-Identifier: Apache-2.0
"""One broker and one set of keys for a run; an installation with topics of its own for whoever asks."""

import itertools

import pytest

from support.auditor import Watch
from support.broker import Broker
from support.evidence import Evidence
from support.honest import PARTNERS as HONEST
from support.honest import live
from support.installation import PARTNERS, Installation
from support.places import make_pki

_number = itertools.count(1)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return make_pki(tmp_path_factory.mktemp("pki"))


class Shared(Broker):
    """A broker that goes on for whoever comes next."""

    def run(self, *command, **how):
        assert command[0] in ("start", "address", "destroy"), f"to {command[0]} a broker take one by own_broker"
        return super().run(*command, **how)


@pytest.fixture(scope="session")
def broker(tmp_path_factory, pki):
    """The broker most tests share. Those that stop, kill or freeze one start their own: by the end of a run the shared one
    has hundreds of logs to recover, and one that did not come back would fail every test after it."""
    with Shared(tmp_path_factory.mktemp("kafka") / "broker", pki) as broker:
        yield broker


@pytest.fixture
def own_broker(tmp_path, pki):
    with Broker(tmp_path / "broker", pki) as broker:
        yield broker


@pytest.fixture(scope="module")
def own_broker_in_module(tmp_path_factory, pki):
    with Broker(tmp_path_factory.mktemp("kafka") / "broker", pki) as broker:
        yield broker


@pytest.fixture(scope="module")
def install_in_module(tmp_path_factory, pki, broker):
    """install(partners=..., on=...) as below, for what a module's tests share."""
    yield from _installer(lambda: tmp_path_factory.mktemp("gateway"), pki, broker)


@pytest.fixture
def install(tmp_path_factory, pki, broker):
    """install(partners=..., on=...) makes an installation that is taken down after the test."""
    yield from _installer(lambda: tmp_path_factory.mktemp("gateway"), pki, broker)


@pytest.fixture(scope="session")
def honest(tmp_path_factory, pki, broker):
    """An installation that did nothing wrong and has stopped: for looking only."""
    for install in _installer(lambda: tmp_path_factory.mktemp("gateway"), pki, broker):
        yield live(install(HONEST))


@pytest.fixture(scope="session")
def taken(honest):
    return Evidence(honest)


@pytest.fixture
def evidence(taken):
    """What it left in Kafka: a copy, to be tampered with."""
    return taken.copy()


@pytest.fixture
def watch_over():
    """watch_over(installation, options...): a watch, ended with the test."""
    begun = []

    def begin(it, *options):
        begun.append(Watch(it, *options))
        return begun[-1]
    yield begin
    for watch in begun:
        watch.kill()


def _installer(folder, pki, broker):
    made = []

    def install(partners=("tfl-ulez",), on=broker):
        it = Installation(folder(), pki, on, f"t{next(_number)}.", {id: PARTNERS[id] for id in partners})
        made.append(it)
        return it
    yield install
    for it in made:
        it.__exit__()
