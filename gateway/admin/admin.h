/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin process: TLS, HTTP and nothing else. It says who is at the other end and passes on what they ask;
 * it holds no key that could make a command.
 */
#ifndef ANPR_ADMIN_ADMIN_H
#define ANPR_ADMIN_ADMIN_H

/* Run until the supervisor or the core hangs up. The process's exit status.
 * shape   control_fd: to the supervisor, which sends AdminSetup; core_fd: to the core; both owned */
int admin_main(int control_fd, int core_fd);

#endif
