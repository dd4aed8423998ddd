/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures of people and nodes: what is accepted, and everything that is not.
 */
#include "tests/unit/pki.h"
#include "tests/unit/test_record.h"

static struct pki_cert ours, theirs, alice, impostor, server, expired, early, weak_root, weak;

static const struct utc_ms now = {NOW_MS};
static const struct utc_ms from = {NOW_MS - 30 * DAY_MS}, until = {NOW_MS + 30 * DAY_MS};

static void set_up(void)
{
	const struct utc_ms long_ago = {NOW_MS - 20 * DAY_MS}, yesterday = {NOW_MS - DAY_MS},
			    tomorrow = {NOW_MS + DAY_MS};
	pki_make(&ours, &(struct pki_want){"mps", "MPS CA", from, until, NULL, NULL}, NULL);
	pki_make(&theirs, &(struct pki_want){"tfl", "TFL CA", from, until, NULL, NULL}, NULL);
	pki_make(&weak_root, &(struct pki_want){"old", "Old CA", from, until, NULL, NULL}, NULL);
	pki_make(&alice, &(struct pki_want){NULL, "alice", from, until, PKI_PERSON, NULL}, &ours);
	pki_make(&impostor, &(struct pki_want){NULL, "alice", from, until, PKI_PERSON, NULL}, &theirs);
	pki_make(&server, &(struct pki_want){NULL, "alice", from, until, "serverAuth", NULL}, &ours);
	pki_make(&expired, &(struct pki_want){NULL, "alice", long_ago, yesterday, PKI_PERSON, NULL}, &ours);
	pki_make(&early, &(struct pki_want){NULL, "alice", tomorrow, until, PKI_PERSON, NULL}, &ours);
	pki_make(&weak, &(struct pki_want){NULL, "alice", from, until, PKI_PERSON, "P-192"}, &weak_root);
}

static void tear_down(void)
{
	struct pki_cert *all[] = {
		&ours, &theirs, &alice, &impostor, &server, &expired, &early, &weak_root, &weak};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		pki_free(all[i]);
}

static const char message[] = "what was asked for";

static void sign_as(const struct pki_cert *who, struct buffer *der)
{
	struct error e = {0};
	struct status s =
		cms_sign(buffer_span(&who->pem), buffer_span(&who->key_pem), span_text(message), der, &e);
	ck_assert_msg(ok(s), "%s", error_text(&e));
	error_free(&e);
}

/* The signer's certificate, the trust root, the bytes, the time; "" = accepted, else a part of what is told.
 */
static const struct {
	const char *name;
	const struct pki_cert *signer, *root;
	const char *bytes;
	int64_t at;
	const char *want;
} rows[] = {
	{"good", &alice, &ours, message, NOW_MS, ""},
	{"at its first second", &alice, &ours, message, NOW_MS - 30 * DAY_MS, ""},
	{"other bytes", &alice, &ours, "what was not asked", NOW_MS, "signature:"},
	{"no bytes", &alice, &ours, "", NOW_MS, "signature:"},
	{"another organisation's CA", &impostor, &ours, message, NOW_MS, "signature:"},
	{"against another trust root", &alice, &theirs, message, NOW_MS, "signature:"},
	{"a server's certificate", &server, &ours, message, NOW_MS, "purpose"},
	{"expired", &expired, &ours, message, NOW_MS, "expired"},
	{"expired, but at a time when it was good", &expired, &ours, message, NOW_MS - 2 * DAY_MS, ""},
	{"not yet valid", &early, &ours, message, NOW_MS, "not yet valid"},
	{"after the CA's own end", &alice, &ours, message, NOW_MS + 31 * DAY_MS, "expired"},
	{"a key too weak", &weak, &weak_root, message, NOW_MS, "signature:"},
};

#define TRUST(root, when) (&(struct trust){.root_pem = (root), .at = (when)})

