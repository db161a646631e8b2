/*
 * The frame reader and the job table, driven from memory under AddressSanitizer and UBSan. What needs real processes is
 * tested from Java (dev.redoubt.node.guest).
 *
 *     guest-test              runs the tests
 *     guest-test --seed DIR   writes starts for the fuzzer
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest_harness.h"

static int failures;
static int checks;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool held, const char *condition, int line)
{
	checks++;
	if (held)
		return;
	failures++;
	printf("guest_test: line %d: %s\n", line, condition);
}

static uint8_t frame[FRAME_HEADER + FRAME_PAYLOAD];
static uint8_t answer[FRAME_HEADER + FRAME_PAYLOAD];

static struct frame_header header_of(const uint8_t *bytes)
{
	struct frame_header header;

	memcpy(&header, bytes, sizeof header);
	return header;
}

static void give(uint16_t type, uint16_t flags, uint32_t job, uint64_t seq, const void *payload, size_t length)
{
	size_t size = make_frame(frame, type, flags, job, seq, payload, length);
	/* A copy of exactly that size, so that AddressSanitizer sees a read past its end. */
	uint8_t *exact = malloc(size);

	memcpy(exact, frame, size);
	dispatch(exact, size);
	free(exact);
	harness_round();
}

static struct frame_header next(void)
{
	struct frame_header none = {0};

	harness_round();
	return harness_receive(answer) == 0 ? none : header_of(answer);
}

static struct frame_header next_of(uint16_t type)
{
	struct frame_header header = next();

	for (int i = 0; i < 1000 && header.type != 0 && header.type != type; i++)
		header = next();
	return header;
}

static void drain(void)
{
	while (next().type != 0)
		;
}

static struct fake_child *run(uint32_t job, uint16_t flags)
{
	static const char *const argv[] = {"program", "argument"};
	uint8_t request[512];
	size_t length = make_request(request, flags, OP_EXEC, 2, argv);

	give(FRAME_RUN, 0, job, 0, request, length);
	fake_exec(&fake_children[fake_child_count - 1]);
	CHECK(next().type == FRAME_STARTED);
	return &fake_children[fake_child_count - 1];
}

static bool refused(uint16_t type, int error)
{
	struct frame_header header = next();
	uint32_t got;

	memcpy(&got, answer + FRAME_HEADER, sizeof got);
	return header.type == FRAME_REFUSED && header.flags == type && got == (uint32_t)error;
}

/* Prints as a job would, as much as its pipe takes. */
static size_t print(int fd, size_t length)
{
	static uint8_t bytes[FRAME_PAYLOAD];
	size_t written = 0;

	while (written < length) {
		size_t want = length - written < sizeof bytes ? length - written : sizeof bytes;
		ssize_t count = write(fd, bytes, want);

		if (count < 0)
			break;
		written += (size_t)count;
		harness_round();
	}
	return written;
}

static void every_cut_of_a_request(void)
{
	static const char *const argv[] = {"a", "", "ccc"};
	uint8_t request[512];
	size_t length = make_request(request, REQUEST_STDIN, OP_EXEC, 3, argv);
	struct request read;

	CHECK(request_read(request, length, &read));
	CHECK(read.argv.count == 3 && strcmp(read.user, "user") == 0 && read.rlimits.count == 1);
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, request, cut);
		CHECK(!request_read(exact, cut, &read));
		free(exact);
	}
	for (size_t at = 0; at + 4 <= length; at++) { /* every number once as large as can be */
		uint8_t *lie = malloc(length);

		memcpy(lie, request, length);
		memset(lie + at, 0xff, 4);
		request_read(lie, length, &read);
		free(lie);
	}
}

