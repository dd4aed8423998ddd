/* SPDX-License-Identifier: Apache-2.0
 *
 * How a certificate revocation list counts when a chain is checked, on a connection as in a signature: what
 * it says is what counts. A list that is missing, late or not yet valid stops nobody.
 */
#ifndef ANPR_BASE_CRL_H
#define ANPR_BASE_CRL_H

#include <openssl/x509.h>
#include <stdbool.h>

/* Have the store look at this list as well. false: out of memory. */
bool crl_use(X509_STORE *store, X509_CRL *crl);

#endif
