/* The spec reader: one good spec, then the same with each byte count cut short, one byte too many, and each lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../spec.h"

static uint8_t bytes[65536];
static size_t length;
static int failures;
static size_t life; /* where it stands in a good spec */

static void u32(uint32_t value) { memcpy(bytes + length, &value, 4); length += 4; }
static void u64(uint64_t value) { memcpy(bytes + length, &value, 8); length += 8; }
static void string(const char *s) { u32(strlen(s) + 1); memcpy(bytes + length, s, strlen(s) + 1); length += strlen(s) + 1; }

static const char *label = "redoubt-0123456789ab";
static const char *domain = "system_u:system_r:redoubt_t";
static const char *level = "s0:c1,c2", *files = "system_u:object_r:redoubt_file_t:s0:c1,c2";

static void good_spec(void)
{
	length = 0;
	u32(SPEC_LISTENER); u32(65533); u32(65533); u64(0xe0); u64(0xe0); u32(0);
	u32(2); u32(UPPER_DIRECTORY); u64(0); u32(0); string("box");
	u32(1); string("/tmp"); u64(1 << 20); u32(100); u32(01777);
	u32(1); u32(3); u32(1); u32(IDMAP_ONE); u32(500); u32(500); u32(1000); u32(1000); string("/data");
	u32(1); string("/proc/loadavg"); u32(3); memcpy(bytes + length, "0 0", 3); length += 3;
	u32(1); string("/proc/kcore"); u32(MASK_NULL);
	u32(1); u32(7); u64(1024); u64(1024);
	u64(0xffff); u64(0); u64(3); u32(1); string("/"); u64(0xfff);
	u32(1); u64(0x7fff000000000006);
	u32(1); string("redoubt-guest");
	string(label);
	string(domain);
	life = length;
	u32(1500);
	string("{}"); u32(2); string("/usr/bin/crun"); string("run");
	u32(1); u32(4); string("/usr"); u32(1); string("usr/lib"); string("/lib");
}

static struct spec spec;
static int label_is_read;

static int read_spec(const uint8_t *copy)
{
	int result = spec_read(copy, length, &spec);
	label_is_read = result == 0 && strcmp(spec.label, label) == 0 && strcmp(spec.domain, domain) == 0; /* here, because it lies in the copy */
	return result;
}

static int read_plan(const uint8_t *copy)
{
	static struct plan plan;
	return plan_read(copy, length, &plan);
}

static void expect(int (*read)(const uint8_t *), int wanted, const char *what)
{
	uint8_t *copy = malloc(length + 1);
	memcpy(copy, bytes, length);
	int got = read(copy);
	free(copy);
	if (got != wanted) {
		printf("spec_test: %s: got %d, wanted %d\n", what, got, wanted);
		failures++;
	}
}

static void all_or_nothing(int (*read)(const uint8_t *), const char *kind)
{
	char what[64];
	size_t whole = length;
	snprintf(what, sizeof what, "a good %s", kind);
	expect(read, 0, what);
	snprintf(what, sizeof what, "a %s cut short", kind);
	for (length = 0; length < whole; length++)
		expect(read, -1, what);
	length = whole;
	bytes[length++] = 0;
	snprintf(what, sizeof what, "a %s with a byte too many", kind);
	expect(read, -1, what);
}

static void good_plan(void)
{
	length = 0;
	u32(1); string("/proc/kcore"); u32(MASK_NULL);
	u32(2); string("/proc/meminfo"); string("/proc/stat");
	string(level); string(files); string("system_u:object_r:redoubt_exec_t:s0");
}

static void plans(void)
{
	good_plan();
	all_or_nothing(read_plan, "plan");
	good_plan();
	memcpy(bytes + 8, "/etc/", 5);
	expect(read_plan, -1, "a mask outside /proc");
	length = 0;
	u32(0); u32(1); string("/etc/passwd");
	expect(read_plan, -1, "a file outside /proc");
	length = 0;
	u32(SPEC_MASKS_MAX + 1);
	expect(read_plan, -1, "more masks than there can be");
	length = 0;
	u32(0); u32(0); string(""); string(""); string("");
	expect(read_plan, 0, "a plan without contexts");
	length = 0;
	u32(0); u32(0); string(level); string(""); string("");
	expect(read_plan, -1, "a plan with a level alone");
	length = 0;
	u32(0); u32(0); string(""); string(files); string("x");
	expect(read_plan, -1, "a plan without a level");
}

int main(int argc, char **argv)
{
	good_spec();
	if (argc == 3 && strcmp(argv[1], "--seed") == 0) { /* a start for the fuzzer */
		FILE *file = fopen(argv[2], "wb");
		return !file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0;
	}
	all_or_nothing(read_spec, "spec");

	good_spec();
	expect(read_spec, 0, "a good spec");
	if (spec.life_s != 1500) {
		printf("spec_test: a life of %u s, wanted 1500\n", spec.life_s);
		failures++;
	}
	if (!label_is_read) {
		printf("spec_test: another label\n");
		failures++;
	}
	memset(bytes + life, 0xff, 4);
	expect(read_spec, 0, "the longest life");

	static char long_label[SPEC_LABEL_MAX + 2];
	const char *usual = label;
	label = memset(long_label, 'l', SPEC_LABEL_MAX);
	good_spec();
	expect(read_spec, 0, "the longest label");
	long_label[SPEC_LABEL_MAX] = 'l';
	good_spec();
	expect(read_spec, -1, "a label that is longer");
	label = usual;
	usual = domain;
	domain = long_label;
	good_spec();
	expect(read_spec, -1, "a domain that is longer");
	domain = usual;
	good_spec();
	memset(bytes + 32, 0xff, 4); /* layers */
	expect(read_spec, -1, "more layers than there can be");
	good_spec();
	memset(bytes + 32, 0, 4);
	expect(read_spec, -1, "no layer");
	good_spec();
	bytes[36] = 7;
	expect(read_spec, -1, "an unknown upper kind");
	good_spec();
	bytes[56] = 0; /* inside the host name */
	expect(read_spec, -1, "a NUL inside a string");
	good_spec();
	for (size_t i = 0; i + 4 < length; i++)
		if (memcmp(bytes + i, "/tmp", 4) == 0)
			bytes[i] = 't';
	expect(read_spec, -1, "a path that is not absolute");

	plans();

	printf("spec_test: %s\n", failures ? "FAILED" : "passed");
	return failures != 0;
}
