/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of a new register that nobody has to consent to. Within governance only.
 */
#ifndef ANPR_GOVERNANCE_NARROWED_H
#define ANPR_GOVERNANCE_NARROWED_H

#include "policy/register.h"

/* The old register less what the new one takes away. The caller releases. Its digest says what both are:
 * SHA-256(old's || new's). */
struct camera_register *register_narrowed(
	const struct camera_register *old, const struct camera_register *new);

#endif
