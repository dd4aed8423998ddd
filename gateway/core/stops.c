/* SPDX-License-Identifier: Apache-2.0
 *
 * Offs that the broker could not be told of: `state_dir/stop/<command id>.cms` holds the command exactly as
 * it was signed. The off counts from the file's time of writing; the file goes when its command has been read
 * back.
 */
#include "gateway/core/core_internal.h"

#include "gateway/base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEND_MS 3000

static void folder_path(const struct core *core, char *to, size_t cap, const char *name)
{
	snprintf(to, cap, "%s/stop%s%s", core->config->state_dir, name[0] ? "/" : "", name);
}

struct status stops_keep(
	struct core *core, const struct digest *command_id, struct span signed_command, struct error *e)
{
	char folder[4096], path[4200];

	folder_path(core, folder, sizeof folder, "");
	TRY(file_make_folder(folder, e));
	snprintf(path, sizeof path, "%s/%s.cms", folder, DIGEST_TEXT(command_id));
	return file_write(path, 0600, signed_command, e);
}

void stops_drop(struct core *core, const struct digest *command_id)
{
	char name[80], path[4200];

	snprintf(name, sizeof name, "%s.cms", DIGEST_TEXT(command_id));
	folder_path(core, path, sizeof path, name);
	unlink(path);
}

static bool is_stop(const char *name)
{
	size_t n = strlen(name);

	return n == 2 * DIGEST_BYTES + 4 && strcmp(name + n - 4, ".cms") == 0;
}

static DIR *open_folder(const struct core *core)
{
	char path[4096];

	folder_path(core, path, sizeof path, "");
	return opendir(path);
}

size_t stops_waiting(const struct core *core)
{
	DIR *folder = open_folder(core);
	struct dirent *item;
	size_t n = 0;

	while (folder && (item = readdir(folder)))
		n += is_stop(item->d_name);
	if (folder)
		closedir(folder);
	return n;
}

/* A command that is refused now (its person was removed meanwhile, say) still stops nothing for ever: it is
 * put aside for people to look at, and said so. */
static struct status put_aside(const char *path, struct error *e)
{
	char aside[4300];

	snprintf(aside, sizeof aside, "%s.refused", path);
	log_error("stop file refused", "detail=%s", LOG_QUOTE(error_text(e)));
	return rename(path, aside) == 0 ? S_OK : S_RETRY;
}

static struct status send_one(struct core *core, const char *name)
{
	struct command_append append = {0};
	struct buffer command = {0};
	struct error e = {0};
	struct status status;
	struct stat st;
	char path[4200];

	folder_path(core, path, sizeof path, name);
	status = file_read(path, 1u << 20, &command, &e);
	if (ok(status) && stat(path, &st) == 0)
		append.accepted =
			(struct utc_ms){st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000};
	append.signed_command = buffer_span(&command);
	if (ok(status))
		status = command_append(core, &append, SEND_MS, &e);
	if (ok(status) && unlink(path) == 0) {
		log_info("stop file recorded", "entry=%llu", (unsigned long long)append.entry);
	} else if (status.kind == STATUS_REFUSED || status.kind == STATUS_BAD_INPUT) {
		status = put_aside(path, &e);
	}
	free(append.effect);
	free(append.change);
	buffer_free(&command);
	error_free(&e);
	return status;
}

struct status stops_send(struct core *core)
{
	DIR *folder = open_folder(core);
	struct status status = S_OK;
	struct dirent *item;

	REQUIRE(folder, S_OK);
	while (ok(status) && (item = readdir(folder)))
		if (is_stop(item->d_name))
			status = send_one(core, item->d_name);
	closedir(folder);
	return status;
}
