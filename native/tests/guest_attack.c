/*
 * Does to the guest what a hostile job would. Run inside a sandbox by the tests; says what it managed.
 *
 *     guest-attack garbage   messages of every length and content at the sudo socket, with and without descriptors
 *     guest-attack fill      as many connections to the sudo socket as there can be, held until standard input ends
 *     guest-attack linger    queues TCP sockets at the sudo socket whose close would block for a minute (SO_LINGER)
 *     guest-attack signal    every signal to PID 1, many times
 *     guest-attack inspect   ptrace, prlimit, memory and descriptors of PID 1
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS 200

static int open_door(int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/redoubt/sudo.sock"};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void send_with(int door, const void *bytes, size_t length, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr header;
		unsigned char space[CMSG_SPACE(16 * sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	if (sendmsg(door, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0; /* the door was shut on us: as it should */
}

static void garbage(void)
{
	static unsigned char bytes[70000];
	int streams[16] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};

	srand(1);
	for (int round = 0; round < 200; round++) {
		int door = open_door(0);

		for (int i = 0; door >= 0 && i < 4; i++) {
			size_t length = (size_t)rand() % (round % 2 == 0 ? 100 : sizeof bytes);

			for (size_t at = 0; at < length; at++)
				bytes[at] = (unsigned char)rand();
			/* half of them with a header that is nearly right */
			if (round % 2 == 0 && length >= 24) {
				memset(bytes, 0, 24);
				bytes[0] = 1;
				bytes[2] = (unsigned char)(rand() % 2);
				bytes[16] = (unsigned char)(length - 24);
			}
			send_with(door, bytes, length, streams, (size_t)(rand() % 17));
		}
		close(door);
	}
	puts("done");
}

static void fill(void)
{
	int opened = 0;
	char byte;

	for (int i = 0; i < CONNECTIONS; i++)
		opened += open_door(SOCK_NONBLOCK) >= 0;
	printf("opened %d\n", opened);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

/* A connected TCP socket with bytes the other side never reads: closing it waits for as long as we say. */
static int lingering(int listener, const struct sockaddr_in *address)
{
	static char block[1 << 20];
	struct linger minute = {.l_onoff = 1, .l_linger = 60};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 || accept(listener, NULL, NULL) < 0) {
		perror("lingering");
		exit(1);
	}
	while (send(fd, block, sizeof block, MSG_DONTWAIT) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &minute, sizeof minute);
	return fd;
}

/* The control: whoever closes the last descriptor of such a socket does wait. */
static int close_blocks(int fd)
{
	int ours_closed[2];
	int blocked;
	pid_t closer;
	char byte;

	if (pipe(ours_closed) < 0 || (closer = fork()) < 0)
		exit(1);
	if (closer == 0) {
		close(ours_closed[1]);
		if (read(ours_closed[0], &byte, 1) == 0)
			close(fd);
		_exit(0);
	}
	close(fd); /* not the last: the child waits for us */
	close(ours_closed[1]);
	usleep(500000);
	blocked = waitpid(closer, NULL, WNOHANG) == 0;
	kill(closer, SIGKILL);
	waitpid(closer, NULL, 0);
	return blocked;
}

static void linger(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
		perror("listener");
		exit(1);
	}
	puts(close_blocks(lingering(listener, &address)) ? "close blocks" : "close does not block");
	for (int i = 0; i < 4; i++) {
		/* In a child of its own: the door may be quick, and then our close is the last, and waits. */
		if (fork() == 0) {
			int door = open_door(0);
			int fd = lingering(listener, &address);

			send_with(door, "x", 1, &fd, 1);
			close(fd);
			close(door); /* whoever closes the other end is the last holder of the TCP socket */
			_exit(0);
		}
	}
	usleep(500000);
	puts("sent");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

static void signals(void)
{
	int sent = 0;

	for (int round = 0; round < 1000; round++)
		for (int number = 1; number <= 64; number++)
			sent += kill(1, number) == 0;
	printf("sent %d\n", sent);
}

static void say(const char *what, int worked)
{
	printf("%s: %s\n", what, worked ? "yes" : "no");
}

static void inspect(void)
{
	struct rlimit none = {0, 0};
	char bytes[16];
	struct iovec here = {.iov_base = bytes, .iov_len = sizeof bytes};
	struct iovec there = {.iov_base = (void *)0x1000, .iov_len = sizeof bytes};
	char link[64];

	say("ptrace", ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0 || ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0);
	say("prlimit", syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, &none, NULL) == 0);
	say("process_vm_readv", process_vm_readv(1, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT);
	say("mem", open("/proc/1/mem", O_RDWR) >= 0 || open("/proc/1/mem", O_RDONLY) >= 0);
	say("fd", readlink("/proc/1/fd/3", link, sizeof link) >= 0 || open("/proc/1/fd/3", O_RDWR) >= 0);
	say("environ", open("/proc/1/environ", O_RDONLY) >= 0);
	say("pidfd_getfd", syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 3, 0) >= 0);
	say("oom_score_adj", open("/proc/1/oom_score_adj", O_WRONLY) >= 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} attacks[] = {{"garbage", garbage}, {"fill", fill}, {"linger", linger}, {"signal", signals}, {"inspect", inspect}};

	for (size_t i = 0; argc == 2 && i < sizeof attacks / sizeof attacks[0]; i++) {
		if (strcmp(argv[1], attacks[i].name) == 0) {
			attacks[i].run();
			return 0;
		}
	}
	return 2;
}
