/* libFuzzer target of the spec and plan readers: whatever the bytes, it answers yes or no and never reads past them. */
#include <stdlib.h>
#include <string.h>

#include "../spec.h"

/* Touches everything that a spec points to, so that the address sanitizer sees a pointer that leads outside. */
static size_t walk(const struct spec *spec)
{
	size_t sum = strlen(spec->hostname);
	for (uint32_t i = 0; i < spec->tmpfs_count; i++)
		sum += strlen(spec->tmpfs[i].path);
	for (uint32_t i = 0; i < spec->bind_count; i++)
		sum += strlen(spec->binds[i].path);
	for (uint32_t i = 0; i < spec->file_count; i++) {
		sum += strlen(spec->files[i].path);
		for (uint32_t k = 0; k < spec->files[i].length; k++)
			sum += spec->files[i].bytes[k];
	}
	for (uint32_t i = 0; i < spec->mask_count; i++)
		sum += strlen(spec->masks[i].path);
	for (uint32_t i = 0; i < spec->rule_count; i++)
		sum += strlen(spec->rules[i].path);
	for (uint32_t k = 0; k < spec->filter_length * 8; k++)
		sum += spec->filter[k];
	for (uint32_t i = 0; i < spec->argument_count; i++)
		sum += strlen(spec->arguments[i]);
	sum += strlen(spec->label) + strlen(spec->domain) + strlen(spec->config);
	for (uint32_t i = 0; i < spec->program_count; i++)
		sum += strlen(spec->program[i]);
	for (uint32_t i = 0; i < spec->tree_count; i++)
		sum += strlen(spec->trees[i].path);
	for (uint32_t i = 0; i < spec->link_count; i++)
		sum += strlen(spec->links[i].target) + strlen(spec->links[i].path);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct spec spec;
	static struct plan plan;
	volatile size_t sum = 0;
	/* A copy of exactly this size: one byte past it is a report. */
	uint8_t *copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	if (spec_read(copy, size, &spec) == 0)
		sum = walk(&spec);
	if (plan_read(copy, size, &plan) == 0) {
		for (uint32_t i = 0; i < plan.mask_count; i++)
			sum += strlen(plan.masks[i].path);
		for (uint32_t i = 0; i < plan.file_count; i++)
			sum += strlen(plan.files[i]);
		sum += strlen(plan.level) + strlen(plan.file_context) + strlen(plan.guest_context);
	}
	(void)sum;
	free(copy);
	return 0;
}
