/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration file as a whole: what is taken, and the exact messages about what is not. Each row
 * changes one good file in one place.
 */
#include "gateway/config/config.h"

#include "anpr/v1/journal.pb-c.h"
#include "test_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const good =
	"gateway: {id: gw-1, state_dir: state, signing_key: pki/signing.key}\n"
	"kafka:\n"
	"  brokers: localhost:9093\n"
	"  ca: pki/ca.pem\n"
	"  cert: pki/kafka.pem\n"
	"  key: pki/kafka.key\n"
	"  super_users: [\"User:CN=broker\"]\n"
	"organisations:\n"
	"  - {id: mps, ca: pki/mps-ca.pem, people: [{subject: \"CN=alice\", roles: [policy-admin, "
	"operator]}]}\n"
	"  - {id: tfl, ca: pki/tfl-ca.pem, people: [{subject: \"CN=bob\", roles: [controller]}]}\n"
	"partners:\n"
	"  - id: tfl-ulez\n"
	"    organisation: tfl\n"
	"    source: {kind: stream, url: \"https://localhost:8441/v1/reads\", ca: pki/tfl-ca.pem, cert: "
	"pki/to-tfl.pem, key: pki/to-tfl.key}\n"
	"  - id: sheffield\n"
	"    organisation: tfl\n"
	"    source: {kind: push, subjects: [\"CN=sheffield\"]}\n"
	"ingress: {listen: \"0.0.0.0:8442\", cert: pki/ingress.pem, key: pki/ingress.key}\n"
	"admin: {listen: \"[::]:8443\", cert: pki/admin.pem, key: pki/admin.key}\n"
	"metrics: {listen: \"127.0.0.1:9464\"}\n";

/* `text` with the first `from` replaced; the caller frees. */
static char *changed(const char *text, const char *from, const char *to)
{
	const char *at = from[0] ? strstr(text, from) : text + strlen(text);
	char *out = NULL;

	ck_assert_msg(at != NULL, "the row changes nothing: %s", from);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	return out;
}

/* The folder's random name out of messages. */
static char *without_folder(char *text)
{
	char *at, *out = strdup(text);

	while ((at = strstr(out, folder))) {
		memmove(at + 3, at + strlen(folder), strlen(at + strlen(folder)) + 1);
		memcpy(at, "DIR", 3);
	}
	free(text);
	return out;
}

static char *messages(const char *text)
{
	struct error e = {0};
	struct config *c = NULL;
	char *lines;

	text_write("gateway.yaml", text);
	if (ok(config_load("gateway.yaml", &c, &e)))
		ck_assert_uint_eq(e.n, 0);
	else
		ck_assert_uint_gt(e.n, 0);
	lines = without_folder(error_lines(&e));
	config_free(c);
	error_free(&e);
	return lines;
}

struct row {
	const char *from, *to, *want;
};