START_TEST(a_persons_signature)
{
	struct buffer der = {0};
	struct error e = {0};
	char subject[256] = "";
	sign_as(rows[_i].signer, &der);
	struct status s = cms_verify(buffer_span(&der), span_text(rows[_i].bytes),
		TRUST(buffer_span(&rows[_i].root->pem), (struct utc_ms){rows[_i].at}), subject, &e);
	if (*rows[_i].want) {
		ck_assert_int_eq(s.kind, STATUS_REFUSED);
		ck_assert_msg(strstr(error_text(&e), rows[_i].want) != NULL, "%s: %s", rows[_i].name,
			error_text(&e));
	} else {
		ck_assert_msg(ok(s), "%s: %s", rows[_i].name, error_text(&e));
		ck_assert_str_eq(subject, "CN=alice");
	}
	error_free(&e);
	buffer_free(&der);
}
END_TEST

/* Whatever single bit of a signature is turned, it is refused, or is still alice's over the same bytes (a few
 * bits, such as a version number's, are not signed by anything). */
START_TEST(a_flipped_bit_gives_nobody_else)
{
	struct buffer der = {0};
	sign_as(&alice, &der);
	size_t refused = 0;
	for (size_t i = 0; i < der.n; i++) {
		char subject[256] = "";
		der.p[i] ^= (uint8_t)(1u << (i % 8));
		struct status s = cms_verify(buffer_span(&der), span_text(message),
			TRUST(buffer_span(&ours.pem), now), subject, NULL);
		der.p[i] ^= (uint8_t)(1u << (i % 8));
		refused += s.kind == STATUS_REFUSED;
		ck_assert(s.kind == STATUS_REFUSED || strcmp(subject, "CN=alice") == 0);
	}
	ck_assert_uint_gt(refused, der.n * 9 / 10);
	buffer_free(&der);
}
END_TEST

START_TEST(a_cut_or_longer_signature_is_refused)
{
	struct buffer der = {0};
	char subject[256];
	sign_as(&alice, &der);
	for (size_t n = 0; n < der.n; n += 7)
		ck_assert_int_eq(cms_verify(span_of(der.p, n), span_text(message),
					 TRUST(buffer_span(&ours.pem), now), subject, NULL)
					 .kind,
			STATUS_REFUSED);
	ck_assert(ok(buffer_append_text(&der, "x")));
	ck_assert_int_eq(cms_verify(buffer_span(&der), span_text(message), TRUST(buffer_span(&ours.pem), now),
				 subject, NULL)
				 .kind,
		STATUS_REFUSED);
	buffer_free(&der);
}
END_TEST

START_TEST(no_trust_root_trusts_nobody)
{
	struct buffer der = {0};
	char subject[256];
	sign_as(&alice, &der);
	ck_assert_int_eq(
		cms_verify(buffer_span(&der), span_text(message), TRUST(span_text(""), now), subject, NULL)
			.kind,
		STATUS_REFUSED);
	/* a leaf is no root: trusting it would let a person make people */
	ck_assert_int_eq(cms_verify(buffer_span(&der), span_text(message),
				 TRUST(buffer_span(&alice.pem), now), subject, NULL)
				 .kind,
		STATUS_REFUSED);
	buffer_free(&der);
}
END_TEST

START_TEST(a_key_that_does_not_belong_does_not_sign)
{
	struct buffer der = {0};
	struct error e = {0};
	struct status s =
		cms_sign(buffer_span(&alice.pem), buffer_span(&theirs.key_pem), span_text(message), &der, &e);
	ck_assert_int_eq(s.kind, STATUS_BAD_INPUT);
	ck_assert_ptr_nonnull(strstr(error_text(&e), "does not belong"));
	s = cms_sign(span_text("nothing"), buffer_span(&alice.key_pem), span_text(message), &der, NULL);
	ck_assert_int_eq(s.kind, STATUS_BAD_INPUT);
	ck_assert_uint_eq(der.n, 0);
	error_free(&e);
}
END_TEST

static const struct {
	const char *name;
	const struct pki_cert *certificate, *root;
	int64_t at;
	bool good;
} connections[] = {
	{"good", &alice, &ours, NOW_MS, true},
	{"another organisation's CA", &impostor, &ours, NOW_MS, false},
	{"a server's", &server, &ours, NOW_MS, false},
	{"expired", &expired, &ours, NOW_MS, false},
	{"not yet valid", &early, &ours, NOW_MS, false},
	{"too weak", &weak, &weak_root, NOW_MS, false},
};

