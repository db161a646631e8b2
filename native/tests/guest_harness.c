#define _GNU_SOURCE
#include "guest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest guest;
struct fake_child fake_children[FAKE_CHILDREN];
unsigned fake_child_count;
int64_t fake_time;
static int node;
static pid_t last_pid;

int64_t now_ms(void)
{
	return fake_time;
}

void nap(void)
{
}

bool watch(int fd, uint32_t events, uint32_t job, unsigned kind, bool first)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)job << 8 | kind};

	return epoll_ctl(guest.epoll, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0;
}

void unwatch(int fd)
{
	epoll_ctl(guest.epoll, EPOLL_CTL_DEL, fd, NULL);
}

const char *step_name(enum step step)
{
	return step == STEP_NONE ? "" : "step";
}

int signal_job(const struct job *job, int number, bool session)
{
	(void)number;
	(void)session;
	errno = ESRCH;
	return job->pid == 0 ? -1 : 0;
}

static int kept(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

pid_t spawn(const struct request *request, struct stdio stdio, int status)
{
	struct fake_child *child = &fake_children[fake_child_count];

	(void)request;
	if (fake_child_count == FAKE_CHILDREN) {
		errno = EAGAIN;
		return -1;
	}
	fake_child_count++;
	*child = (struct fake_child){++last_pid, kept(stdio.in), kept(stdio.out), kept(stdio.err), kept(status)};
	if (child->out >= 0)
		fcntl(child->out, F_SETFL, O_NONBLOCK);
	if (child->err >= 0)
		fcntl(child->err, F_SETFL, O_NONBLOCK);
	return child->pid;
}

void fake_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fake_exec(struct fake_child *child)
{
	fake_close(&child->status);
}

void fake_fail(struct fake_child *child, uint32_t step, int32_t error)
{
	struct status_message message = {.step = step, .error = error};

	if (child->status >= 0 && send(child->status, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	fake_close(&child->status);
}

void fake_end(struct fake_child *child, int wait_status)
{
	struct rusage usage = {0};
	struct job *job = job_by_pid(child->pid);

	fake_close(&child->status);
	child->pid = -1;
	if (job != NULL)
		job_reaped(job, wait_status, &usage);
}

void harness_open(void)
{
	int pair[2];

	memset(&guest, 0, sizeof guest);
	guest.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (guest.epoll < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	node = pair[1];
	last_pid = 1;
	fake_time = 1000;
	channel_open(pair[0]);
}

void harness_close(void)
{
	while (guest.job_count > 0)
		job_forget(guest.jobs[0]);
	jobs_release_memory();
	for (unsigned i = 0; i < fake_child_count; i++) {
		fake_close(&fake_children[i].in);
		fake_close(&fake_children[i].out);
		fake_close(&fake_children[i].err);
		fake_close(&fake_children[i].status);
	}
	fake_child_count = 0;
	while (guest.control.first != NULL) {
		struct chunk *chunk = guest.control.first;

		guest.control.first = chunk->next;
		free(chunk);
	}
	close(guest.channel);
	close(guest.epoll);
	close(node);
}

void harness_round(void)
{
	struct epoll_event events[64];
	int count = epoll_wait(guest.epoll, events, 64, 0);

	for (int i = 0; i < count; i++) {
		unsigned kind = (unsigned)(events[i].data.u64 & 0xff);
		struct job *job = job_find((uint32_t)(events[i].data.u64 >> 8));

		if (kind == WATCH_CHANNEL)
			guest.channel_full = false;
		else if (job != NULL)
			job_event(job, (enum port)kind);
	}
	if (jobs_deadline() <= now_ms())
		jobs_expire(now_ms());
	jobs_share();
	if (!guest.channel_full)
		channel_flush();
}

size_t harness_receive(uint8_t *frame)
{
	ssize_t length = recv(node, frame, FRAME_HEADER + FRAME_PAYLOAD, MSG_DONTWAIT);

	return length < 0 ? 0 : (size_t)length;
}

size_t make_frame(uint8_t *out, uint16_t type, uint16_t flags, uint32_t job, uint64_t seq, const void *payload, size_t length)
{
	struct frame_header header = {.type = type, .flags = flags, .job = job, .seq = seq, .length = (uint32_t)length};

	memcpy(out, &header, sizeof header);
	if (length > 0)
		memcpy(out + FRAME_HEADER, payload, length);
	return FRAME_HEADER + length;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	uint32_t length = (uint32_t)strlen(text) + 1;

	at = put32(at, length);
	memcpy(at, text, length);
	return at + length;
}

size_t make_request(uint8_t *out, uint16_t flags, uint32_t op, unsigned argc, const char *const argv[])
{
	uint8_t *at = put16(put16(out, REQUEST_VERSION), flags);

	at = put32(put16(put16(at, 24), 80), op);
	at = put64(put64(at, 0xcb), 0xcb);
	at = put_text(put_text(at, "user"), "/tmp");
	at = put32(at, argc);
	for (unsigned i = 0; i < argc; i++)
		at = put_text(at, argv[i]);
	at = put_text(put32(at, 1), "A=b");
	at = put64(put64(put32(put32(at, 1), 7), 64), 64);
	return (size_t)(at - out);
}
