/*
 * The door for the sudo shim: a socket on which a job may ask for a command as root, with its own standard streams.
 *
 * The guest itself never touches a connection. Whoever connects may queue descriptors on it, and closing a stranger's
 * descriptor can block (a TCP socket with SO_LINGER, socket(7)), so even accept(2) followed by close(2) would let a job
 * stop PID 1. A child accepts, reads, starts the command and waits for it; the guest only forks it and counts.
 *
 * On the wire: the frames of the guest channel. In: RUN (pieces; the first carries exactly three descriptors), SIGNAL.
 * Out: EXIT. Capabilities in the request are ignored: they are what the guest was started with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define SOCKET_PATH "/run/redoubt/sudo.sock"
#define BACKLOG 16
#define DOORS (sizeof guest.sudo_children / sizeof guest.sudo_children[0])
#define REQUEST_SECONDS 5
#define CONNECTION 3

static bool bind_listener(int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
	mode_t before = umask(0111); /* every user inside may connect, which takes write permission (unix(7)) */
	bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;

	if (!bound && errno == EACCES) {
		setfsuid(0); /* the directory is root's */
		bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
		file_user_own();
	}
	umask(before);
	return bound;
}

void sudo_listen(void)
{
	int fd;

	if (!guest.sudo)
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (!bind_listener(fd) || listen(fd, BACKLOG) < 0) {
		close(fd); /* no /run/redoubt, no shim */
		return;
	}
	guest.sudo_listener = fd;
	watch(fd, EPOLLIN, 0, WATCH_SUDO, true);
	guest.sudo_watched = true;
}

_Noreturn static void finish(uint32_t kind, uint32_t value, const char *message)
{
	uint8_t frame[FRAME_HEADER + 128] = {0};
	uint32_t length = (uint32_t)strlen(message) + 1;
	struct frame_header header = {.type = FRAME_EXIT, .job = 1, .length = 36 + length};
	uint8_t *at = put32(put32(frame + FRAME_HEADER, kind), value);

	memcpy(frame, &header, sizeof header);
	at = put32(at + 24, length);
	memcpy(at, message, length);
	send(CONNECTION, frame, FRAME_HEADER + header.length, MSG_NOSIGNAL);
	_exit(0);
}