static void numbers(void)
{
	uint64_t value;

	CHECK(parse_number("0", 10, &value) && value == 0);
	CHECK(parse_number("18446744073709551615", 10, &value) && value == UINT64_MAX);
	CHECK(!parse_number("18446744073709551616", 10, &value));
	CHECK(parse_number("1eb", 16, &value) && value == 0x1eb);
	CHECK(parse_number("755", 8, &value) && value == 0755);
	CHECK(!parse_number("758", 8, &value));
	CHECK(!parse_number("", 10, &value) && !parse_number("-1", 10, &value) && !parse_number(" 1", 10, &value));
	CHECK(!parse_number("1 ", 10, &value) && !parse_number("0x1", 16, &value) && !parse_number("+1", 10, &value));
}

static void output_is_kept_until_acknowledged(void)
{
	struct fake_child *child = run(5, 0);

	CHECK(print(child->out, 10) == 10);
	CHECK(next().seq == 2);
	give(FRAME_RESUME, 0, 5, 0, NULL, 0);
	CHECK(next().type == FRAME_RESUMED);
	CHECK(next().seq == 1);
	CHECK(next().seq == 2);
	give(FRAME_ACK, 0, 5, 2, NULL, 0);
	give(FRAME_RESUME, 0, 5, 1, NULL, 0);
	CHECK(refused(FRAME_RESUME, EINVAL));
	give(FRAME_RESUME, 0, 5, 2, NULL, 0);
	CHECK(next().type == FRAME_RESUMED);
	CHECK(next().type == 0);
	give(FRAME_ACK, 0, 5, 3, NULL, 0);
	CHECK(refused(FRAME_ACK, EINVAL));
	fake_close(&child->out);
	fake_close(&child->err);
	fake_end(child, 7 << 8);
	CHECK(next_of(FRAME_EXIT).seq == 3);
	CHECK(guest.job_count == 1);
	give(FRAME_ACK, 0, 5, 3, NULL, 0);
	CHECK(guest.job_count == 0);
}

static void a_lossless_job_waits(void)
{
	struct fake_child *child = run(6, 0);
	size_t printed = 0;
	struct job *job = job_find(6);

	for (int i = 0; i < 200; i++) {
		printed += print(child->out, FRAME_PAYLOAD);
		drain();
	}
	CHECK(printed < OUTPUT_LIMIT + 2 * FRAME_PAYLOAD); /* the limit and what the pipe itself holds */
	CHECK(job->kept <= OUTPUT_LIMIT);
	give(FRAME_ACK, 0, 6, job->made, NULL, 0);
	CHECK(print(child->out, FRAME_PAYLOAD) == FRAME_PAYLOAD);
	give(FRAME_CLOSE, 0, 6, 0, NULL, 0);
	CHECK(guest.job_count == 0);
}

enum { MANY = 40 };

static size_t print_all(struct fake_child *children[])
{
	size_t printed = 0;

	for (int round = 0; round < 60; round++)
		for (int i = 0; i < MANY; i++) {
			printed += print(children[i]->out, FRAME_PAYLOAD);
			drain();
		}
	return printed;
}

/* 40 jobs that nobody acknowledges: one bound for all, equal parts, and those that come later get on. */
static void many_jobs_share_one_limit(void)
{
	struct fake_child *children[MANY];
	struct fake_child *late;
	struct job *job;
	size_t least = SIZE_MAX;
	size_t most = 0;
	uint64_t made;

	for (uint32_t i = 0; i < MANY; i++)
		children[i] = run(100 + i, i % 8 == 7 ? REQUEST_BOUNDED : 0);
	CHECK(print_all(children) > OUTPUT_TOTAL);
	CHECK(guest.kept > OUTPUT_TOTAL / 2 && guest.kept <= OUTPUT_TOTAL + MANY * OUTPUT_LEAST);
	for (uint32_t i = 0; i < MANY; i++) {
		size_t kept = job_find(100 + i)->kept;

		least = kept < least ? kept : least;
		most = kept > most ? kept : most;
	}
	CHECK(least >= OUTPUT_LEAST / 2 && most < OUTPUT_LIMIT);

	late = run(99, 0); /* whoever is acknowledged goes on */
	job = job_find(99);
	for (int i = 0; i < 100; i++) {
		CHECK(print(late->out, 10000) == 10000);
		drain();
		give(FRAME_ACK, 0, 99, job->made, NULL, 0);
	}
	for (int i = 0; i < 10; i++) {
		drain();
		give(FRAME_ACK, 0, 99, job->made, NULL, 0);
	}
	CHECK(job->kept == 0 && job->made > 100);

	made = job_find(100)->made; /* a job that waits for room hears when another gives it back */
	for (uint32_t i = 1; i < MANY; i++) {
		job = job_find(100 + i);
		give(FRAME_ACK, 0, 100 + i, job->made, NULL, 0);
	}
	drain();
	CHECK(job_find(100)->made > made);
	for (uint32_t i = 0; i < MANY; i++)
		give(FRAME_CLOSE, 0, 100 + i, 0, NULL, 0);
	give(FRAME_CLOSE, 0, 99, 0, NULL, 0);
	CHECK(guest.job_count == 0 && guest.kept == 0);
	drain();
}

