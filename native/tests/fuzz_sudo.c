/*
 * libFuzzer target: what a job says at the door for sudo. Each message is u8 descriptors (0: three, as it should be;
 * + 8: the length field is left as it is), u16 length, bytes. The door's end is the end of a run; nothing is
 * started and nobody is killed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static jmp_buf ended;
static void *request_bytes;

_Noreturn static void leave(int status)
{
	longjmp(ended, status + 1);
}

static void *grow(void *bytes, size_t size)
{
	return request_bytes = realloc(bytes, size);
}

static int no_kill(pid_t pid, int number)
{
	return pid == -7 && number >= 0 && number <= 64 ? 0 : (abort(), -1);
}

#define _exit leave
#define realloc grow
#define kill no_kill
#include "../guest_sudo.c"
#undef realloc

#include "guest_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

void file_user_own(void)
{
}

static void say(int to, const uint8_t *bytes, size_t length, unsigned count, bool as_it_is)
{
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(4 * sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	uint8_t *copy = malloc(length + 1);
	struct iovec part = {.iov_base = copy, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int descriptors[4] = {to, to, to, to};

	memcpy(copy, bytes, length);
	if (length >= FRAME_HEADER && !as_it_is)
		put32(copy + 16, (uint32_t)(length - FRAME_HEADER));
	memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(copy);
}

static void listen_to_the_end(void)
{
	int descriptors[3] = {-1, -1, -1};
	struct request request;
	size_t length;
	uint8_t *got;

	if (setjmp(ended) != 0)
		return;
	got = receive_request(&length, descriptors);
	if (descriptors[0] < 0 || !request_read(got, length, &request) || request.op != OP_EXEC)
		finish(EXIT_NOT_STARTED, EINVAL, step_name(STEP_EXEC));
	while (true)
		obey(7);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	if (pair[0] != CONNECTION && dup3(pair[0], CONNECTION, O_CLOEXEC) < 0)
		abort();
	while (size >= 3) {
		size_t length = bytes[1] | (size_t)bytes[2] << 8;

		if (length > size - 3)
			length = size - 3;
		say(pair[1], bytes + 3, length, ((bytes[0] & 7) + 3) % 5, (bytes[0] & 8) != 0);
		bytes += 3 + length;
		size -= 3 + length;
	}
	shutdown(pair[1], SHUT_WR);
	listen_to_the_end();
	free(request_bytes);
	request_bytes = NULL;
	/* what came along: everything from the pair on */
	syscall(SYS_close_range, CONNECTION, ~0U, 0);
	return 0;
}
