/* SPDX-License-Identifier: Apache-2.0
 *
 * See crl.h.
 */
#include "gateway/base/crl.h"

#include <openssl/x509_vfy.h>

static int lenient(int good, X509_STORE_CTX *context)
{
	switch (X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		X509_STORE_CTX_set_error(context, X509_V_OK);
		return 1;
	default:
		return good;
	}
}

bool crl_use(X509_STORE *store, X509_CRL *crl)
{
	X509_STORE_set_verify_cb(store, lenient);
	return X509_STORE_add_crl(store, crl) == 1 &&
	       X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}
