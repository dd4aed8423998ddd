/* SPDX-License-Identifier: Apache-2.0
 *
 * PEM texts as people hand them over: the certificates of a CA, a node's public key. Whether they are to be
 * believed is for others to say.
 */
#ifndef ANPR_BASE_PEM_H
#define ANPR_BASE_PEM_H

#include "gateway/base/clock.h"
#include "gateway/base/digest.h"

/* The certificates of a CA: each one can be read, may sign certificates, and no private key lies beside them.
 * *identity is the SHA-256 over all of them (DER, in their order): the same however the text is laid out.
 * NULL, or why it is no such text. */
const char *pem_ca(struct span pem, struct digest *identity);
/* Whether two such texts have a certificate in common. */
bool pem_ca_overlap(struct span a, struct span b);
/* When the first of its certificates expires; 0 where there is none. */
struct utc_ms pem_expiry(struct span pem);
/* Whether its first certificate may be used by a TLS server, or else client; false where there is none. */
bool pem_serves(struct span pem, bool server);
/* An Ed25519 public key. NULL, or why it is none. */
const char *pem_public_key(struct span pem, uint8_t out[32]);

#endif