/* One message, with the descriptors that came along. @return the payload's length, -1 when it is not a frame */
static ssize_t receive(struct frame_header *header, uint8_t *payload, int descriptors[3])
{
	struct iovec parts[2] = {
		{.iov_base = header, .iov_len = sizeof *header},
		{.iov_base = payload, .iov_len = FRAME_PAYLOAD},
	};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(3 * sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t count = recvmsg(CONNECTION, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (count < (ssize_t)FRAME_HEADER || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return -1;
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(3 * sizeof(int)))
		memcpy(descriptors, CMSG_DATA(rights), 3 * sizeof(int));
	return header->length == count - FRAME_HEADER ? (ssize_t)header->length : -1;
}

static uint8_t *receive_request(size_t *length, int descriptors[3])
{
	static uint8_t payload[FRAME_PAYLOAD];
	struct frame_header header = {.flags = FRAME_FLAG};
	uint8_t *request = NULL;

	*length = 0;
	while ((header.flags & FRAME_FLAG) != 0) {
		ssize_t count = receive(&header, payload, descriptors);

		if (count < 0 || header.type != FRAME_RUN || *length + (size_t)count > REQUEST_LIMIT)
			_exit(1);
		request = realloc(request, *length + (size_t)count + 1);
		if (request == NULL)
			finish(EXIT_NOT_STARTED, ENOMEM, step_name(STEP_EXEC));
		memcpy(request + *length, payload, (size_t)count);
		*length += (size_t)count;
	}
	return request;
}

static pid_t start(const struct request *request, const int descriptors[3])
{
	struct stdio stdio = {descriptors[0], descriptors[1], descriptors[2]};
	struct status_message status;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		finish(EXIT_NOT_STARTED, (uint32_t)errno, step_name(STEP_PIPE));
	pid = spawn(request, stdio, pair[1]);
	if (pid < 0)
		finish(EXIT_NOT_STARTED, (uint32_t)errno, step_name(STEP_FORK));
	/* The command alone holds its streams now, else a pipe to it would never end. */
	close(pair[1]);
	for (int i = 0; i < 3; i++)
		close(descriptors[i]);
	if (recv(pair[0], &status, sizeof status, 0) == (ssize_t)sizeof status)
		finish(EXIT_NOT_STARTED, (uint32_t)status.error, step_name(status.step < STEP_LAST ? (enum step)status.step : STEP_EXEC));
	close(pair[0]);
	return pid;
}

static void finish_if_ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return;
	if (WIFSIGNALED(status))
		finish(EXIT_SIGNAL, (uint32_t)WTERMSIG(status), "");
	finish(EXIT_CODE, (uint32_t)WEXITSTATUS(status), "");
}

/* The asker is gone, perhaps killed with its session: what it asked for ends too. */
static void obey(pid_t pid)
{
	static uint8_t payload[FRAME_PAYLOAD];
	int none[3];
	struct frame_header header;
	ssize_t count = receive(&header, payload, none);

	if (count < 0) {
		kill(-pid, SIGKILL);
		_exit(1);
	}
	if (header.type == FRAME_SIGNAL && count == 4 && read32(payload) - 1 < 64)
		kill(-pid, (int)read32(payload));
}

_Noreturn static void attend(pid_t pid, int signals)
{
	struct pollfd ready[2] = {{.fd = CONNECTION, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (true) {
		finish_if_ended(pid);
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (ready[1].revents != 0 && read(signals, &info, sizeof info) < 0)
			_exit(1);
		if (ready[0].revents != 0)
			obey(pid);
	}
}

_Noreturn static void door(void)
{
	struct timeval patience = {.tv_sec = REQUEST_SECONDS};
	int descriptors[3] = {-1, -1, -1};
	struct request request;
	uint8_t *bytes;
	size_t length;
	sigset_t child;
	int connection = accept4(guest.sudo_listener, NULL, NULL, SOCK_CLOEXEC);

	if (connection < 0 || dup3(connection, CONNECTION, O_CLOEXEC) < 0)
		_exit(1);
	/* Nothing else of the guest is needed. This also closes the pipe by which it hears that we have accepted. */
	if (syscall(SYS_close_range, CONNECTION + 1, INT_MAX, 0) < 0)
		_exit(1);
	setsockopt(CONNECTION, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(CONNECTION, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	bytes = receive_request(&length, descriptors);
	if (descriptors[0] < 0 || !request_read(bytes, length, &request) || request.op != OP_EXEC)
		finish(EXIT_NOT_STARTED, EINVAL, step_name(STEP_EXEC));
	request.flags = 0; /* the streams are the asker's own */
	request.capabilities = guest.sudo_capabilities;
	request.bounding = guest.sudo_capabilities;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	attend(start(&request, descriptors), signalfd(-1, &child, SFD_CLOEXEC));
}

/* Not watched while a child is about to accept, nor while there are as many doors as there may be. */
static void interest(void)
{
	bool want = guest.sudo_admitting < 0 && guest.sudo_open < DOORS;

	if (guest.sudo_listener < 0 || want == guest.sudo_watched)
		return;
	if (want)
		watch(guest.sudo_listener, EPOLLIN, 0, WATCH_SUDO, true);
	else
		unwatch(guest.sudo_listener);
	guest.sudo_watched = want;
}

void sudo_connection(void)
{
	int accepted[2];
	pid_t pid;

	if (guest.sudo_admitting >= 0 || pipe2(accepted, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		door();
	close(accepted[1]);
	if (pid < 0) {
		close(accepted[0]);
		nap(); /* no process to be had now; the asker waits in the backlog */
		return;
	}
	guest.sudo_children[guest.sudo_open++] = pid;
	guest.sudo_admitting = accepted[0];
	watch(accepted[0], EPOLLIN, 0, WATCH_ADMITTED, true);
	interest();
}

void sudo_admitted(void)
{
	if (guest.sudo_admitting < 0)
		return;
	unwatch(guest.sudo_admitting);
	close(guest.sudo_admitting);
	guest.sudo_admitting = -1;
	interest();
}

void sudo_reaped(pid_t pid)
{
	for (unsigned i = 0; i < guest.sudo_open; i++) {
		if (guest.sudo_children[i] == pid) {
			guest.sudo_children[i] = guest.sudo_children[--guest.sudo_open];
			break;
		}
	}
	interest();
}
