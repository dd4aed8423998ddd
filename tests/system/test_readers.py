# SPDX-License-Identifier: Apache-2.0
"""Who can read a police topic now: what the gateway says of it against what the broker was given by others."""

import pytest
from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType

from support.places import PATIENCE
from support.wait import eventually

POLICE, VERIFIER, OTHER = "User:CN=police,O=mps", "User:CN=verifier,O=ico", "User:CN=other,O=elsewhere"


@pytest.fixture
def story(install, own_broker):
    it = install(on=own_broker)
    it.share("--rate", 20, "--trouble", "none")
    it.admin = AdminClient(own_broker.client("broker"))
    return it


def readers(it):
    view = it.people["iris"].must("readers")
    topic, = view["topics"]
    return view, {(r["principal"], r["permission"], r["pattern"], r["name"], r["host"]): r for r in topic["readers"]}


def binding(it, *, name=None, pattern=ResourcePatternType.LITERAL, operation=AclOperation.READ, host="*",
            permission=AclPermissionType.ALLOW, resource=ResourceType.TOPIC, who=OTHER):
    return AclBinding(resource, name or it.topic, pattern, who, host, operation, permission)


@pytest.mark.timeout(8 * PATIENCE)
def test_every_way_of_reading_is_shown_and_when_it_is_not_known_that_is_said(story):
    it = story
    eventually(lambda: readers(it)[0]["known"], "the brokers have told")
    view, found = readers(it)
    assert {key[0] for key in found} == {POLICE, VERIFIER} and view["super_users"] == ["User:CN=broker"]
    police = found[POLICE, "allow", "literal", it.topic, "*"]
    assert (police["operation"], police["groups"], police["agreements"]) == ("READ", ["police-*"], ["TFL-MPS-1"])
    given = [
        binding(it), binding(it, host="127.0.0.9", operation=AclOperation.ALL), binding(it, permission=AclPermissionType.DENY),
        binding(it, name=it.topic[:-2], pattern=ResourcePatternType.PREFIXED), binding(it, name="*"),
        binding(it, name="others-", resource=ResourceType.GROUP, pattern=ResourcePatternType.PREFIXED),
        # and what lets nobody read this topic
        binding(it, name=it.topic + "x", pattern=ResourcePatternType.PREFIXED), binding(it, name=it.topic + ".more"),
        binding(it, operation=AclOperation.DESCRIBE, who="User:CN=looker"), binding(it, name="anpr.else", who="User:CN=elsewhere")]
    for done in it.admin.create_acls(given).values():
        done.result(PATIENCE)
    eventually(lambda: len(readers(it)[1]) == 7, "what was given is shown", 120)
    _, found = readers(it)
    ours = {key[1:]: r for key, r in found.items() if key[0] == OTHER}
    assert set(ours) == {
        ("allow", "literal", it.topic, "*"), ("allow", "literal", it.topic, "127.0.0.9"), ("deny", "literal", it.topic, "*"),
        ("allow", "prefixed", it.topic[:-2], "*"), ("allow", "literal", "*", "*")}
    assert all(r["groups"] == ["others-*"] and r["agreements"] == [] for r in ours.values())
    assert OTHER in it.people["iris"].try_to("readers").text
    every = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, OTHER, None, AclOperation.ANY, AclPermissionType.ANY)
    for done in it.admin.delete_acls([every]).values():
        done.result(PATIENCE)
    eventually(lambda: len(readers(it)[1]) == 2, "what was taken back is not shown", 120)
    it.broker.kill()
    try:
        eventually(lambda: not readers(it)[0]["known"], "not known while the broker is away", 120)
        view, found = readers(it)
        assert view["why"] and view["looked_at"] and len(found) == 2
        assert "IT IS NOT KNOWN" in it.people["iris"].try_to("readers").text
    finally:
        it.broker.start()
    eventually(lambda: readers(it)[0]["known"], "known again", 120)
