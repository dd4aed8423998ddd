/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms of single values, one by one.
 */
#include "gateway/config/loader.h"
#include "test_config.h"

#include <stdlib.h>

struct word_row {
	const char *text;
	bool good;
};

#define CHECK_ROWS(rows, wrong)                                                                              \
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++)                                          \
	ck_assert_msg((wrong((rows)[i].text) == NULL) == (rows)[i].good, "%s: %s", (rows)[i].text,           \
		wrong((rows)[i].text) ? wrong((rows)[i].text) : "taken")

START_TEST(subjects)
{
	static const struct word_row rows[] = {
		{"CN=alice", true},
		{"CN=police,O=mps", true},
		{"CN=Smith\\, John+UID=js,O=Sheffield City Council,C=GB", true},
		{"CN=J\\C3\\BCrgen", true},
		{"1.2.840.113549.1.9.1=#1603612e62,CN=x", true},
		{"", false},
		{"alice", false},
		{"/CN=alice", false},
		{"/O=mps/CN=alice", false},
		{"CN=", false},
		{"CN=alice,", false},
		{"CN=alice, O=mps", false},
		{"CN = alice", false},
		{"CN= alice", false},
		{"CN=alice ", false},
		{"CN=alice ,O=mps", false},
		{"CN=alice,,O=mps", false},
		{"=alice", false},
		{"CN=\"alice\"", false},
		{"CN=a;O=b", false},
		{"CN=a<b", false},
		{"CN=a\\", false},
		{"CN=a\\q", false},
		{"C N=a", false},
		{"CN", false},
	};

	CHECK_ROWS(rows, wrong_subject);
}
END_TEST

START_TEST(ids)
{
	static const struct word_row rows[] = {
		{"tfl-ulez", true},
		{"A.b_c-1", true},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
		{"", false},
		{"..", false},
		{".hidden", false},
		{"-rf", false},
		{"a/b", false},
		{"a b", false},
		{"caf\xc3\xa9", false},
		{"all", false},
		{"ab12.cms", false},
		{"allied", true},
	};

	CHECK_ROWS(rows, wrong_partner_id);
}
END_TEST

START_TEST(urls)
{
	static const struct word_row rows[] = {
		{"https://localhost:8441/v1/reads", true},
		{"https://reads.tfl.example", true},
		{"https://[::1]:8441/", true},
		{"http://localhost/", false},
		{"HTTPS://localhost/", false},
		{"file:///etc/passwd", false},
		{"https://", false},
		{"https:///reads", false},
		{"https://a b/", false},
		{"https://u:p@host/", false},
		{"https://host/?after=1", false},
		{"https://host/#x", false},
		{"https://host:0/", false},
		{"https://host:70000/", false},
		{"https://host:/", false},
		{"https://ho\tst/", false},
	};

	CHECK_ROWS(rows, wrong_url);
}
END_TEST

START_TEST(brokers)
{
	static const struct word_row rows[] = {
		{"localhost:9093", true},
		{"a:1,b.example:65535,[::1]:9093", true},
		{"localhost", false},
		{"localhost:", false},
		{":9093", false},
		{"a:1,", false},
		{"a:1, b:2", false},
		{"a:1x", false},
		{"a:65536", false},
		{"ssl://a:1", false},
	};

	CHECK_ROWS(rows, wrong_brokers);
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *text, *address;
		uint16_t port;
	} rows[] = {
		{"0.0.0.0:8443", "0.0.0.0", 8443},
		{"[::1]:9464", "::1", 9464},
		{"localhost:1", "localhost", 1},
		{"8443", NULL, 0},
		{":8443", NULL, 0},
		{"[]:1", NULL, 0},
		{"::1:9464", NULL, 0},
		{"a:0", NULL, 0},
		{"a:99999", NULL, 0},
		{"a:-1", NULL, 0},
		{"a b:1", NULL, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config_listen listen = {0};
		const char *why = listen_parse(rows[i].text, &listen);
		ck_assert_msg((why == NULL) == (rows[i].address != NULL), "%s", rows[i].text);
		if (!why) {
			ck_assert_str_eq(listen.address, rows[i].address);
			ck_assert_uint_eq(listen.port, rows[i].port);
		}
		free(listen.address);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} rows[] = {
		{"90s", 90},
		{"15m", 900},
		{"2h", 7200},
		{"1d", 86400},
		{"0s", 0},
		{"15", UINT32_MAX},
		{"", UINT32_MAX},
		{"m", UINT32_MAX},
		{"-1m", UINT32_MAX},
		{"1.5h", UINT32_MAX},
		{"1m ", UINT32_MAX},
		{" 1m", UINT32_MAX},
		{"99999999999999999999s", UINT32_MAX},
		{"100000d", UINT32_MAX},
		{"1M", UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t seconds = UINT32_MAX;
		const char *why = duration_parse(rows[i].text, &seconds);
		ck_assert_msg((why != NULL) == (rows[i].seconds == UINT32_MAX) && seconds == rows[i].seconds,
			"%s", rows[i].text);
	}
}
END_TEST

TCase *words_case(void)
{
	TCase *c = tcase_create("words");

	tcase_add_test(c, subjects);
	tcase_add_test(c, ids);
	tcase_add_test(c, urls);
	tcase_add_test(c, brokers);
	tcase_add_test(c, addresses);
	tcase_add_test(c, durations);
	return c;
}
