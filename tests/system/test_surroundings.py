# SPDX-License-Identifier: Apache-2.0
"""A cluster in which the guarantees do not hold: nothing is published until they do again."""

import time

import pytest
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient,
                                   AlterConfigOpType, ConfigEntry, ConfigResource, ResourcePatternType, ResourceType)

from support.places import PATIENCE
from support.wait import eventually, steady

VERIFICATION = "transaction.partition.verification.enable"


@pytest.fixture
def story(install, own_broker):
    it = install(on=own_broker)
    it.partner("tfl-ulez", "--rate", 60, "--trouble", "none")
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    return it


def set_on_the_broker(broker, name, value):
    resource = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)])
    admin = AdminClient(broker.client("broker"))
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(PATIENCE)

    def there():        # the controller has recorded it; the broker itself follows in its own time
        return [d.result(PATIENCE)[name].value == value for d in admin.describe_configs([resource]).values()] == [True]
    eventually(there, f"{name} is {value} at the broker")


def why(it):
    answer = it.people["alice"].try_to("status", "--json")
    return answer.json["surroundings"]["why"] or "" if answer.code == 0 else None


def flows(it):
    since = time.time() * 1000
    it.consumer().wait_for(lambda records: records and max(r.read.read.captured_at_ms for r in records) > since, "reads", 120)


@pytest.mark.timeout(8 * PATIENCE)
def test_nothing_is_published_while_a_fenced_gateway_could_still_append(story):
    set_on_the_broker(story.broker, VERIFICATION, "false")
    story.start()                                       # before anything is published
    story.agree("tfl-ulez")
    story.go_live("tfl-ulez")
    eventually(lambda: VERIFICATION in (why(story) or ""), "status says why", 120)
    assert any("nothing is published: broker 1: " + VERIFICATION in p for p in story.people["alice"].status()["problems"])
    consumer = story.consumer(committed=False)
    assert not any(consumer.ends().values())
    set_on_the_broker(story.broker, VERIFICATION, "true")
    flows(story)
    assert why(story) == ""
    set_on_the_broker(story.broker, VERIFICATION, "false")       # and while it runs
    eventually(lambda: VERIFICATION in (why(story) or ""), "status says why", 120)
    steady(consumer.ends, 2, "a read while the guarantees do not hold")
    off = story.people["bob"].off("tfl-ulez", "--reason", "People can stop all the same.")
    assert off["outcome"] == "done"
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On again.")
    set_on_the_broker(story.broker, VERIFICATION, "true")
    flows(story)
    story.consumer().assert_unbroken()


@pytest.mark.timeout(8 * PATIENCE)
def test_nothing_is_published_while_the_gateway_may_not_see_who_reads(story):
    """An empty list of rights is not the same as nobody who may read."""
    story.start()
    story.agree("tfl-ulez")
    story.go_live("tfl-ulez")
    flows(story)
    right = (ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL, "User:CN=gateway", "*",
             AclOperation.DESCRIBE, AclPermissionType.ALLOW)
    admin = AdminClient(story.broker.client("broker"))
    for done in admin.delete_acls([AclBindingFilter(*right)]).values():
        assert len(done.result(PATIENCE)) == 1
    eventually(lambda: "who may read and write is unknown, as it may not be asked" in (why(story) or ""), "status says why", 120)
    steady(story.consumer(committed=False).ends, 2, "a read while nobody knows who reads")
    for done in admin.create_acls([AclBinding(*right)]).values():
        done.result(PATIENCE)
    flows(story)
    assert why(story) == ""
