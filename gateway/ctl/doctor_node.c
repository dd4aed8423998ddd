/* SPDX-License-Identifier: Apache-2.0
 *
 * What anprctl doctor sees on this machine, and from it: certificates, the gateway's folder, limits,
 * partners. Whether files are there, private and match is the configuration's own to check.
 */
#include "gateway/base/file.h"
#include "gateway/base/pem.h"
#include "gateway/ctl/doctor.h"
#include "gateway/http/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PEM_MAX    (1u << 20)
#define SOON_MS    (INT64_C(30) * 24 * 3600 * 1000)
#define PARTNER_MS 8000
/* Keys, stop files and the newest head are kilobytes; what is short of this is about to be full. */
#define ROOM_LEAST 16u
#define ROOM_GOOD  256u
/* Of the core, which has most. Measured with tests/bench/partners and one broker (ARCHITECTURE.md, 'Threads
 * of the core'): 46 without partners, 11 more for each publisher that works, 5 more for each while it takes
 * over, 1 for each partner. Each of a publisher's three handles has a pipe and a socket for each further
 * broker. */
#define FILES_BASE      64u
#define FILES_PUBLISHER 17u
#define FILES_BROKER    9u
#define FILES_PARTNER   2u

/* --- certificates --- */

enum use { USE_CA, USE_CLIENT, USE_SERVER };

static void certificate_look(struct doctor *d, const char *where, const char *path, enum use use)
{
	struct buffer pem = {0};
	struct utc_ms ends, now = clock_now();
	char found[600];

	if (!path || !ok(file_read(path, PEM_MAX, &pem, NULL)))
		return; /* not configured; or gone since the configuration was read */
	ends = pem_expiry(buffer_span(&pem));
	snprintf(found, sizeof found, "%s %s %s", path, ends.v <= now.v ? "has expired on" : "ends on",
		CLOCK_TEXT(ends));
	if (ends.v <= now.v)
		doctor_tell(
			d, HEALTH_BROKEN, where, found, "have it renewed, and put the new one in its place");
	else if (use != USE_CA && !pem_serves(buffer_span(&pem), use == USE_SERVER)) {
		snprintf(found, sizeof found, "%s is no certificate for a TLS %s", path,
			use == USE_SERVER ? "server" : "client");
		doctor_tell(d, HEALTH_BROKEN, where, found, "have one issued with that extended key usage");
	} else if (ends.v - now.v < SOON_MS)
		doctor_tell(d, HEALTH_WARNING, where, found, "have it renewed within these 30 days");
	else
		doctor_tell(d, HEALTH_OK, where, found, NULL);
	buffer_free(&pem);
}

static void pair_look(struct doctor *d, const char *where, const struct config_tls *tls, enum use use)
{
	certificate_look(d, where, tls->ca, USE_CA);
	certificate_look(d, where, tls->cert, use);
}

void doctor_files(struct doctor *d)
{
	const struct config *c = d->wanted.config;
	char where[200];

	pair_look(d, "kafka", &c->kafka, USE_CLIENT);
	pair_look(d, "admin", &c->admin_tls, USE_SERVER);
	pair_look(d, "ingress", &c->ingress_tls, USE_SERVER);
	for (size_t i = 0; i < c->n_organisations; i++) {
		snprintf(where, sizeof where, "organisation %s", c->organisations[i].id);
		certificate_look(d, where, c->organisations[i].ca, USE_CA);
	}
	for (size_t i = 0; i < c->n_partners; i++) {
		snprintf(where, sizeof where, "partner %s", c->partners[i].id);
		pair_look(d, where, &c->partners[i].tls, USE_CLIENT);
	}
}

/* --- this machine --- */

/* The folder, or where it is to be made: the nearest above it that exists. The caller frees. */
static char *nearest(const char *path)
{
	char *at = strdup(path), *slash;

	while (at && access(at, F_OK) != 0 && errno == ENOENT && (slash = strrchr(at, '/')))
		slash[slash == at] = 0;
	return at;
}

static void room_look(struct doctor *d, const char *folder)
{
	struct statvfs fs;
	unsigned long long mb;
	char found[100];

	if (statvfs(folder, &fs) != 0)
		return;
	mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	snprintf(found, sizeof found, "%llu MB are free", mb);
	doctor_tell(d,
		mb < ROOM_LEAST  ? HEALTH_BROKEN
		: mb < ROOM_GOOD ? HEALTH_WARNING
				 : HEALTH_OK,
		"disk of gateway.state_dir", found,
		mb < ROOM_GOOD ? "make room: an off that Kafka cannot record is kept there" : NULL);
}

