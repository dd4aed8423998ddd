/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the configuration share: a folder with keys and certificates made for the run.
 */
#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

#include <check.h>

/* Makes the folder, fills it and goes there. */
void folder_make(void);
void folder_remove(void);
extern char folder[64];
void text_write(const char *path, const char *text);

TCase *words_case(void);

#endif
