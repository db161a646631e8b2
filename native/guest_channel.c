/*
 * The socket to the node: SOCK_SEQPACKET, so one message is one frame. Never blocks: when the socket is full, frames
 * wait in their lists and the loop goes on with everything else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

/* Answers that may wait before the guest stops reading: a node that asks and never reads cannot fill our memory. */
#define CONTROL_LIMIT 64u
#define FRAMES_AT_ONCE 64

static _Alignas(4096) uint8_t buffer[FRAME_HEADER + FRAME_PAYLOAD];

void channel_open(int fd)
{
	int size = 1024 * 1024; /* the kernel cuts it to net.core.wmem_max; several frames must fit or we work in lockstep */

	guest.channel = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	guest.channel_events = EPOLLIN;
	watch(fd, EPOLLIN, 0, WATCH_CHANNEL, true);
}

static void channel_interest(void)
{
	uint32_t events = (guest.control_count < CONTROL_LIMIT ? EPOLLIN : 0) | (guest.channel_full ? EPOLLOUT : 0);

	if (guest.channel_lost || events == guest.channel_events)
		return;
	guest.channel_events = events;
	watch(guest.channel, events, 0, WATCH_CHANNEL, false);
}

/* Every descriptor for the other end is closed. Jobs go on; the loop ends the guest after the last of them. */
static void channel_gone(void)
{
	guest.channel_lost = true;
	unwatch(guest.channel);
}

/* A frame, and the descriptors that came with it: more than anybody may lend are none. */
static ssize_t receive(void)
{
	struct iovec part = {.iov_base = buffer, .iov_len = sizeof buffer};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(LENT * sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	/* MSG_TRUNC: the answer is the message's real length, so that one too long is seen, not cut. */
	ssize_t length = recvmsg(guest.channel, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
		guest.lent_count = (unsigned)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(guest.lent, CMSG_DATA(rights), guest.lent_count * sizeof(int));
		if ((message.msg_flags & MSG_CTRUNC) != 0)
			drop_lent();
	}
	return length;
}

void channel_readable(void)
{
	for (int i = 0; i < FRAMES_AT_ONCE && guest.control_count < CONTROL_LIMIT; i++) {
		ssize_t length = receive();

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			break;
		if (length <= 0) {
			channel_gone();
			return;
		}
		guest.warm |= length > 4096;
		dispatch(buffer, (size_t)length);
		drop_lent();
	}
	channel_interest();
}

/* Large frames made its pages resident. */
void channel_release_memory(void)
{
	madvise(buffer, sizeof buffer, MADV_DONTNEED);
}

static bool send_frame(const struct chunk *chunk)
{
	struct frame_header header = {
		.type = chunk->type,
		.flags = chunk->flags,
		.job = chunk->job,
		.seq = chunk->seq,
		.length = chunk->length,
	};
	struct iovec parts[2] = {
		{.iov_base = &header, .iov_len = sizeof header},
		{.iov_base = (void *)chunk->data, .iov_len = chunk->length},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	while (sendmsg(guest.channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			channel_gone();
		else
			guest.channel_full = true;
		return false;
	}
	return true;
}

static bool flush_control(void)
{
	while (guest.control.first != NULL) {
		struct chunk *chunk = guest.control.first;

		if (!send_frame(chunk))
			return false;
		guest.control.first = chunk->next;
		guest.control_count--;
		free(chunk);
	}
	guest.control.last = NULL;
	return true;
}

/* One frame of each job in turn, so that a loud job does not silence the others. */
static bool flush_jobs(void)
{
	for (unsigned idle = 0; idle < guest.job_count; idle++) {
		struct job *job = guest.jobs[guest.next_to_send++ % guest.job_count];

		if (job->unsent == NULL)
			continue;
		if (!send_frame(job->unsent)) {
			guest.next_to_send--; /* it is this job's turn again */
			return false;
		}
		job_sent(job);
		idle = (unsigned)-1;
	}
	return true;
}

void channel_flush(void)
{
	guest.channel_full = false;
	if (!guest.channel_lost && flush_control())
		flush_jobs();
	channel_interest();
}

bool channel_control(uint16_t type, uint32_t job, uint64_t seq, const void *payload, uint32_t length)
{
	struct chunk *chunk = malloc(sizeof *chunk + length);

	if (chunk == NULL || guest.channel_lost) {
		free(chunk);
		return false;
	}
	chunk->next = NULL;
	chunk->type = type;
	chunk->flags = 0;
	chunk->job = job;
	chunk->seq = seq;
	chunk->length = length;
	if (length > 0)
		memcpy(chunk->data, payload, length);
	if (guest.control.first == NULL)
		guest.control.first = chunk;
	else
		guest.control.last->next = chunk;
	guest.control.last = chunk;
	guest.control_count++;
	return true;
}

/* The flags say which frame was refused, 0 when that could not even be read. */
void channel_refuse(enum frame_type refused, uint32_t job, int error, const char *message)
{
	uint8_t payload[8 + 64];
	uint32_t length = (uint32_t)strnlen(message, 63) + 1;
	uint8_t *at = put32(put32(payload, (uint32_t)error), length);

	memcpy(at, message, length - 1);
	at[length - 1] = 0;
	if (channel_control(FRAME_REFUSED, job, 0, payload, 8 + length))
		guest.control.last->flags = (uint16_t)refused;
}
