# SPDX-License-Identifier: Apache-2.0
"""Each offence as somebody commits it who can do whatever the gateway's and the nodes' keys, and the disks of the brokers,
allow. One function each: it tampers with an Evidence, and says where that is to be noticed. README.md is the list for
people; test_offences.py holds it against this."""

import hashlib
from dataclasses import dataclass, replace

from support.charters import make
from support.evidence import entry_of, place, sealed, signed, vouched
from support.grown import Grown, account_of
from support.messages import SharedRead, command_pb2, journal_pb2, ledger_pb2


@dataclass(frozen=True)
class Row:
    words: str          # what was done
    kind: str           # what it is called
    bundle: bool        # a bundle without reads shows it: the checker names it as well
    alone: bool         # nothing else is wrong then
    live: bool          # it can be done while a watch runs, and is seen at once
    plant: callable     # plant(evidence, installation): its place, or None; options to name what was seen before


ROWS = []


def offence(kind, words, bundle=False, alone=False, live=True):
    def keep(plant):
        ROWS.append(Row(words, kind, bundle, alone, live, plant))
        return plant
    return keep


# --- reads ---

def largest(evidence, it):
    """The partition with most of the first partner's reads: its name, and them."""
    key = max((k for k in evidence.records if k[0] == it.topic), key=lambda k: len(evidence.records[k]))
    return key, evidence.records[key]


def changed(value, **fields):
    read = SharedRead.FromString(value)
    for name, to in fields.items():
        setattr(read, name, to)
    return read.SerializeToString(deterministic=True)


def newest(evidence, it):
    """The last of the first partner's reads, by policy version and time: what is made of it does not also come after an
    off. Its partition, its item, and itself."""
    return max(((key, items[-1], SharedRead.FromString(items[-1].value)) for key, items in evidence.records.items()
                if key[0] == it.topic and items), key=lambda last: (last[2].policy_version, last[2].published_at_ms))


def after(evidence, it, value=None, **fields):
    """A read more: the newest again, changed, or `value`."""
    key, item, _ = newest(evidence, it)
    return place(key, evidence.append(key, item, changed(item.value, **fields) if value is None else value))


def new_numbers(evidence, it):
    *_, last = newest(evidence, it)
    return {"sequence": last.sequence + 1000, "partition_sequence": last.partition_sequence + 1}


@offence("read_added", "A read added by another producer with the gateway's certificate", alone=True)
def read_added(evidence, it):
    return after(evidence, it, **new_numbers(evidence, it))


@offence("read_added", "A read sent a second time", alone=True)
def read_twice(evidence, it):
    return after(evidence, it)


@offence("read_added", "A record that is no read at all", alone=True)
def no_read(evidence, it):
    return after(evidence, it, value=b"\xff not a read")


@offence("read_altered", "A read altered where it lies", alone=True)
def read_altered(evidence, it):
    key, reads = largest(evidence, it)
    evidence.rewrite(reads, 100, lambda v: changed(v, received_at_ms=SharedRead.FromString(v).received_at_ms - 1))
    return place(key, reads[100])


@offence("read_missing", "A read taken away", alone=True)
def read_taken_away(evidence, it):
    key, reads = largest(evidence, it)
    gone = SharedRead.FromString(reads.pop(100).value)

    def among(offence):
        numbers = [int(w.strip(",")) for w in offence[2].split() if w.strip(",").isdigit()]
        return offence[0] == 1 and numbers[-2] <= gone.partition_sequence <= numbers[-1]
    return among


@offence("read_after_off", "A read of before an off published after it")
def read_after_off(evidence, it):
    key, reads = largest(evidence, it)
    before = max(last_enforced(evidence)[1].enforced.entries) - 1
    return place(key, evidence.append(key, reads[5], changed(reads[5].value, policy_version=before)))


@offence("read_other_version", "A read stamped with an older policy version than it was decided under")
def read_other_version(evidence, it):
    key, reads = largest(evidence, it)
    evidence.rewrite(reads, 3, lambda v: changed(v, policy_version=5))
    return place(key, reads[3])


@offence("read_not_permitted", "A read under an older policy version, which denies it")
def read_not_permitted(evidence, it):
    return after(evidence, it, policy_version=5, **new_numbers(evidence, it))


@offence("policy_version_wrong", "A read under a policy version that the journal has not")
def read_of_no_version(evidence, it):
    return after(evidence, it, policy_version=10_000, **new_numbers(evidence, it))


