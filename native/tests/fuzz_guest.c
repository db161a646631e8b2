/*
 * libFuzzer target: a script of what node and jobs do to the guest. Each step is u8 action, u16 length, bytes.
 *
 *   0 a frame, its length field made right    1 a message as it is      2 a job executes or fails
 *   3 a job prints                            4 a job closes a stream   5 a job ends
 *   6 time passes                             7 the node reads
 *
 * After each step the limits that protect the guest's memory must hold.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest_harness.h"

#define STEPS 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct fake_child *pick(const uint8_t *bytes, size_t length)
{
	return length == 0 || fake_child_count == 0 ? NULL : &fake_children[bytes[0] % fake_child_count];
}

static void frame(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);

	memcpy(copy, bytes, length);
	if (length >= FRAME_HEADER) {
		put32(copy + 16, (uint32_t)(length - FRAME_HEADER));
		put32(copy + 20, 0);
		copy[5] = copy[6] = copy[7] = 0; /* few jobs, so that frames meet */
		copy[4] &= 7;
	}
	dispatch(copy, length);
	free(copy);
}

static void as_it_is(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);

	memcpy(copy, bytes, length);
	dispatch(copy, length);
	free(copy);
}

static void print(struct fake_child *child, const uint8_t *bytes, size_t length)
{
	static uint8_t text[FRAME_PAYLOAD];
	int fd = length > 2 && (bytes[2] & 1) != 0 ? child->err : child->out;

	if (fd >= 0 && length > 1 && write(fd, text, (size_t)bytes[1] << 8) < 0)
		return; /* full */
}

static void take_step(uint8_t action, const uint8_t *bytes, size_t length)
{
	static uint8_t taken[FRAME_HEADER + FRAME_PAYLOAD];
	struct fake_child *child = pick(bytes, length);

	if (action == 0)
		frame(bytes, length);
	else if (action == 1)
		as_it_is(bytes, length);
	else if (action == 2 && child != NULL && length > 1)
		fake_fail(child, bytes[1], 2);
	else if (action == 2 && child != NULL)
		fake_exec(child);
	else if (action == 3 && child != NULL)
		print(child, bytes, length);
	else if (action == 4 && child != NULL)
		fake_close(length > 1 && (bytes[1] & 1) != 0 ? &child->out : length > 1 && (bytes[1] & 2) != 0 ? &child->in : &child->err);
	else if (action == 5 && child != NULL && child->pid > 0)
		fake_end(child, length > 1 ? bytes[1] << 8 : 9);
	else if (action == 6 && length > 0)
		fake_time += bytes[0];
	else if (action == 7)
		while (harness_receive(taken) > 0)
			;
	harness_round();
}

static void limits_hold(void)
{
	size_t assembling = 0;
	size_t kept = 0;

	for (unsigned i = 0; i < guest.job_count; i++) {
		const struct job *job = guest.jobs[i];
		uint64_t seq = job->acked;

		assembling += job->request_length;
		kept += job->kept;
		/* the limit, and the three kinds of frames that are always kept */
		if (job->kept > OUTPUT_LIMIT + 4096 || job->waiting > job->kept)
			abort();
		if (job->input_received - job->input_taken > INPUT_LIMIT || job->acked > job->made)
			abort();
		for (const struct chunk *chunk = job->output.first; chunk != NULL; chunk = chunk->next)
			if (chunk->seq != ++seq)
				abort(); /* a hole in the sequence */
		if (seq != job->made && job->output.first != NULL)
			abort();
	}
	if (assembling != guest.assembling || kept != guest.kept)
		abort();
	if (kept > OUTPUT_TOTAL + guest.job_count * (OUTPUT_LEAST + 4096))
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	harness_open();
	for (int i = 0; i < STEPS && size >= 3; i++) {
		size_t length = bytes[1] | (size_t)bytes[2] << 8;

		if (length > size - 3)
			length = size - 3;
		take_step(bytes[0] & 7, bytes + 3, length);
		limits_hold();
		bytes += 3 + length;
		size -= 3 + length;
	}
	harness_close();
	return 0;
}