static const struct row rows[] = {
	{"", "", ""},
	/* the form of the file */
	{"", "x", "gateway.yaml:22:1: not YAML: could not find expected ':', while scanning a simple key\n"},
	{"", "---\n{}\n", "gateway.yaml:21:1: a second document: the configuration is one\n"},
	{"gateway: {", "gateway: &g {",
		"gateway.yaml:1:10: an anchor or tag (&name, !name) has no use here\n"},
	{"id: gw-1", "id: !!str gw-1", "gateway.yaml:1:15: a tag (!name) has no use here\n"},
	{"id: gw-1", "id: *x", "gateway.yaml:1:15: an alias (*name): write the value out\n"},
	{"id: gw-1", "id: \"gw\\0x\"", "gateway.yaml:1:15: gateway.id: holds a control character\n"},
	{"{id: gw-1, state_dir: state, signing_key: pki/signing.key}", "[1, 2]",
		"gateway.yaml:1:10: gateway: must be a mapping (key: value)\n"},
	{"id: gw-1", "id: [gw-1]", "gateway.yaml:1:15: gateway.id: must be a single value\n"},
	{"id: gw-1", "id: ~", "gateway.yaml:1:15: gateway.id: is empty\n"},
	{"id: gw-1", "id: \"\"", "gateway.yaml:1:15: gateway.id: is empty\n"},
	{"[\"User:CN=broker\"]", "User:CN=broker", "gateway.yaml:7:16: kafka.super_users: must be a list\n"},
	{"[\"User:CN=broker\"]", "[]", "gateway.yaml:7:16: kafka.super_users: must not be an empty list\n"},
	/* keys */
	{"brokers:", "brokres:",
		"gateway.yaml:3:3: kafka: unknown key 'brokres'; did you mean 'brokers'?\n"
		"gateway.yaml:3:3: kafka: key 'brokers' is missing\n"},
	{"", "password: x\n", "gateway.yaml:21:1: unknown key 'password'\n"},
	{"  ca: pki/ca.pem\n", "  ca: pki/ca.pem\n  ca: pki/mps-ca.pem\n",
		"gateway.yaml:5:3: kafka: key 'ca' is given twice, first on line 4\n"},
	{"state_dir: state, ", "", "gateway.yaml:1:10: gateway: key 'state_dir' is missing\n"},
	/* values */
	{"id: gw-1", "id: ../gw", "gateway.yaml:1:15: gateway.id: an id is 1 to 64 of A-Z a-z 0-9 . _ -\n"},
	{"localhost:9093", "localhost",
		"gateway.yaml:3:12: kafka.brokers: brokers are host:port, several with a ',' between and no "
		"space\n"},
	{"User:CN=broker", "CN=broker",
		"gateway.yaml:7:17: kafka.super_users[0]: a Kafka principal begins with 'User:', such as "
		"User:CN=broker\n"},
	{"CN=alice", "/CN=alice",
		"gateway.yaml:9:54: organisations[0].people[0].subject: not RFC 2253 but OpenSSL's old form: "
		"write "
		"CN=alice,O=mps for /O=mps/CN=alice\n"},
	{"[controller]", "[controler]",
		"gateway.yaml:10:72: organisations[1].people[0].roles: a role is policy-admin, controller, "
		"operator or "
		"auditor\n"},
	{"[controller]", "[controller, controller]",
		"gateway.yaml:10:84: organisations[1].people[0].roles: is in the list already\n"},
	{"\"https://localhost", "\"http://localhost",
		"gateway.yaml:14:33: partners[0].source.url: must begin with https://: a partner's stream is "
		"read over "
		"mutual TLS only\n"},
	{"kind: push", "kind: pull",
		"gateway.yaml:17:20: partners[1].source.kind: a source is of kind stream or push\n"},
	{"id: sheffield", "id: all",
		"gateway.yaml:15:9: partners[1].id: no partner can be called 'all': the stop file of that "
		"name stops "
		"every partner\n"},
	{"id: gw-1", "id: gw-1, duplicate_window: 3h",
		"gateway.yaml:1:39: gateway.duplicate_window: must be from 60 to 7200 seconds\n"},
	{"id: gw-1", "id: gw-1, duplicate_window: 15",
		"gateway.yaml:1:39: gateway.duplicate_window: must be a time such as 90s, 15m, 2h or 1d\n"},
	{"  ca: pki/ca.pem\n", "  ca: pki/ca.pem\n  batch_ms: 59\n",
		"gateway.yaml:5:13: kafka.batch_ms: must be from 60 to 1000\n"},
	{"  ca: pki/ca.pem\n", "  ca: pki/ca.pem\n  publishers: many\n",
		"gateway.yaml:5:15: kafka.publishers: must be a whole number\n"},
	{"\"0.0.0.0:8442\"", "8442",
		"gateway.yaml:17:13: partners: a source of kind push needs 'ingress', which is not "
		"configured\n"
		"gateway.yaml:18:19: ingress.listen: an address to listen on is address:port, such as "
		"0.0.0.0:8443 or "
		"[::1]:8443\n"},
	/* files */
	{"pki/mps-ca.pem", "pki/nowhere.pem",
		"gateway.yaml:9:19: organisations[0].ca: DIR/pki/nowhere.pem: No such file or directory\n"},
	{"pki/mps-ca.pem", "pki", "gateway.yaml:9:19: organisations[0].ca: DIR/pki is not a file\n"},
	{"pki/mps-ca.pem", "pki/signing.key",
		"gateway.yaml:9:19: organisations[0].ca: DIR/pki/signing.key holds no certificate in PEM\n"},
	{"pki/kafka.key", "pki/kafka.pem",
		"gateway.yaml:6:8: kafka.key: DIR/pki/kafka.pem is a private key that others can use (mode "
		"0644): chmod 600 "
		"it\n"},
	{"signing_key: pki/signing.key", "signing_key: pki/ca.key",
		"gateway.yaml:1:52: gateway.signing_key: DIR/pki/ca.key is no Ed25519 key; make one: openssl "
		"genpkey "
		"-algorithm ED25519 -out FILE\n"},
	{"state_dir: state", "state_dir: open",
		"gateway.yaml:1:32: gateway.state_dir: DIR/open can be written by others: chmod go-w it\n"},
	{"state_dir: state", "state_dir: gateway.yaml",
		"gateway.yaml:1:32: gateway.state_dir: DIR/gateway.yaml is not a folder\n"},
	{"key: pki/admin.key", "key: pki/ingress.key",
		"gateway.yaml:19:56: admin.key: the same key as ingress.key on line 18: one key serves one "
		"role\n"
		"gateway.yaml:19:56: admin: DIR/pki/ingress.key is not the key of the certificate "
		"DIR/pki/admin.pem\n"},
	{"key: pki/admin.key", "key: pki/copy.key",
		"gateway.yaml:19:56: admin.key: the same key as kafka.key on line 6: one key serves one "
		"role\n"
		"gateway.yaml:19:56: admin: DIR/pki/copy.key is not the key of the certificate "
		"DIR/pki/admin.pem\n"},
	/* keys to each other */
	{"organisation: tfl", "organisation: nh",
		"gateway.yaml:13:19: partners: there is no organisation 'nh'\n"},
	{"id: sheffield", "id: tfl-ulez",
		"gateway.yaml:15:9: partners: 'tfl-ulez' is there twice, first on line 12\n"},
	{"{id: tfl, ca", "{id: mps, ca",
		"gateway.yaml:10:10: organisations: 'mps' is there twice, first on line 9\n"
		"gateway.yaml:13:19: partners: there is no organisation 'tfl'\n"
		"gateway.yaml:16:19: partners: there is no organisation 'tfl'\n"},
	{"roles: [policy-admin, operator]}", "roles: [operator]}, {subject: \"CN=alice\", roles: [auditor]}",
		"gateway.yaml:9:86: organisations[0]: people: 'CN=alice' is there twice\n"},
	{"kind: push", "kind: push, url: \"https://x/\"",
		"gateway.yaml:17:31: partners[1].source: key 'url' is for sources of kind stream\n"},
	{", subjects: [\"CN=sheffield\"]", "",
		"gateway.yaml:17:13: partners[1].source: key 'subjects' is missing: whose certificates may "
		"push\n"},
	{"url: \"https://localhost:8441/v1/reads\", ", "",
		"gateway.yaml:14:13: partners[0].source: key 'url' is missing: a stream needs it\n"},
	{"ingress: {listen: \"0.0.0.0:8442\", cert: pki/ingress.pem, key: pki/ingress.key}\n", "",
		"gateway.yaml:17:13: partners: a source of kind push needs 'ingress', which is not "
		"configured\n"},
	{"127.0.0.1:9464", "0.0.0.0:9464",
		"gateway.yaml:20:19: metrics: metrics are served without TLS, so on the loopback address "
		"only\n"},
	{"[::]:8443", "0.0.0.0:8442", "gateway.yaml:19:8: ingress and admin listen on the same port\n"},
	{"  ca: pki/ca.pem\n", "  ca: pki/ca.pem\n  topics: {ledger: anpr.heads}\n",
		"gateway.yaml:5:11: kafka.topics: 'ledger' and 'heads' cannot be the same topic\n"},
	/* all at once */
	{"gateway: {id: gw-1, state_dir: state, signing_key: pki/signing.key}\nkafka:\n  brokers: "
	 "localhost:9093\n",
		"gateway: {id: a b, statedir: state, signing_key: nowhere}\nkafka:\n  brokers: x\n",
		"gateway.yaml:1:10: gateway: key 'state_dir' is missing\n"
		"gateway.yaml:1:15: gateway.id: an id is 1 to 64 of A-Z a-z 0-9 . _ -\n"
		"gateway.yaml:1:20: gateway: unknown key 'statedir'; did you mean 'state_dir'?\n"
		"gateway.yaml:1:50: gateway.signing_key: DIR/nowhere: No such file or directory\n"
		"gateway.yaml:3:12: kafka.brokers: brokers are host:port, several with a ',' between and no "
		"space\n"},
};