@offence("read_not_as_agreed", "A read with a field that its agreement does not share")
def read_with_more(evidence, it):
    key, reads = largest(evidence, it)

    def faster(value):
        read = SharedRead.FromString(value)
        read.read.speed_kph = 57.0
        return read.SerializeToString(deterministic=True)
    evidence.rewrite(reads, 7, faster)
    return place(key, reads[7])


@offence("read_not_as_agreed", "A read that says it may be kept for longer than was agreed")
def read_kept_longer(evidence, it):
    *_, last = newest(evidence, it)
    return after(evidence, it, keep_until_ms=last.keep_until_ms + 86_400_000, **new_numbers(evidence, it))


# --- the journal ---

def journal_key(evidence):
    return evidence.name("journal"), 0


def last_enforced(evidence):
    journal = evidence.journal()
    index = max(i for i, item in enumerate(journal) if entry_of(item).HasField("enforced"))
    return index, entry_of(journal[index])


def flip(where):
    def plant(evidence, it):
        journal = evidence.journal()
        index = len(journal) // 2

        def change(value):
            at = int(len(value) * where)
            return value[:at] + bytes([value[at] ^ 0x10]) + value[at + 1:]
        evidence.rewrite(journal, index, change)
        return place(journal_key(evidence), journal[index])
    return plant


for share, which in ((0.1, "beginning"), (0.5, "middle"), (0.9, "end")):
    offence("journal_broken", f"A bit of a journal entry flipped, near its {which}", bundle=True, live=False)(flip(share))


@offence("journal_broken", "A journal entry edited, and signed again with the node's key", bundle=True, live=False)
def entry_edited(evidence, it):
    """The entry after it still names the hash of the one that was there."""
    journal = evidence.journal()
    index, entry = next((i, e) for i, e in enumerate(map(entry_of, journal)) if i > 3 and e.HasField("decree"))
    entry.decree.accepted_at_ms -= 1
    evidence.rewrite(journal, index, lambda _: sealed(entry, it.pki / "signing.key"))
    return place(journal_key(evidence), journal[index + 1])


@offence("journal_broken", "A journal entry dropped", bundle=True, live=False)
def entry_dropped(evidence, it):
    journal = evidence.journal()
    del journal[6]
    return place(journal_key(evidence), journal[6])


def seen_before(evidence):
    """--head, as somebody has written it down."""
    value = journal_pb2.StoredEntry.FromString(evidence.journal()[-1].value).entry
    return "--head", f"{len(evidence.journal())}:{hashlib.sha256(value).hexdigest()}"


@offence("head_lost", "The journal's tail cut off", bundle=True, live=False)
def tail_cut(evidence, it):
    seen = seen_before(evidence)
    del evidence.journal()[-1]
    return seen


@offence("head_lost", "The journal's tail cut off, and made anew with the node's key", bundle=True, live=False)
def tail_made_anew(evidence, it):
    seen, entry = seen_before(evidence), entry_of(evidence.journal()[-1])
    entry.time_ms += 1
    evidence.rewrite(evidence.journal(), -1, lambda _: sealed(entry, it.pki / "signing.key"))
    return seen


@offence("journal_broken", "An approval forged: the police's CA issued the certificate in the partner's name, the node lent its key",
         bundle=True, alone=True)
def approval_forged(evidence, it):
    make(it.pki, "--add", "bobby person /CN=bob mps-ca")
    journal = evidence.journal()
    last, entry = entry_of(journal[-1]), journal_pb2.JournalEntry()
    command = next(c for c in (command_pb2.Command.FromString(entry_of(i).decree.signed.command) for i in journal)
                   if c.HasField("approve"))
    command.nonce, command.head_sequence = bytes(16), last.sequence
    command.head_hash = hashlib.sha256(journal_pb2.StoredEntry.FromString(journal[-1].value).entry).digest()
    entry.CopyFrom(last)
    entry.sequence, entry.previous_hash = last.sequence + 1, command.head_hash
    entry.decree.Clear()
    entry.decree.signed.command = command.SerializeToString(deterministic=True)
    entry.decree.signed.signatures.add(kind=command_pb2.SIGNATURE_KIND_CMS, value=signed(it.pki, "bobby", entry.decree.signed.command))
    entry.decree.command_id = hashlib.sha256(entry.decree.signed.command).digest()
    entry.decree.accepted_at_ms = last.time_ms
    return place(journal_key(evidence), evidence.append(journal_key(evidence), journal[-1], sealed(entry, it.pki / "signing.key")))


@offence("document_missing", "A text that the journal names taken away", bundle=True, live=False)
def text_missing(evidence, it):
    evidence.records[evidence.name("documents"), 0].clear()


