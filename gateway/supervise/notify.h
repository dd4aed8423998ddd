/* SPDX-License-Identifier: Apache-2.0
 *
 * Word to the service manager, if one listens.
 */
#ifndef ANPR_SUPERVISE_NOTIFY_H
#define ANPR_SUPERVISE_NOTIFY_H

/* E.g. "READY=1\nSTATUS=..."; nothing happens where no NOTIFY_SOCKET is set. */
void notify_send(const char *message);

#endif