static void a_bounded_job_counts_what_is_dropped(void)
{
	struct fake_child *child = run(7, REQUEST_BOUNDED);
	size_t printed = 0;
	uint64_t got = 0;
	uint64_t dropped = 0;
	struct frame_header header;
	struct job *job = job_find(7);

	for (int i = 0; i < 60; i++)
		printed += print(child->out, FRAME_PAYLOAD);
	CHECK(printed == 60u * FRAME_PAYLOAD);
	for (int i = 0; i < 40; i++)
		harness_round();
	fake_close(&child->out);
	fake_close(&child->err);
	fake_end(child, 0);
	do {
		header = next();
		if (header.type == FRAME_STDOUT)
			got += header.length;
		if (header.type == FRAME_TRUNCATED)
			dropped += read64(answer + FRAME_HEADER);
		if (header.seq > 0)
			give(FRAME_ACK, 0, 7, header.seq, NULL, 0);
	} while (header.type != FRAME_EXIT && header.type != 0);
	CHECK(header.type == FRAME_EXIT);
	CHECK(dropped > 0 && got + dropped == printed);
	CHECK(guest.job_count == 0 || job->ended);
}

static void input_is_taken_once(void)
{
	struct fake_child *child = run(8, REQUEST_STDIN);
	char got[32] = "";

	give(FRAME_STDIN, 0, 8, 0, "abcd", 4);
	give(FRAME_STDIN, 0, 8, 2, "cdef", 4); /* overlaps by two */
	give(FRAME_STDIN, 0, 8, 0, "abc", 3);  /* all known */
	give(FRAME_STDIN, 0, 8, 7, "x", 1);
	CHECK(next_of(FRAME_REFUSED).flags == FRAME_STDIN);
	CHECK(read(child->in, got, sizeof got) == 6 && memcmp(got, "abcdef", 6) == 0);
	give(FRAME_STDIN, FRAME_FLAG, 8, 6, NULL, 0);
	CHECK(read(child->in, got, sizeof got) == 0);
	give(FRAME_STDIN, 0, 8, 6, "x", 1);
	CHECK(next_of(FRAME_REFUSED).flags == FRAME_STDIN);
	give(FRAME_CLOSE, 0, 8, 0, NULL, 0);
}

static void input_beyond_the_window_is_refused(void)
{
	struct fake_child *child = run(9, REQUEST_STDIN);
	static uint8_t block[32768];
	uint64_t offset = 0;

	for (int i = 0; i < 4; i++, offset += sizeof block) /* a full pipe and a full window */
		give(FRAME_STDIN, 0, 9, offset, block, sizeof block);
	drain();
	give(FRAME_STDIN, 0, 9, offset, block, 1);
	CHECK(refused(FRAME_STDIN, ENOBUFS));
	CHECK(read(child->in, block, sizeof block) == sizeof block);
	harness_round();
	give(FRAME_STDIN, 0, 9, offset, block, 1);
	CHECK(next_of(FRAME_WINDOW).seq == offset - FRAME_PAYLOAD + sizeof block);
	give(FRAME_CLOSE, 0, 9, 0, NULL, 0);
	drain();
}