START_TEST(golden_messages)
{
	const struct row *r = &rows[_i];
	char *text = changed(good, r->from, r->to);
	char *got = messages(text);

	ck_assert_str_eq(got, r->want);
	free(got);
	free(text);
}
END_TEST

START_TEST(hostile_texts)
{
	static const char *const texts[] = {
		"",
		"\n",
		"[]",
		"- a",
		"x",
		"{",
		"\xff\xfe",
		"a: b: c",
		"? [a]\n: b\n",
		"\t",
		"gateway",
		"null",
		"%YAML 9.9\n---\na: b\n",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *got = messages(texts[i]);
		ck_assert_msg(got[0] != '\0', "taken: %s", texts[i]);
		free(got);
	}
}
END_TEST

START_TEST(values_arrive)
{
	struct config *c = NULL;
	struct error e = {0};

	text_write("gateway.yaml", good);
	ck_assert(ok(config_load("gateway.yaml", &c, &e)));
	ck_assert_str_eq(c->gateway_id, "gw-1");
	ck_assert_int_eq(c->signing_key[0], '/');
	ck_assert_uint_eq(c->n_super_users, 1);
	ck_assert_str_eq(c->topics.ledger, "anpr.ledger");
	ck_assert_str_eq(c->topics.documents, "anpr.documents");
	ck_assert_uint_eq(c->publishers, 8);
	ck_assert_uint_eq(c->reads_partitions, 12);
	ck_assert_uint_eq(c->batch_ms, 100);
	ck_assert_uint_eq(c->duplicate_window_s, 900);
	ck_assert_uint_eq(c->organisations[0].people[0].roles,
		1u << ANPR__V1__ROLE__ROLE_POLICY_ADMIN | 1u << ANPR__V1__ROLE__ROLE_OPERATOR);
	ck_assert_uint_eq(c->organisations[1].people[0].roles, 1u << ANPR__V1__ROLE__ROLE_CONTROLLER);
	ck_assert_uint_eq(c->organisations[1].line, 10);
	ck_assert_uint_eq(c->partners[0].line, 12);
	ck_assert_int_eq(c->partners[0].kind, SOURCE_KIND_STREAM);
	ck_assert_int_eq(c->partners[1].kind, SOURCE_KIND_PUSH);
	ck_assert_str_eq(c->partners[1].subjects[0], "CN=sheffield");
	ck_assert_str_eq(c->admin.address, "::");
	ck_assert_uint_eq(c->metrics.port, 9464);
	config_free(c);
}
END_TEST

