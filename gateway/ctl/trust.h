/* SPDX-License-Identifier: Apache-2.0
 *
 * What anprctl remembers of whom a gateway trusts. Private to this folder.
 */
#ifndef ANPR_CTL_TRUST_H
#define ANPR_CTL_TRUST_H

#include "gateway/ctl/client.h"

/* Compare the trust root that the gateway has for this organisation with the one seen before, and remember it
 * and the nodes' keys. REFUSED: it is another, which was told loudly. DONE also where it could not be asked.
 */
enum exit_code trust_take(const struct options *o, const struct credentials *c, const char *organisation);
/* Keys of a node in hexadecimal, as remembered: an array, perhaps empty. The caller decrefs. */
json_t *trust_keys(const struct options *o, const char *node);

#endif