START_TEST(a_certificate_seen_on_a_connection)
{
	char subject[256] = "";
	struct status s = certificate_verify(buffer_span(&connections[_i].certificate->der),
		TRUST(buffer_span(&connections[_i].root->pem), (struct utc_ms){connections[_i].at}), subject,
		NULL);
	ck_assert_int_eq(s.kind, connections[_i].good ? STATUS_OK : STATUS_REFUSED);
	if (connections[_i].good)
		ck_assert_str_eq(subject, "CN=alice");
	ck_assert(!ok(certificate_verify(
		span_text("certificate"), TRUST(buffer_span(&ours.pem), now), subject, NULL)));
	ck_assert(!ok(certificate_verify(span_text(""), TRUST(buffer_span(&ours.pem), now), subject, NULL)));
}
END_TEST

START_TEST(subjects_are_written_as_rfc_2253)
{
	struct pki_cert odd;
	struct buffer der = {0};
	char subject[256] = "";
	pki_make(&odd, &(struct pki_want){"A, B", "J\xc3\xb6rg + \"x\"", from, until, PKI_PERSON, NULL},
		&ours);
	sign_as(&odd, &der);
	ck_assert(ok(cms_verify(
		buffer_span(&der), span_text(message), TRUST(buffer_span(&ours.pem), now), subject, NULL)));
	ck_assert_str_eq(subject, "CN=J\\C3\\B6rg \\+ \\\"x\\\",O=A\\, B");
	pki_free(&odd);
	buffer_free(&der);
}
END_TEST

START_TEST(a_nodes_signature)
{
	struct buffer pem = {0};
	struct node_key *key = NULL;
	uint8_t signature[64], public_key[32], other[32] = {9};
	pki_node_key(&pem);
	ck_assert(ok(node_key_parse(buffer_span(&pem), &key, NULL)));
	node_key_public(key, public_key);
	ck_assert(ok(node_sign(key, DOMAIN_JOURNAL, span_text(message), signature)));
	struct span good = span_of(signature, sizeof signature);
	ck_assert(ok(node_verify(public_key, DOMAIN_JOURNAL, span_text(message), good)));
	ck_assert(!ok(node_verify(public_key, DOMAIN_RECORD, span_text(message), good)));
	ck_assert(!ok(node_verify(public_key, DOMAIN_JOURNAL, span_text("other"), good)));
	ck_assert(!ok(node_verify(other, DOMAIN_JOURNAL, span_text(message), good)));
	ck_assert(!ok(node_verify(public_key, DOMAIN_JOURNAL, span_text(message), span_of(signature, 63))));
	ck_assert(!ok(node_verify(public_key, DOMAIN_JOURNAL, span_text(message), span_text(""))));
	for (int bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert(!ok(node_verify(public_key, DOMAIN_JOURNAL, span_text(message), good)));
		signature[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	node_key_free(key);
	buffer_free(&pem);
}
END_TEST

START_TEST(what_is_no_node_key)
{
	struct node_key *key = NULL;
	ck_assert_int_eq(node_key_parse(span_text(""), &key, NULL).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(
		node_key_parse(span_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
			&key, NULL)
			.kind,
		STATUS_BAD_INPUT);
	ck_assert_int_eq(node_key_parse(buffer_span(&alice.key_pem), &key, NULL).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(node_key_parse(buffer_span(&alice.pem), &key, NULL).kind, STATUS_BAD_INPUT);
	ck_assert_ptr_null(key);
	node_key_free(NULL);
}
END_TEST

TCase *case_cms(void)
{
	TCase *c = tcase_create("signatures");
	tcase_add_unchecked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_persons_signature, 0, ROWS(rows));
	tcase_add_test(c, a_flipped_bit_gives_nobody_else);
	tcase_add_test(c, a_cut_or_longer_signature_is_refused);
	tcase_add_test(c, no_trust_root_trusts_nobody);
	tcase_add_test(c, a_key_that_does_not_belong_does_not_sign);
	tcase_add_loop_test(c, a_certificate_seen_on_a_connection, 0, ROWS(connections));
	tcase_add_test(c, subjects_are_written_as_rfc_2253);
	tcase_add_test(c, a_nodes_signature);
	tcase_add_test(c, what_is_no_node_key);
	return c;
}
