# SPDX-License-Identifier: Apache-2.0
"""Takes rights away from the gateway for a while, at the broker: what it may not write, it cannot have said or done."""

from contextlib import contextmanager

from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient,
                                   ResourcePatternType, ResourceType)


@contextmanager
def _withdrawn(it, rights, instead=lambda taken: []):
    """rights: an AclBindingFilter; instead(taken): what is given for the while."""
    admin = AdminClient(it.broker.client("broker"))

    def give(bindings):
        for done in admin.create_acls(bindings).values() if bindings else ():
            done.result(20)
    taken = admin.delete_acls([rights])[rights].result(20)
    assert taken, "there was no such right"
    try:
        give(instead(taken))
        yield
    finally:
        admin.delete_acls([rights])[rights].result(20)
        give(taken)


def only_the_journal_may_be_written(it):
    """Publishers can neither publish nor be fenced, while what people decide is recorded as ever."""
    def journal(taken):
        return [AclBinding(a.restype, "anpr-journal", ResourcePatternType.LITERAL, a.principal, a.host, a.operation,
                           a.permission_type) for a in taken]
    return _withdrawn(it, AclBindingFilter(ResourceType.TRANSACTIONAL_ID, None, ResourcePatternType.ANY, None, None,
                                           AclOperation.ANY, AclPermissionType.ANY), journal)


def the_ledger_may_not_be_written(it):
    """Publishers can be fenced, and can say nothing."""
    return _withdrawn(it, AclBindingFilter(ResourceType.TOPIC, f"{it.prefix}anpr.ledger", ResourcePatternType.LITERAL, None,
                                           None, AclOperation.WRITE, AclPermissionType.ANY))
