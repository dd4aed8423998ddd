/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over every file of a folder, without a fuzzer. An empty or missing folder is an error: a
 * replay of nothing proves nothing.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int replay(const char *folder, const char *name)
{
	static uint8_t bytes[4 << 20];
	char path[4096];
	uint8_t *exact;
	size_t n;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	exact = malloc(n ? n : 1); /* so that a sanitizer sees a read beyond the end */
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int n = 0;

	if (!folder) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(argv[1], entry->d_name) != 0)
			return 1;
		n++;
	}
	closedir(folder);
	printf("%d inputs\n", n);
	return n > 0 ? 0 : 1;
}
