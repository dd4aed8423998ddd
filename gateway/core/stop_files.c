/* SPDX-License-Identifier: Apache-2.0
 *
 * Stop files put there by hand. The main thread notices and holds, and needs nobody for that: not the broker,
 * not the admin process. A thread of its own tells the journal, for as long as the broker needs. A file that
 * has once been noticed is journaled even if it is gone again by then, so that its off covers its own time.
 */
#include "gateway/core/stop_files.h"

#include "gateway/base/file.h"
#include "gateway/core/core_internal.h"
#include "gateway/record/form.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define ALL       "all"
#define APPEND_MS 5000
#define POLL_MS   1000

struct stop_file {
	char *name; /* owned: a partner's id, or ALL */
	bool there;
	bool held;       /* by us: the journal does not say it yet */
	int64_t seen_ms; /* UTC: the off counts from here */
	uint64_t look;   /* in which it was last found */
	struct stop_file *next;
};

struct stop_files {
	char *folder;
	int inotify;
	pthread_mutex_t lock; /* guards the rest */
	struct stop_file *first;
	uint64_t look;     /* counts looks */
	bool made;         /* there was no folder at the start: what the journal has is put back */
	bool looked;       /* `first` is what is there */
	size_t strange;    /* names that can be no partner's */
	char trouble[256]; /* why the folder cannot be read; "" = it can */
};

static const char *partner_of(const char *name)
{
	return strcmp(name, ALL) == 0 ? "" : name;
}

static const char *held_name(const char *name)
{
	return strcmp(name, ALL) == 0 ? NULL : name;
}

/* --- noticing --- */

static struct stop_file *find(const struct stop_files *s, const char *name)
{
	for (struct stop_file *f = s->first; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static struct stop_file *add(struct stop_files *s, const char *name)
{
	struct stop_file *f = calloc(1, sizeof *f);

	if (!f || !(f->name = strdup(name))) {
		free(f);
		return NULL;
	}
	f->next = s->first;
	s->first = f;
	return f;
}

/* While it runs, the node's own clock says since when the partner is held, once it is; of a file found at the
 * start, when it came into the folder: nobody can set that back. */
static int64_t since(const struct stop_files *s, const char *name)
{
	int64_t now = clock_now().v, came = now;
	char path[4352];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", s->folder, name);
	if (!s->looked && lstat(path, &st) == 0)
		came = st.st_ctim.tv_sec * INT64_C(1000) + st.st_ctim.tv_nsec / 1000000;
	return came < now ? came : now;
}

static void notice_one(struct core *core, struct stop_files *s, const char *name)
{
	struct stop_file *f = find(s, name);

	if (!f && !(f = add(s, name))) {
		core_hold(core, NULL, 1); /* rather all than none */
		return;
	}
	f->look = s->look;
	if (f->there)
		return;
	f->there = true;
	log_warn("stop file", "name=%s", name);
	if (f->held)
		return; /* gone and back before the journal knew */
	core_hold(core, held_name(name), 1);
	f->held = true;
	f->seen_ms = since(s, name);
}

static bool is_kept_command(const char *name)
{
	return strstr(name, ".cms") != NULL;
}

static void look_at(struct core *core, struct stop_files *s, DIR *folder)
{
	struct dirent *item;

	s->look++;
	s->strange = 0;
	while ((item = readdir(folder))) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if (form_id(item->d_name))
			notice_one(core, s, item->d_name);
		else
			s->strange += !is_kept_command(item->d_name);
	}
	for (struct stop_file *f = s->first; f; f = f->next)
		if (f->there && f->look != s->look) {
			f->there = false;
			log_info("stop file gone", "name=%s", f->name);
		}
	s->looked = true;
}

/* A folder that cannot be read says nothing: what was stopped stays so. */
static void look(struct core *core, struct stop_files *s)
{
	DIR *folder =
		inotify_add_watch(s->inotify, s->folder, EVENTS | IN_ONLYDIR) < 0 ? NULL : opendir(s->folder);

	if (folder) {
		s->trouble[0] = 0;
		look_at(core, s, folder);
		closedir(folder);
		return;
	}
	if (!s->trouble[0])
		log_error("stop folder cannot be read", "detail=%s", LOG_QUOTE(strerror(errno)));
	snprintf(s->trouble, sizeof s->trouble, "%.180s: %s", s->folder, strerror(errno));
}

static void drain(int fd)
{
	char events[4096];

	/* What exactly happened is of no interest: the folder is looked at anew. */
	while (read(fd, events, sizeof events) > 0)
		;
}

void stop_files_notice(struct core *core)
{
	struct stop_files *s = core->stop_files;

	pthread_mutex_lock(&s->lock);
	drain(s->inotify);
	look(core, s);
	pthread_mutex_unlock(&s->lock);
}

int stop_files_fd(const struct core *core)
{
	return core->stop_files->inotify;
}

/* --- recording --- */

struct lapse_context {
	const char *node, *partner;
	Anpr__V1__Lapse lapse;
	enum { NEWS, KNOWN, UNKNOWN_PARTNER } found;
};

static bool in_journal(const struct governance *g, const char *node, const char *partner)
{
	const char *name;

	for (size_t i = 0; (name = governance_stop_file(g, node, i)); i++)
		if (strcmp(name, partner) == 0)
			return true;
	return false;
}

static bool is_partner(const struct governance *g, const char *partner)
{
	const struct governance_partner *list;
	size_t n = governance_partners(g, &list);

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, partner) == 0)
			return true;
	return partner[0] == 0;
}