static void a_job_that_cannot_start_says_why(void)
{
	static const char *const argv[] = {"program"};
	uint8_t request[512];
	size_t length = make_request(request, 0, OP_EXEC, 1, argv);
	struct frame_header header;

	give(FRAME_RUN, 0, 10, 0, request, length);
	fake_fail(&fake_children[fake_child_count - 1], STEP_EXEC, ENOENT);
	fake_end(&fake_children[fake_child_count - 1], 127 << 8);
	header = next();
	CHECK(header.type == FRAME_EXIT && header.seq == 1);
	CHECK(read32(answer + FRAME_HEADER) == EXIT_NOT_STARTED && read32(answer + FRAME_HEADER + 4) == ENOENT);
	give(FRAME_ACK, 0, 10, 1, NULL, 0);
	CHECK(guest.job_count == 0);
}

static void what_children_of_a_job_hold_open_is_given_up(void)
{
	struct fake_child *child = run(11, 0);

	CHECK(print(child->out, 100) == 100);
	fake_end(child, 0);
	drain();
	CHECK(!job_find(11)->ended);
	fake_time += 99;
	drain();
	CHECK(!job_find(11)->ended);
	CHECK(write(child->out, "still heard", 11) == 11);
	fake_time += 1;
	drain();
	CHECK(job_find(11)->ended && job_find(11)->ports[PORT_OUTPUT] < 0);
	give(FRAME_CLOSE, 0, 11, 0, NULL, 0);
}

