/* Reads the sandbox spec. Every length is checked against what is left; a spec with a byte too many is refused. */
#include "spec.h"

#include <string.h>

struct cursor {
	const uint8_t *at;
	size_t left;
	int bad;
};

static const uint8_t *take(struct cursor *c, size_t length)
{
	static const uint8_t nothing[8];
	if (c->bad || length > c->left) {
		c->bad = 1;
		return nothing;
	}
	const uint8_t *here = c->at;
	c->at += length;
	c->left -= length;
	return here;
}

static uint32_t u32(struct cursor *c)
{
	uint32_t value;
	memcpy(&value, take(c, sizeof value), sizeof value);
	return value;
}

static uint64_t u64(struct cursor *c)
{
	uint64_t value;
	memcpy(&value, take(c, sizeof value), sizeof value);
	return value;
}

/* A count that is larger than its array makes the whole spec bad, before anything is written. */
static uint32_t count(struct cursor *c, uint32_t most)
{
	uint32_t value = u32(c);
	if (value > most) {
		c->bad = 1;
		return 0;
	}
	return c->bad ? 0 : value;
}

/* A string carries its NUL, so that it can be given to the kernel where it lies, and no other NUL. */
static const char *string(struct cursor *c)
{
	uint32_t length = u32(c);
	if (c->bad || length == 0 || length > c->left || memchr(c->at, 0, length) != c->at + length - 1) {
		c->bad = 1;
		return "";
	}
	return (const char *)take(c, length);
}

static const char *label(struct cursor *c)
{
	const char *value = string(c);
	if (strlen(value) > SPEC_LABEL_MAX)
		c->bad = 1;
	return value;
}

/* Every path is absolute inside the sandbox; what it resolves to is openat2's business, not ours. */
static const char *path(struct cursor *c)
{
	const char *value = string(c);
	if (value[0] != '/')
		c->bad = 1;
	return value;
}

static uint32_t masks(struct cursor *c, struct spec_mask *masks)
{
	uint32_t n = count(c, SPEC_MASKS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		masks[i].path = path(c);
		masks[i].kind = u32(c);
	}
	return n;
}

/* Nothing but /proc is there yet when a plan is carried out. */
static int is_in_proc(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0;
}

int plan_read(const uint8_t *bytes, size_t length, struct plan *plan)
{
	struct cursor c = {.at = bytes, .left = length};
	memset(plan, 0, sizeof *plan);

	plan->mask_count = masks(&c, plan->masks);
	plan->file_count = count(&c, SPEC_FILES_MAX);
	for (uint32_t i = 0; i < plan->file_count; i++)
		plan->files[i] = path(&c);
	plan->level = label(&c);
	plan->file_context = label(&c);
	plan->guest_context = label(&c);
	if (c.bad || c.left != 0)
		return -1;
	if ((plan->level[0] == 0) != (plan->file_context[0] == 0) || (plan->level[0] == 0) != (plan->guest_context[0] == 0))
		return -1;
	for (uint32_t i = 0; i < plan->mask_count; i++)
		if (!is_in_proc(plan->masks[i].path))
			return -1;
	for (uint32_t i = 0; i < plan->file_count; i++)
		if (!is_in_proc(plan->files[i]))
			return -1;
	return 0;
}

int spec_read(const uint8_t *bytes, size_t length, struct spec *spec)
{
	struct cursor c = {.at = bytes, .left = length};
	memset(spec, 0, sizeof *spec);

	spec->flags = u32(&c);
	spec->guest_uid = u32(&c);
	spec->guest_gid = u32(&c);
	spec->guest_capabilities = u64(&c);
	spec->bounding_set = u64(&c);
	spec->securebits = u32(&c);
	spec->layers = count(&c, SPEC_LAYERS_MAX);
	spec->upper_kind = u32(&c);
	spec->upper_size = u64(&c);
	spec->upper_inodes = u32(&c);
	spec->hostname = string(&c);

	spec->tmpfs_count = count(&c, SPEC_TMPFS_MAX);
	for (uint32_t i = 0; i < spec->tmpfs_count; i++) {
		spec->tmpfs[i].path = path(&c);
		spec->tmpfs[i].size = u64(&c);
		spec->tmpfs[i].inodes = u32(&c);
		spec->tmpfs[i].mode = u32(&c);
	}
	spec->bind_count = count(&c, SPEC_BINDS_MAX);
	for (uint32_t i = 0; i < spec->bind_count; i++) {
		spec->binds[i].descriptor = u32(&c);
		spec->binds[i].read_only = u32(&c);
		spec->binds[i].idmap = u32(&c);
		spec->binds[i].source_uid = u32(&c);
		spec->binds[i].source_gid = u32(&c);
		spec->binds[i].inside_uid = u32(&c);
		spec->binds[i].inside_gid = u32(&c);
		spec->binds[i].path = path(&c);
	}
	spec->file_count = count(&c, SPEC_FILES_MAX);
	for (uint32_t i = 0; i < spec->file_count; i++) {
		spec->files[i].path = path(&c);
		spec->files[i].length = u32(&c);
		spec->files[i].bytes = take(&c, spec->files[i].length);
	}
	spec->mask_count = masks(&c, spec->masks);
	spec->rlimit_count = count(&c, SPEC_RLIMITS_MAX);
	for (uint32_t i = 0; i < spec->rlimit_count; i++) {
		spec->rlimits[i].resource = u32(&c);
		spec->rlimits[i].soft = u64(&c);
		spec->rlimits[i].hard = u64(&c);
	}
	spec->landlock_fs = u64(&c);
	spec->landlock_net = u64(&c);
	spec->landlock_scoped = u64(&c);
	spec->rule_count = count(&c, SPEC_RULES_MAX);
	for (uint32_t i = 0; i < spec->rule_count; i++) {
		spec->rules[i].path = path(&c);
		spec->rules[i].access = u64(&c);
	}
	spec->filter_length = count(&c, SPEC_FILTER_MAX);
	spec->filter = take(&c, (size_t)spec->filter_length * 8);
	spec->argument_count = count(&c, SPEC_ARGUMENTS_MAX);
	for (uint32_t i = 0; i < spec->argument_count; i++)
		spec->arguments[i] = (char *)string(&c);
	spec->label = label(&c);
	spec->domain = label(&c);
	spec->life_s = u32(&c);
	spec->config = string(&c);
	spec->program_count = count(&c, SPEC_PROGRAM_MAX);
	for (uint32_t i = 0; i < spec->program_count; i++)
		spec->program[i] = (char *)string(&c);
	spec->tree_count = count(&c, SPEC_TREES_MAX);
	for (uint32_t i = 0; i < spec->tree_count; i++) {
		spec->trees[i].descriptor = u32(&c);
		spec->trees[i].path = path(&c);
	}
	spec->link_count = count(&c, SPEC_LINKS_MAX);
	for (uint32_t i = 0; i < spec->link_count; i++) {
		spec->links[i].target = string(&c);
		spec->links[i].path = path(&c);
	}

	if (c.bad || c.left != 0)
		return -1;
	if (spec->layers == 0 || spec->argument_count == 0)
		return -1;
	if (spec->upper_kind != UPPER_DIRECTORY && spec->upper_kind != UPPER_TMPFS)
		return -1;
	return 0;
}