static void judge(void *context, const struct governance *g)
{
	struct lapse_context *c = context;
	bool stops = c->lapse.cause == ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE;

	c->found = NEWS;
	if (!is_partner(g, c->partner))
		c->found = UNKNOWN_PARTNER;
	else if (in_journal(g, c->node, c->partner) == stops)
		c->found = KNOWN;
}

static struct status prepare(void *context, const struct governance *g, struct utc_ms now,
	Anpr__V1__JournalEntry *body, struct error *e)
{
	struct lapse_context *c = context;

	(void)now;
	(void)e;
	judge(c, g);
	REQUIRE(c->found == NEWS, S_WAIT);
	body->body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	body->lapse = &c->lapse;
	return S_OK;
}

/* OK: the journal says so, or the name is no partner's. */
static struct status append(
	struct core *core, const char *name, Anpr__V1__Lapse__Cause cause, int64_t seen_ms)
{
	struct lapse_context c = {.node = core->config->gateway_id, .partner = partner_of(name)};
	struct journal_append request = {.prepare = prepare, .context = &c, .timeout_ms = APPEND_MS};
	struct error e = {0};
	struct status status = S_WAIT;

	anpr__v1__lapse__init(&c.lapse);
	c.lapse.cause = cause;
	c.lapse.partner = (char *)c.partner;
	c.lapse.accepted_at_ms = seen_ms;
	journal_look(core->journal, judge, &c);
	if (c.found == NEWS)
		status = journal_append(core->journal, &request, &e);
	if (ok(status))
		log_info("stop file recorded", "entry=%llu name=%s gone=%s",
			(unsigned long long)request.entry, name, seen_ms ? "no" : "yes");
	else if (status.kind != STATUS_WAIT)
		log_warn("stop file not recorded yet", "name=%s detail=%s", name, LOG_QUOTE(error_text(&e)));
	error_free(&e);
	return status.kind == STATUS_WAIT ? S_OK : status;
}

/* The first that the journal has to be told of, copied. */
static bool next_held(struct stop_files *s, char *name, size_t cap, int64_t *seen_ms)
{
	struct stop_file *f;

	pthread_mutex_lock(&s->lock);
	for (f = s->first; f && !f->held; f = f->next)
		;
	if (f) {
		snprintf(name, cap, "%s", f->name);
		*seen_ms = f->seen_ms;
	}
	pthread_mutex_unlock(&s->lock);
	return f != NULL;
}

/* From here on policy itself says off. */
static void release(struct core *core, struct stop_files *s, const char *name)
{
	pthread_mutex_lock(&s->lock);
	find(s, name)->held = false;
	pthread_mutex_unlock(&s->lock);
	core_hold(core, held_name(name), -1);
}

static struct status record_held(struct core *core)
{
	struct stop_files *s = core->stop_files;
	char name[80];
	int64_t seen_ms;

	while (next_held(s, name, sizeof name, &seen_ms)) {
		TRY(append(core, name, ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE, seen_ms));
		release(core, s, name);
	}
	return S_OK;
}

struct journaled {
	const struct core *core;
	char (*names)[80];
	size_t n;
};

static void copy_journaled(void *context, const struct governance *g)
{
	struct journaled *j = context;
	const char *node = j->core->config->gateway_id;
	size_t n = 0;

	while (governance_stop_file(g, node, n))
		n++;
	j->names = calloc(n ? n : 1, sizeof *j->names);
	for (; j->names && j->n < n; j->n++) {
		const char *partner = governance_stop_file(g, node, j->n);

		snprintf(j->names[j->n], sizeof *j->names, "%s", *partner ? partner : ALL);
	}
}