static void folder_look(struct doctor *d)
{
	const char *path = d->wanted.config->state_dir;
	char *at = nearest(path);
	char found[600];

	if (!at)
		return;
	if (access(at, W_OK | X_OK) == 0) {
		snprintf(found, sizeof found, "%s can be written%s", path,
			strcmp(at, path) == 0 ? "" : " (it will be made)");
		doctor_tell(d, HEALTH_OK, "gateway.state_dir", found, NULL);
		room_look(d, at);
	} else {
		snprintf(found, sizeof found, "%s: %s", at, strerror(errno));
		doctor_tell(d, HEALTH_BROKEN, "gateway.state_dir", found,
			"give it to the gateway's user, or run the doctor as that user");
	}
	free(at);
}

static rlim_t files_needed(const struct config *c)
{
	rlim_t further = 0; /* brokers */

	for (const char *at = strchr(c->brokers, ','); at; at = strchr(at + 1, ','))
		further++;
	return FILES_BASE + (FILES_PUBLISHER + FILES_BROKER * further) * c->publishers +
	       FILES_PARTNER * c->n_partners;
}

void doctor_machine(struct doctor *d)
{
	rlim_t needed = files_needed(d->wanted.config);
	struct rlimit have;
	char found[160];

	folder_look(d);
	if (getrlimit(RLIMIT_NOFILE, &have) != 0)
		return;
	snprintf(found, sizeof found, "%llu may be open here, the gateway needs %llu",
		(unsigned long long)have.rlim_cur, (unsigned long long)needed);
	doctor_tell(d, have.rlim_cur < needed ? HEALTH_BROKEN : HEALTH_OK, "files", found,
		have.rlim_cur < needed ? "raise it: LimitNOFILE= of the service, or ulimit -n" : NULL);
}

/* --- partners --- */

/* Any answer will do: it comes only to a certificate that is taken. */
static int any_answer(void *self, int status, struct span body)
{
	(void)self, (void)status, (void)body;
	return API_FINAL;
}

/* Asks for something that is no stream, so that no read comes. */
static void partner_ask(struct doctor *d, const char *where, const char *url, const struct http_tls *tls)
{
	char host[300];
	const char *const base = host;
	const struct api api = {.urls = &base, .n_urls = 1, .tls = *tls};
	const struct api_request request = {
		.method = "GET", .path = "/", .timeout_ms = PARTNER_MS, .worth = any_answer};
	struct api_answer answer = {0};
	size_t scheme = strlen("https://");

	snprintf(host, sizeof host, "%.*s", (int)(scheme + strcspn(url + scheme, "/")), url);
	if (ok(api_call(&api, &request, &answer)))
		doctor_tell(d, HEALTH_OK, where, "its stream's server answers over mutual TLS", NULL);
	else
		doctor_tell(d, HEALTH_WARNING, where, answer.trouble ? answer.trouble : "no answer",
			"see that source.url is right, that the partner runs and takes the gateway's "
			"certificate, and that source.ca is the CA of its server");
	api_answer_free(&answer);
}

static void partner_look(struct doctor *d, const struct config_partner *p)
{
	struct buffer ca = {0}, cert = {0}, key = {0};
	char where[200];

	snprintf(where, sizeof where, "partner %s", p->id);
	if (p->kind == SOURCE_KIND_STREAM && ok(file_read(p->tls.ca, PEM_MAX, &ca, NULL)) &&
		ok(file_read(p->tls.cert, PEM_MAX, &cert, NULL)) &&
		ok(file_read_private(p->tls.key, PEM_MAX, &key, NULL)))
		partner_ask(d, where, p->url,
			&(struct http_tls){buffer_span(&ca), buffer_span(&cert), buffer_span(&key)});
	buffer_free(&ca);
	buffer_free(&cert);
	buffer_free(&key);
}

void doctor_partners(struct doctor *d)
{
	for (size_t i = 0; i < d->wanted.config->n_partners; i++)
		partner_look(d, &d->wanted.config->partners[i]);
}