@offence("trust_root_replaced", "Another certificate authority in the place of a body's own", bundle=True, alone=True, live=False)
def other_authority(evidence, it):
    return "--root", f"tfl={it.pki}/nh-ca.pem"


# --- ledger and accounts ---

def ledger_of(evidence):
    """The longest: its name, and its items."""
    key = max((k for k in evidence.records if k[0] == evidence.name("ledger")), key=lambda k: len(evidence.records[k]))
    return key, evidence.records[key]


def record_of(item):
    return ledger_pb2.LedgerRecord.FromString(item.value)


def write_anew(evidence, ledger, change):
    """All of a publisher's ledger, changed by change(record), with a chain of its own."""
    previous = bytes(32)
    for index, item in enumerate(ledger):
        record = record_of(item)
        record.previous_hash = previous
        change(record)
        evidence.rewrite(ledger, index, lambda _, r=record: r.SerializeToString(deterministic=True))
        previous = hashlib.sha256(ledger[index].value).digest()


def one_more(evidence, change):
    """A ledger record that follows the last as it should, but for change(record)."""
    key, ledger = ledger_of(evidence)
    like = next(r for r in map(record_of, reversed(ledger)) if any(p.feeds for p in r.partners))
    record, last = ledger_pb2.LedgerRecord(), record_of(ledger[-1])
    record.CopyFrom(last)
    record.kind, record.ordinal, record.previous_hash = record.KIND_BATCH, last.ordinal + 1, hashlib.sha256(ledger[-1].value).digest()
    del record.partners[:]
    partner = record.partners.add()
    partner.CopyFrom(next(p for p in like.partners if p.feeds))
    partner.totals.Clear()
    change(record)
    return place(key, evidence.append(key, ledger[-1], record.SerializeToString(deterministic=True)))


@offence("ledger_broken", "A ledger record dropped", bundle=True)
def ledger_dropped(evidence, it):
    key, ledger = ledger_of(evidence)
    del ledger[5]
    return place(key, ledger[5])


@offence("ledger_broken", "A ledger record added that follows another than the last", bundle=True)
def ledger_beside(evidence, it):
    def elsewhere(record):
        record.previous_hash = bytes(32)
        del record.partners[:]
    return one_more(evidence, elsewhere)


def denied_once_more(evidence):
    """One denied read more than there were, and one received: it adds up, and yet is not what was signed."""
    key, ledger = ledger_of(evidence)
    index, record = next((i, r) for i, r in enumerate(map(record_of, ledger))
                         if i + 1 < len(ledger) and any(p.totals.denied for p in r.partners))
    totals = next(p.totals for p in record.partners if p.totals.denied)
    totals.denied[0].n += 1
    totals.received += 1
    evidence.rewrite(ledger, index, lambda _: record.SerializeToString(deterministic=True))
    return place(key, ledger[index + 1])


@offence("ledger_broken", "A tally changed: the next record follows another", bundle=True)
def tally_changed(evidence, it):
    return denied_once_more(evidence)


@offence("account_wrong", "A tally changed: the hour that a node signed differs", bundle=True, live=False)
def tally_not_as_signed(evidence, it):
    denied_once_more(evidence)


@offence("totals_wrong", "A ledger record that counts more reads than it numbers", bundle=True)
def published_more(evidence, it):
    def more(record):
        del record.partners[0].feeds[:]
        record.partners[0].totals.published = 1
    return one_more(evidence, more)


@offence("totals_wrong", "A ledger record whose numbers go back", bundle=True)
def numbers_back(evidence, it):
    key, ledger = ledger_of(evidence)
    index, record = next((i, r) for i, r in enumerate(map(record_of, ledger)) if i > 3 and any(p.feeds for p in r.partners))
    next(p for p in record.partners if p.feeds).feeds[0].sequence -= 1
    evidence.rewrite(ledger, index, lambda _: record.SerializeToString(deterministic=True))
    return place(key, ledger[index])


@offence("policy_version_wrong", "A ledger record under a policy version that the journal has not", bundle=True)
def ledger_of_no_version(evidence, it):
    key, ledger = ledger_of(evidence)
    index = len(ledger) // 2
    record = record_of(ledger[index])
    record.policy_version = 10_000
    evidence.rewrite(ledger, index, lambda _: record.SerializeToString(deterministic=True))
    return place(key, ledger[index])


@offence("read_missing", "A ledger record for a read that is not there", alone=True)
def never_published(evidence, it):
    def claims(record):
        partner, = record.partners
        feed, = partner.feeds
        feed.sequence += 1
        feed.digest = hashlib.sha256(feed.digest).digest()
        del feed.steps[:]
        del feed.partitions[1:]
        feed.partitions[0].sequence += 1
        partner.totals.received = partner.totals.permitted = partner.totals.published = 1
    return one_more(evidence, claims)


