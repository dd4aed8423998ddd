/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the admin process share. Private to this folder. One thread, one event loop; nothing
 * blocks.
 */
#ifndef ANPR_ADMIN_SERVER_H
#define ANPR_ADMIN_SERVER_H

#include "gateway/base/digest.h"
#include "gateway/base/error.h"
#include "gateway/wire/frame.h"

#include "anpr/v1/frame.pb-c.h"

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#define PEERS_MAX        64          /* connections at once; more wait in the listener's queue */
#define BODY_MAX         (21u << 20) /* a register of 100,000 cameras and its signature */
#define HEADERS_MAX      (16u << 10)
#define PATH_MAX_BYTES   2048
#define HANDSHAKE_MS     5000  /* from the connection to the end of the TLS handshake */
#define REQUEST_MS       60000 /* from the answer before to the end of the request */
#define ANSWER_MS        8000  /* what the core is given; an off takes 5 s at most */
#define LISTENERS_MAX    32    /* connections that follow the status */
#define ORGANISATION_MAX 64
#define SUBJECT_MAX      256

/* One certificate of one organisation's trust root. */
struct root {
	char organisation[ORGANISATION_MAX + 1];
	X509 *certificate; /* owned */
	struct digest digest;
};

/* Ours, and whom to believe. */
struct tls {
	X509 *certificate;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	struct root *roots;
	size_t n_roots;
	SSL_CTX *context; /* for new connections; NULL before the first trust roots */
};

/* One connection. It lives as long as its SSL. */
struct peer {
	struct server *server;
	SSL *ssl;                   /* not owned: owns this */
	struct bufferevent *stream; /* not owned */
	int64_t accepted_at;        /* monotonic ms */
	int64_t active_at; /* monotonic ms, of the newest answer; of the handshake before the first */
	bool known;        /* the handshake is over and the last three are filled in */
	bool dismissed;    /* its certificate is no longer good: it is being hung up on */
	struct digest root;
	char organisation[ORGANISATION_MAX + 1];
	char subject[SUBJECT_MAX]; /* RFC 2253 */
	struct peer *next, *previous;
};

/* A request the core has been asked. */
struct pending {
	uint64_t id;
	int64_t asked_at; /* monotonic ms */
	struct server *server;
	const struct peer *peer;        /* not owned; NULL = nobody known */
	struct evhttp_request *request; /* evhttp's */
	bool waiting;                   /* false: the slot is free */
	bool listens;                   /* it asks to be told again and again */
};

/* Those that are told the status each second. One question to the core serves them all. */
struct events {
	struct evhttp_request *to[LISTENERS_MAX]; /* NULL: free */
	size_t turn;                              /* whose question the newest was, as index of `to` */
	uint64_t asked;                           /* 0 = not waiting for an answer */
	int64_t asked_at;                         /* monotonic ms */
};

struct server {
	struct event_base *base;
	struct channel control, core;
	struct event *control_event, *core_event, *sweep_event;
	struct tls tls;
	struct digest trusted; /* of the newest trust roots: the core repeats them with every journal entry */
	struct buffer early;   /* trust roots that came before the setup */
	int socket;            /* bound, not yet listening; -1 once it is evhttp's */
	struct evhttp *http, *metrics; /* NULL = not served */
	struct evhttp_bound_socket *bound;
	struct peer *peers;
	size_t n_peers;
	struct pending pending[PEERS_MAX];
	struct events events;
	uint64_t next_id;
	unsigned refused;        /* handshakes that failed since they were last logged */
	const char *refused_why; /* of the newest */
	int status;              /* exit status */
};

/* --- tls.c --- */
/* Our certificate, what follows it in the file, and our key. errors: BAD_INPUT with why. */
struct status tls_load(struct tls *t, const char *cert_pem, const char *key_pem, struct error *e);
/* Believe these from now on, for new connections. Roots that cannot be read are left out and told in `e`. */
struct status tls_trust(struct tls *t, const Anpr__V1__TrustRoots *roots, struct error *e);
void tls_free(struct tls *t);
/* The root a verified connection's chain ended at; NULL where that is nobody's or more than one's. */
const struct root *tls_root_of(const struct tls *t, SSL *ssl);
/* Whether the certificate of an earlier handshake would be taken now: neither expired nor revoked since. */
bool tls_still_good(const struct tls *t, SSL *ssl);
bool tls_trusts(const struct tls *t, const struct digest *root, const char *organisation);
/* RFC 2253 subject into SUBJECT_MAX bytes. false where it is longer. */
bool tls_subject(const X509 *certificate, char *to);

/* --- peer.c --- */
/* A connection's TLS half; evhttp calls it for each. */
struct bufferevent *peer_accept(struct event_base *base, void *server);
struct peer *peer_of(struct evhttp_request *request);
/* Find out who it is, once its handshake is over. false: nobody we know. */
bool peer_know(struct peer *p);
/* Hang up on who takes too long, whose trust root is gone or whose certificate has expired. */
void peers_sweep(struct server *s, int64_t now);
/* After the trust roots changed: on whom they no longer let in, too. */
void peers_check(struct server *s);

/* --- listen.c --- */
/* Take the address, as descriptor *to; connections are refused until it is listened on. */
struct status listen_bind(const char *address, unsigned port, int *to, struct error *e);
struct status listen_start(struct server *s, struct error *e);
/* Take connections while there is room. */
void listen_adjust(struct server *s);
void listen_stop(struct server *s);

/* --- metrics.c --- */
/* Serve /metrics, /livez and /readyz on this address to whoever asks: without TLS. errors: BAD_INPUT. */
struct status metrics_start(struct server *s, const char *address, unsigned port, struct error *e);

/* --- request.c --- */
void request_take(struct evhttp_request *request, void *server);
/* Ask the core for `path` on behalf of somebody (NULL = nobody known) and answer with what it says. */
void request_pass_on(
	struct server *s, const struct peer *peer, struct evhttp_request *request, const char *path);
void request_refuse(struct evhttp_request *request, int status, const char *why);
/* Ask the core as `peer`, which is there and known, without waiting for a slot; answered under this id. */
struct status request_ask(struct server *s, const struct peer *peer, uint64_t id, const char *path);
/* Type, and that nobody keeps it. */
void request_headers(struct evhttp_request *request, const char *type);
/* The core's answer. errors: BAD_INPUT where it is none. */
struct status request_answer(struct server *s, struct span body);
void requests_sweep(struct server *s, int64_t now);

/* --- events.c --- */
/* Begin to tell this one, whom the core has let look; `status` is what there is to tell first. */
void events_begin(struct server *s, struct evhttp_request *request, struct span status);
/* The core's answer to the question of all. false: it is to somebody else's. */
bool events_answer(struct server *s, const Anpr__V1__AdminResponse *answer);
/* Ask anew when it is time. */
void events_sweep(struct server *s, int64_t now);

/* --- page.c --- */
/* Answer with a file of the page. false: there is none of this name. */
bool page_serve(struct evhttp_request *request);

/* --- admin.c --- */
/* What waits to be sent to the core goes when it can. */
void core_wait(struct server *s);
void server_end(struct server *s, int status);

#endif
