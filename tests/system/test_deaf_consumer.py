# SPDX-License-Identifier: Apache-2.0
"""A node whose consumer of the journal has gone deaf (support/deaf.c): it hears of nothing and is told of no error, which
happens to librdkafka's consumers. It notices by itself, and by what it appends."""

import os
import signal

import pytest

from support.people import DONE
from support.wait import eventually


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez",))
    it.partner("tfl-ulez", "--rate", 20, "--trouble", "none", cameras=20)
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.gateway.program = "anpr-gateway-deaf"
    it.start()
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    return it


def go_deaf(story):
    for number in story.gateway.children("core"):
        os.kill(number, signal.SIGUSR2)


def head(story, node):
    answer = story.at(node, "iris").try_to("history", "--json")
    return answer.json[-1]["number"] if answer.code == DONE else None


def test_what_it_appends_is_read_back_in_the_end(story):
    go_deaf(story)
    eventually(lambda: story.people["bob"].try_to("off", "tfl-ulez", "--reason", "Deaf.").code == DONE, "an off that is done")
    eventually(lambda: story.people["bob"].try_to("on", "tfl-ulez", "--reason", "Heard.").code == DONE, "on again")


def test_what_others_append_is_heard_in_the_end(story):
    second = story.add_node()
    second.start()
    go_deaf(story)
    story.at(second, "bob").must("off", "tfl-ulez", "--reason", "At the other node.")
    eventually(lambda: head(story, story.nodes[0]) == head(story, second), "the deaf node knows what the other knows")