@offence("read_after_off", "A gateway that goes on after an off as if there were none", bundle=True)
def goes_on(evidence, it):
    """No reads are needed to see it: the enforced entry says how far the feed was."""
    _, entry = last_enforced(evidence)
    version, partner = max(entry.enforced.entries), "tfl-ulez"
    fenced = next(p for p in entry.enforced.publishers if any(f.partner == partner for f in p.feeds))
    last = next(f.last_sequence for f in fenced.feeds if f.partner == partner)
    key = evidence.name("ledger"), fenced.publisher
    ledger = evidence.records[key]
    write_anew(evidence, ledger, lambda r: setattr(r, "policy_version", min(r.policy_version, version - 1)))
    for topic in evidence.topics:
        evidence.forget(topic)
    return place(key, next(item for item in ledger if any(
        f.sequence > last for p in record_of(item).partners if p.partner == partner for f in p.feeds)))


@offence("read_after_off", "An enforced entry that does not name a feed which had published", bundle=True, live=False)
def feed_left_out(evidence, it):
    index, entry = last_enforced(evidence)
    for publisher in entry.enforced.publishers:
        del publisher.feeds[:]
    evidence.rewrite(evidence.journal(), index, lambda _: sealed(entry, it.pki / "signing.key"))


@offence("ledger_replaced", "A publisher's whole ledger written anew", bundle=True)
def ledger_anew(evidence, it):
    """The accounts that a node signed still name the old one."""
    write_anew(evidence, ledger_of(evidence)[1], lambda record: setattr(record, "node", "gw-9"))


def once_more_received(account):
    account.totals.received += 1
    account.totals.rejected.add(rejection=1, n=1)


def account_changed(evidence, it, sign, change=once_more_received):
    key = evidence.name("accounts"), 0
    accounts = evidence.records[key]
    stored = ledger_pb2.StoredRecord.FromString(accounts[-1].value)
    account = ledger_pb2.Account.FromString(stored.record)
    change(account)
    stored.record = account.SerializeToString(deterministic=True)
    value = vouched(account, it.pki / "signing.key") if sign else stored.SerializeToString()
    accounts[-1] = replace(accounts[-1], value=value)
    return place(key, accounts[-1])


@offence("account_wrong", "An account changed, and signed again with the node's key", bundle=True, alone=True)
def account_signed(evidence, it):
    return account_changed(evidence, it, True)


@offence("account_wrong", "An account of an hour in which the ledger has nothing, signed with the node's key", bundle=True)
def account_of_another_hour(evidence, it):
    return account_changed(evidence, it, True, lambda account: setattr(account, "hour_ms", account.hour_ms - 86_400_000))


@offence("statement_unsigned", "An account changed, by somebody who has no node's key", bundle=True)
def account_unsigned(evidence, it):
    return account_changed(evidence, it, False)


@offence("statement_unsigned", "An account added that no node signed", bundle=True, alone=True)
def account_added(evidence, it):
    key = evidence.name("accounts"), 0
    last = evidence.records[key][-1]
    return place(key, evidence.append(key, last, last.value[:-1] + bytes([last.value[-1] ^ 1])))


def made_with(evidence, account):
    """Where the ledger record is that an account was made with."""
    return next(place(key, item) for key, items in evidence.records.items() if key[0] == evidence.name("ledger")
                for item in items if hashlib.sha256(item.value).digest() == account.ledger_hash)


@offence("account_missing", "An account taken away, of the hour in which its publisher stopped", bundle=True, alone=True, live=False)
def account_taken_away(evidence, it):
    return made_with(evidence, account_of(evidence.records[evidence.name("accounts"), 0].pop()))


@offence("account_missing", "An account taken away, of an hour that is over", bundle=True, alone=True, live=False)
def account_of_before_taken_away(evidence, it):
    """The publisher goes on in the hour after."""
    grown, accounts = Grown(evidence, it, reads=0), evidence.records[evidence.name("accounts"), 0]
    grown.add()
    accounts.remove(next(item for item in reversed(accounts) if account_of(item).partner == grown.partner.partner))
    return place(grown.where, grown.last)


@offence("account_missing", "Cameras left out of an account, signed again with the node's key", bundle=True, alone=True, live=False)
def cameras_left_out(evidence, it):
    left = []

    def fewer(account):
        left.append(account)
        del account.totals.cameras[1:]
    account_changed(evidence, it, True, fewer)
    return made_with(evidence, left[0])
