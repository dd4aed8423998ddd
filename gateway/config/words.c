/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms that single values take: ids, subjects, addresses, times. Each check returns what is wrong, or
 * NULL.
 */
#include "gateway/config/loader.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool all_of(const char *text, size_t max, const char *extra)
{
	size_t n = strlen(text);

	if (n == 0 || n > max)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(extra, text[i]))
			return false;
	return true;
}

const char *wrong_id(const char *text)
{
	if (!all_of(text, 64, "._-"))
		return "an id is 1 to 64 of A-Z a-z 0-9 . _ -";
	return text[0] == '.' || text[0] == '-' ? "an id does not begin with '.' or '-'" : NULL;
}

/* Stop files are called after partners, and `all` stops every one (DESIGN.md section 3). */
const char *wrong_partner_id(const char *text)
{
	size_t n = strlen(text);

	if (wrong_id(text))
		return wrong_id(text);
	if (strcmp(text, "all") == 0)
		return "no partner can be called 'all': the stop file of that name stops every partner";
	if (n >= 4 && strcmp(text + n - 4, ".cms") == 0)
		return "a partner's id does not end in '.cms': that is how kept commands are called";
	return NULL;
}

static size_t attribute_type(const char *text)
{
	size_t n = 0;

	if (isalpha((unsigned char)text[0]))
		while (isalnum((unsigned char)text[n]) || text[n] == '-')
			n++;
	else
		while (isdigit((unsigned char)text[n]) || (n > 0 && text[n] == '.'))
			n++;
	return n;
}

static bool escape_is_good(const char *p)
{
	return p[0] != '\0' && (strchr(",+\"\\<>;# =", p[0]) ||
				       (isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1])));
}

/* The value up to ',' or '+' or the end; *why where it is not one. */
static size_t attribute_value(const char *text, const char **why)
{
	size_t n = 0;

	if (text[0] == ' ')
		*why = "a subject has no space after '='";
	while (text[n] && text[n] != ',' && text[n] != '+' && !*why) {
		if (text[n] == '\\' && !escape_is_good(text + n + 1))
			*why = "a subject has a '\\' that escapes nothing";
		else if (strchr("\"<>;", text[n]))
			*why = "in a subject, '\"', '<', '>' and ';' are written with a '\\' before them";
		n += text[n] == '\\' && text[n + 1] ? 2 : 1;
	}
	if (n == 0 && !*why)
		*why = "a subject has an attribute without a value";
	if (n > 1 && text[n - 1] == ' ' && text[n - 2] != '\\' && !*why)
		*why = "a subject has no space before ',' or at its end";
	return n;
}

/* RFC 2253, as `openssl x509 -noout -subject -nameopt RFC2253` prints it. Subjects are compared as whole
 * strings, so what could be written in two ways is refused. */
const char *wrong_subject(const char *text)
{
	const char *why = NULL;

	if (text[0] == '/')
		return "not RFC 2253 but OpenSSL's old form: write CN=alice,O=mps for /O=mps/CN=alice";
	if (strlen(text) > 255)
		return "a subject has at most 255 bytes";
	for (const char *p = text;;) {
		size_t n = attribute_type(p);
		if (*p == ' ')
			return "a subject has no space after ','";
		if (n == 0 || p[n] != '=')
			return "a subject is RFC 2253, such as CN=alice,O=mps";
		p += n + 1;
		p += attribute_value(p, &why);
		if (why)
			return why;
		if (*p == '\0')
			return NULL;
		p++;
	}
}

const char *wrong_principal(const char *text)
{
	if (strncmp(text, "User:", 5) != 0 || text[5] == '\0')
		return "a Kafka principal begins with 'User:', such as User:CN=broker";
	return strlen(text) > 300 ? "a Kafka principal has at most 300 bytes" : NULL;
}

const char *wrong_topic(const char *text)
{
	if (!all_of(text, 249, "._-") || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return "a topic's name is 1 to 249 of A-Z a-z 0-9 . _ -";
	return NULL;
}

/* host:port, [v6]:port; *n_host is the host's length, brackets included. */
static bool host_and_port(const char *text, size_t n, size_t *n_host, uint16_t *port)
{
	size_t colon = n, value = 0, digits = 0;

	while (colon > 0 && text[colon - 1] != ':')
		colon--;
	if (colon < 2)
		return false;
	*n_host = colon - 1;
	for (size_t i = colon; i < n && isdigit((unsigned char)text[i]); i++, digits++)
		value = value * 10 + (size_t)(text[i] - '0');
	if (digits == 0 || digits > 5 || digits != n - colon || value == 0 || value > 65535)
		return false;
	*port = (uint16_t)value;
	bool v6 = text[0] == '[' && text[*n_host - 1] == ']' && *n_host > 2;
	for (size_t i = v6 ? 1 : 0; i < *n_host - (v6 ? 1 : 0); i++)
		if (!(v6 ? isxdigit((unsigned char)text[i]) || strchr(":.%", text[i])
			 : isalnum((unsigned char)text[i]) || strchr(".-_", text[i])))
			return false;
	return true;
}

const char *wrong_brokers(const char *text)
{
	for (const char *p = text;;) {
		size_t n = strcspn(p, ","), n_host;
		uint16_t port;
		if (!host_and_port(p, n, &n_host, &port))
			return "brokers are host:port, several with a ',' between and no space";
		if (p[n] == '\0')
			return NULL;
		p += n + 1;
	}
}

const char *listen_parse(const char *text, struct config_listen *out)
{
	size_t n_host;
	bool v6 = text[0] == '[';

	if (!host_and_port(text, strlen(text), &n_host, &out->port))
		return "an address to listen on is address:port, such as 0.0.0.0:8443 or [::1]:8443";
	out->address = strndup(text + (v6 ? 1 : 0), n_host - (v6 ? 2 : 0));
	return out->address ? NULL : "out of memory";
}

const char *wrong_url(const char *text)
{
	size_t n, n_host;
	const char *host = text + 8;
	uint16_t port;

	if (strncmp(text, "https://", 8) != 0)
		return "must begin with https://: a partner's stream is read over mutual TLS only";
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~')
			return "a URL is printable ASCII without spaces";
	if (strpbrk(text, "?#"))
		return "must have no '?' or '#': the gateway adds its own query";
	n = strcspn(host, "/");
	if (memchr(host, '@', n))
		return "must hold no user or password: the client certificate is the identity";
	if (host_and_port(host, n, &n_host, &port))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(".-_[:]", host[i]))
			return "has no sensible host";
	return n == 0 || (memchr(host, ':', n) && host[0] != '[') ? "has no sensible host and port" : NULL;
}

const char *number_parse(const char *text, uint32_t *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno || value > UINT32_MAX)
		return "must be a whole number";
	*number = (uint32_t)value;
	return NULL;
}

const char *duration_parse(const char *text, uint32_t *seconds)
{
	static const struct {
		const char *unit;
		uint32_t s;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (isdigit((unsigned char)text[0]) && !errno && value <= 100000)
		for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
			if (strcmp(end, units[i].unit) == 0 && value * units[i].s <= UINT32_MAX) {
				*seconds = (uint32_t)value * units[i].s;
				return NULL;
			}
	return "must be a time such as 90s, 15m, 2h or 1d";
}