/* A folder that was lost with all that lay in it was not emptied by anybody. */
static void put_back(struct stop_files *s, const char *name)
{
	char path[4352];
	int fd;

	snprintf(path, sizeof path, "%s/%s", s->folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	log_warn("stop file put back", "name=%s", name);
}

static bool gone(struct stop_files *s, const char *name)
{
	const struct stop_file *f;
	bool is_gone;

	pthread_mutex_lock(&s->lock);
	f = find(s, name);
	is_gone = s->looked && !s->trouble[0] && !(f && (f->there || f->held));
	pthread_mutex_unlock(&s->lock);
	return is_gone;
}

static struct status record_gone(struct core *core)
{
	struct stop_files *s = core->stop_files;
	struct journaled j = {.core = core};
	struct status status = S_OK;
	bool made = s->made;

	journal_look(core->journal, copy_journaled, &j);
	for (size_t i = 0; ok(status) && i < j.n; i++) {
		if (made && gone(s, j.names[i]))
			put_back(s, j.names[i]);
		else if (!made && gone(s, j.names[i]))
			status = append(core, j.names[i], ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE_REMOVED, 0);
	}
	s->made = false;
	free(j.names);
	if (made)
		stop_files_notice(core);
	return status;
}

struct status stop_files_record(struct core *core)
{
	TRY(record_held(core));
	return record_gone(core);
}

void *stop_files_run(void *context)
{
	struct core *core = context;
	uint64_t seen = 0;

	prctl(PR_SET_NAME, "stop-files");
	while (!atomic_load(&core->stopping)) {
		if (ok(stop_files_record(core)))
			core_await_change(core, &seen, POLL_MS);
		else
			clock_sleep_ms(POLL_MS);
	}
	return NULL;
}

/* --- for status --- */

struct listing {
	struct core *core;
	json_t *list, *problems;
};

static void list_one(const struct listing *l, const struct governance *g, const struct stop_file *f)
{
	const char *partner = partner_of(f->name);
	bool recorded = in_journal(g, l->core->config->gateway_id, partner);

	if (!f->there && !f->held && !recorded)
		return;
	json_array_append_new(
		l->list, json_pack("{s:s,s:b,s:b,s:s}", "name", f->name, "there", f->there, "recorded",
				 recorded, "since", CLOCK_TEXT((struct utc_ms){f->seen_ms})));
	if (!is_partner(g, partner))
		json_array_append_new(l->problems,
			json_sprintf("stop file '%s' stops nobody: no partner has that name (every partner: "
				     "'all')",
				f->name));
	else
		json_array_append_new(
			l->problems, json_sprintf("%s is stopped by a file on this node, stop/%s%s%s",
					     *partner ? partner : "every partner", f->name,
					     f->there ? ": remove it to end that" : ", which is gone",
					     recorded ? "" : "; not yet in the journal"));
}

static void list_all(void *context, const struct governance *g)
{
	const struct listing *l = context;

	for (const struct stop_file *f = l->core->stop_files->first; f; f = f->next)
		list_one(l, g, f);
}

void stop_files_view(struct core *core, json_t *list, json_t *problems)
{
	struct stop_files *s = core->stop_files;
	struct listing l = {core, list, problems};

	pthread_mutex_lock(&s->lock);
	journal_look(core->journal, list_all, &l);
	if (s->trouble[0])
		json_array_append_new(
			problems, json_sprintf("stop files cannot be seen, what they stopped stays so: %s",
					  s->trouble));
	if (s->strange > 0)
		json_array_append_new(problems,
			json_sprintf("%zu file(s) in %s have names that no partner can have and stop nobody",
				s->strange, s->folder));
	pthread_mutex_unlock(&s->lock);
}

/* --- its life --- */

struct status stop_files_open(struct core *core, struct error *e)
{
	struct stop_files *s = calloc(1, sizeof *s);
	struct stat st;

	REQUIRE(s, S_OVERLOAD);
	core->stop_files = s;
	pthread_mutex_init(&s->lock, NULL);
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->inotify < 0 || asprintf(&s->folder, "%s/stop", core->config->state_dir) < 0)
		return error_set(e, "cannot watch for stop files: %s", strerror(errno));
	s->made = stat(s->folder, &st) < 0 && errno == ENOENT;
	if (s->made && !ok(file_make_folder(s->folder, e)))
		log_error("stop folder cannot be made", "detail=%s", LOG_QUOTE(error_text(e)));
	stop_files_notice(core);
	return S_OK;
}

void stop_files_close(struct core *core)
{
	struct stop_files *s = core->stop_files;

	while (s->first) {
		struct stop_file *f = s->first;

		s->first = f->next;
		free(f->name);
		free(f);
	}
	close(s->inotify);
	free(s->folder);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