/* What is printed reads back as the same, wherever it is read from. */
START_TEST(printed_is_the_same)
{
	struct config *a = NULL, *b = NULL;
	struct buffer first = {0}, second = {0};
	struct error e = {0};

	text_write("gateway.yaml", good);
	ck_assert(ok(config_load("gateway.yaml", &a, &e)));
	ck_assert(ok(config_print(a, &first)));
	ck_assert_int_eq(mkdir("elsewhere", 0700), 0);
	text_write("elsewhere/printed.yaml", buffer_text(&first));
	if (!ok(config_load("elsewhere/printed.yaml", &b, &e)))
		ck_abort_msg("%s", error_lines(&e));
	ck_assert(ok(config_print(b, &second)));
	ck_assert_str_eq(buffer_text(&first), buffer_text(&second));
	ck_assert_ptr_nonnull(strstr(buffer_text(&first), "duplicate_window: 15m"));
	config_free(a);
	config_free(b);
	buffer_free(&first);
	buffer_free(&second);
}
END_TEST

START_TEST(missing_file)
{
	struct config *c = NULL;
	struct error e = {0};

	ck_assert(!ok(config_load("no/such.yaml", &c, &e)));
	ck_assert_str_eq(error_text(&e), "no/such.yaml: cannot be opened: No such file or directory");
	ck_assert_ptr_null(c);
	error_free(&e);
	ck_assert(!ok(config_load("no/such.yaml", &c, NULL)));
}
END_TEST

static void set_up(void)
{
	folder_make();
	ck_assert_int_eq(mkdir("open", 0700), 0);
	ck_assert_int_eq(chmod("open", 0777), 0);
	ck_assert_int_eq(system("cp pki/kafka.key pki/copy.key"), 0);
	ck_assert_int_eq(chmod("pki/kafka.pem", 0644), 0);
}

int main(void)
{
	Suite *s = suite_create("config");
	TCase *c = tcase_create("files");
	SRunner *runner = srunner_create(s);

	tcase_add_unchecked_fixture(c, set_up, folder_remove);
	tcase_add_loop_test(c, golden_messages, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(c, hostile_texts);
	tcase_add_test(c, values_arrive);
	tcase_add_test(c, printed_is_the_same);
	tcase_add_test(c, missing_file);
	suite_add_tcase(s, c);
	suite_add_tcase(s, words_case());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
