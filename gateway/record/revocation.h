/* SPDX-License-Identifier: Apache-2.0
 *
 * A revocation list as OpenSSL has it. Private to this folder: others use record.h.
 */
#ifndef ANPR_RECORD_REVOCATION_H
#define ANPR_RECORD_REVOCATION_H

#include "gateway/record/record.h"

#include <openssl/x509_vfy.h>

/* Have `store` refuse what these lists revoke, and nothing for the want or age of a list: an off must not
 * fail because a CA was late with its next one. */
bool revocation_lists_use(X509_STORE *store, struct revocation_list *const *lists, size_t n);

#endif
