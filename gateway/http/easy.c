/* SPDX-License-Identifier: Apache-2.0
 *
 * One place sets the options that safety rests on, and lets none of them fail unnoticed.
 */
#include "gateway/http/easy.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started = CURLE_FAILED_INIT;

static void start(void)
{
	started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

void easy_begin(void)
{
	pthread_once(&once, start);
}

static CURLcode set_blob(CURL *easy, CURLoption option, struct span pem)
{
	struct curl_blob blob = {.data = (void *)pem.p, .len = pem.n, .flags = CURL_BLOB_NOCOPY};

	return pem.n > 0 ? curl_easy_setopt(easy, option, &blob) : CURLE_OK;
}

/* The system's certificates are curl's default beside CAINFO_BLOB, and have to be taken away by name. */
static CURLcode set_trust(CURL *easy, const struct http_tls *tls)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	failed |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	failed |= set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca);
	failed |= set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->cert);
	failed |= set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key);
	failed |= curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
	failed |= curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	failed |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* Every connection proves itself anew: a resumed session would outlive a revoked certificate. */
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	return failed;
}

static CURLcode set_manners(CURL *easy, const char *url)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(easy, CURLOPT_URL, url);
	failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not even what the environment says */
	failed |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	failed |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, NULL);
	failed |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_TIMEOUT_MS);
	failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "anpr-gateway");
	return failed;
}

CURL *easy_new(const char *url, const struct http_tls *tls)
{
	CURL *easy;

	easy_begin();
	if (started != CURLE_OK || tls->ca.n == 0)
		return NULL; /* nobody to trust means nobody, not everybody */
	easy = curl_easy_init();
	if (!easy)
		return NULL;
	if ((set_trust(easy, tls) | set_manners(easy, url)) == CURLE_OK)
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}