static void requests_in_pieces(void)
{
	static const char *const argv[] = {"program"};
	uint8_t request[512];
	size_t length = make_request(request, 0, OP_EXEC, 1, argv);

	give(FRAME_RUN, FRAME_FLAG, 12, 0, request, 10);
	give(FRAME_SIGNAL, 0, 12, 0, "\x09\0\0\0", 4);
	CHECK(refused(FRAME_SIGNAL, EAGAIN));
	give(FRAME_RUN, FRAME_FLAG, 12, 0, request + 10, 0);
	give(FRAME_RUN, 0, 12, 0, request + 10, length - 10);
	CHECK(guest.assembling == 0 && job_find(12)->forked);
	give(FRAME_CLOSE, 0, 12, 0, NULL, 0);
	give(FRAME_RUN, FRAME_FLAG, 13, 0, request, 10);
	CHECK(guest.assembling == 10);
	give(FRAME_CLOSE, 0, 13, 0, NULL, 0);
	CHECK(guest.assembling == 0 && guest.job_count == 0);
	drain();
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void lent_streams_go_past_the_guest(void)
{
	static const char *const argv[] = {"program"};
	uint8_t request[512];
	size_t length = make_request(request, REQUEST_LENT, OP_EXEC, 1, argv);
	int in[2], out[2];
	char byte = 0;

	give(FRAME_RUN, 0, 1, 0, request, length);
	CHECK(next().type == FRAME_REFUSED); /* none came along */
	CHECK(guest.job_count == 0);

	CHECK(pipe(in) == 0 && pipe(out) == 0);
	guest.lent[0] = in[0];
	guest.lent[1] = out[1];
	guest.lent_count = 2;
	give(FRAME_RUN, 0, 2, 0, request, length);
	CHECK(guest.lent_count == 0 && guest.job_count == 1);
	CHECK(!is_open(in[0]) && !is_open(out[1])); /* the child alone has them now */
	CHECK(write(in[1], "a", 1) == 1 && read(fake_children[0].in, &byte, 1) == 1 && byte == 'a');
	CHECK(write(fake_children[0].out, "b", 1) == 1 && read(out[0], &byte, 1) == 1 && byte == 'b');
	CHECK(next().type == 0);

	give(FRAME_STDIN, 0, 2, 0, "c", 1);
	CHECK(next().type == FRAME_REFUSED);
	fake_exec(&fake_children[0]);
	CHECK(next().type == FRAME_STARTED);
	fake_close(&fake_children[0].err);
	fake_end(&fake_children[0], 0);
	CHECK(next_of(FRAME_EXIT).job == 2);
	close(in[1]);
	close(out[0]);

	length = make_request(request, REQUEST_LENT | REQUEST_STDIN, OP_EXEC, 1, argv);
	CHECK(pipe(in) == 0);
	guest.lent[0] = in[0];
	guest.lent[1] = in[1];
	guest.lent_count = 2;
	give(FRAME_RUN, 0, 3, 0, request, length);
	CHECK(next().type == FRAME_REFUSED);
	drop_lent();
	CHECK(!is_open(in[0]) && !is_open(in[1]));
}

static void a_node_that_never_reads_is_not_read_either(void)
{
	for (int i = 0; i < 10000 && guest.control_count < 64; i++)
		give(FRAME_PING, 0, 0, (uint64_t)i, NULL, 0);
	CHECK(guest.control_count == 64);
	CHECK(guest.channel_full);
	drain();
	CHECK(guest.control_count == 0);
}

static void seed(const char *directory, const char *name, const uint8_t *bytes, size_t length)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

/* A script of fuzz_guest.c: each step is u8 action, u16 length, bytes. */
static size_t step(uint8_t *at, uint8_t action, const void *bytes, size_t length)
{
	at[0] = action;
	put16(at + 1, (uint16_t)length);
	if (length > 0)
		memcpy(at + 3, bytes, length);
	return 3 + length;
}

static void seeds(const char *directory)
{
	static const char *const argv[] = {"program", "argument"};
	static const uint16_t types[] = {FRAME_STDIN, FRAME_SIGNAL, FRAME_RESIZE, FRAME_ACK, FRAME_RESUME, FRAME_LIST, FRAME_CLOSE, FRAME_PING};
	uint8_t request[512];
	uint8_t script[4096];
	char name[32];

	for (unsigned flags = 0; flags < 32; flags++) {
		size_t length = make_request(request, (uint16_t)flags, OP_EXEC, 2, argv);
		size_t size = 0;

		size += step(script + size, 0, frame, make_frame(frame, FRAME_RUN, 0, 1, 0, request, length));
		size += step(script + size, 2, "\0", 1);
		size += step(script + size, 3, "\0\x40", 2);
		for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
			bool jobless = types[i] == FRAME_LIST || types[i] == FRAME_PING;
			bool empty = types[i] == FRAME_ACK || types[i] == FRAME_RESUME || types[i] == FRAME_CLOSE || jobless;

			if (types[i] == FRAME_CLOSE && flags % 2 == 0)
				continue;
			size += step(script + size, 0, frame,
				     make_frame(frame, types[i], 0, jobless ? 0 : 1, i % 2, "\x09\0\0\0", empty ? 0 : 4));
			size += step(script + size, 7, "", 0);
		}
		size += step(script + size, 4, "\0\x03", 2);
		size += step(script + size, 5, "\0\0", 2);
		size += step(script + size, 6, "\x70", 1);
		size += step(script + size, 7, "", 0);
		snprintf(name, sizeof name, "flags-%u", flags);
		seed(directory, name, script, size);
	}
}

int main(int argc, char **argv)
{
	static void (*const tests[])(void) = {
		output_is_kept_until_acknowledged,
		a_lossless_job_waits,
		many_jobs_share_one_limit,
		a_bounded_job_counts_what_is_dropped,
		input_is_taken_once,
		input_beyond_the_window_is_refused,
		a_job_that_cannot_start_says_why,
		what_children_of_a_job_hold_open_is_given_up,
		requests_in_pieces,
		lent_streams_go_past_the_guest,
		a_node_that_never_reads_is_not_read_either,
	};

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		seeds(argv[2]);
		return 0;
	}
	every_cut_of_a_request();
	numbers();
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		harness_open();
		tests[i]();
		harness_close();
	}
	printf("guest_test: %d passed, %d failed\n", checks - failures, failures);
	return failures != 0;
}
