/*
 * Puts on a seccomp filter and Landlock rules and tries something behind them.
 *
 *   walls-probe [--filter FILE] [--landlock FILE] call NUMBER ARGUMENT... [, NUMBER ARGUMENT...]...
 *   walls-probe [--filter FILE] [--landlock FILE] exec PROGRAM ARGUMENT...
 *   walls-probe [--filter FILE] [--landlock FILE] int80 NUMBER
 *   walls-probe [--filter FILE] [--landlock FILE] inject COMMAND
 *   walls-probe [--filter FILE] [--landlock FILE] core
 *   walls-probe [--filter FILE] [--landlock FILE] guest
 *
 * FILE of a filter: an array of struct sock_filter. FILE of Landlock: the bytes of a spec (PROTOCOL.md).
 *
 * `call` prints one line for each call: its result, or the negative errno. An argument is a number, `s:text` (the address
 * of the text), `b:size` (of that many zero bytes), `r:n` (the result of the n-th call, from 0), or `x:hex` (of these bytes).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, CLOSE_RANGE = 436, SECCOMP = 317 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "walls-probe: %s: %s\n", what, strerror(errno));
	exit(99);
}

static long must(long result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static size_t read_file(const char *path, uint8_t *bytes, size_t room)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	size_t length = 0;
	ssize_t n;
	while ((n = must(read(fd, bytes + length, room - length), path)) > 0)
		length += n;
	close(fd);
	return length;
}

static void confine_files(const char *path)
{
	static uint8_t bytes[65536];
	struct { uint64_t fs, net, scoped; } handled;
	uint32_t count, length;
	uint64_t access;
	read_file(path, bytes, sizeof bytes);
	memcpy(&handled, bytes, 24);
	memcpy(&count, bytes + 24, 4);
	const uint8_t *at = bytes + 28;
	int ruleset = must(syscall(CREATE_RULESET, &handled, sizeof handled, 0), "landlock_create_ruleset");
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&length, at, 4);
		const char *name = (const char *)at + 4;
		memcpy(&access, at + 4 + length, 8);
		at += 4 + length + 8;
		struct __attribute__((packed)) { uint64_t access; int32_t parent; } rule = {access, open(name, O_PATH | O_CLOEXEC)};
		if (rule.parent < 0)
			continue; /* as the spawner does: a rule grants, what is not there gets nothing */
		must(syscall(ADD_RULE, ruleset, 1, &rule, 0), name);
		close(rule.parent);
	}
	must(syscall(RESTRICT_SELF, ruleset, 0), "landlock_restrict_self");
	close(ruleset);
}

static void confine_calls(const char *path)
{
	static uint8_t bytes[4096 * 8];
	struct sock_fprog program = {.filter = (struct sock_filter *)bytes};
	program.len = read_file(path, bytes, sizeof bytes) / 8;
	must(syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

/* ---- call ---- */

static long results[512];
static int result_count;

static unsigned long bytes_of_hex(const char *hex)
{
	uint8_t *bytes = calloc(1, strlen(hex) / 2 + 1);
	for (size_t i = 0; hex[2 * i] && hex[2 * i + 1]; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	return (unsigned long)bytes;
}

static unsigned long argument(const char *text)
{
	if (strncmp(text, "s:", 2) == 0)
		return (unsigned long)(text + 2);
	if (strncmp(text, "x:", 2) == 0)
		return bytes_of_hex(text + 2);
	if (strncmp(text, "b:", 2) == 0)
		return (unsigned long)calloc(1, strtoul(text + 2, NULL, 0));
	if (strncmp(text, "r:", 2) == 0)
		return results[atoi(text + 2)];
	return strtoul(text, NULL, 0);
}

static void one_call(char **words, int count)
{
	unsigned long a[7] = {0};
	for (int i = 0; i < count && i < 7; i++)
		a[i] = argument(words[i]);
	pid_t self = getpid();
	errno = 0;
	long result = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	if (getpid() != self)
		_exit(0); /* the call was a fork, and this is the child */
	results[result_count++] = result;
	printf("%ld\n", result < 0 && errno ? -(long)errno : result);
	fflush(stdout);
}

static void calls(char **words)
{
	setsid(); /* no terminal of whoever runs the tests can be touched (vhangup) */
	while (*words && result_count < (int)(sizeof results / sizeof *results)) {
		int count = 0;
		while (words[count] && strcmp(words[count], ",") != 0)
			count++;
		one_call(words, count);
		words += count + (words[count] != NULL);
	}
}

/* ---- single tricks ---- */

static void int80(long number)
{
	long result = number;
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	printf("%ld\n", result);
}

/* A terminal of our own, and a character pushed into it by `command`. Prints the result and how many characters wait. */
static void inject(unsigned long command)
{
	int zero = 0, waiting = -1;
	int master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY), "/dev/ptmx");
	must(ioctl(master, TIOCSPTLCK, &zero), "TIOCSPTLCK");
	pid_t child = must(fork(), "fork");
	if (child == 0) {
		setsid();
		int slave = must(ioctl(master, TIOCGPTPEER, O_RDWR), "TIOCGPTPEER");
		must(ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
		errno = 0;
		long result = syscall(SYS_ioctl, slave, command, "\n");
		int error = errno;
		must(ioctl(slave, FIONREAD, &waiting), "FIONREAD");
		printf("%ld\n%d\n", result < 0 ? -(long)error : result, waiting);
		fflush(stdout);
		_exit(0);
	}
	must(waitpid(child, NULL, 0), "waitpid");
}

/* Tries to set the core limit to 0, each way in a child. Prints each way's result and the limit after it. */
static void core_limit(void)
{
	struct rlimit none = {0, 0}, old;
	void *wide = mmap((void *)(1UL << 32), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (wide == MAP_FAILED)
		die("mmap");
	for (int way = 0; way < 4; way++) {
		pid_t child = must(fork(), "fork");
		if (child == 0) {
			long result = way == 0 ? syscall(SYS_setrlimit, RLIMIT_CORE, &none)
				: syscall(SYS_prlimit64, 0, RLIMIT_CORE, way == 2 ? wide : &none, way == 3 ? &old : NULL);
			must(getrlimit(RLIMIT_CORE, &old), "getrlimit");
			printf("%ld %ld\n", result, (long)old.rlim_cur);
			fflush(stdout);
			_exit(0);
		}
		must(waitpid(child, NULL, 0), "waitpid");
	}
}

static void pass_descriptor(int from, int to)
{
	char byte = 'x';
	struct iovec part = {&byte, 1};
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(header), &from, sizeof from);
	must(sendmsg(from, &message, MSG_NOSIGNAL), "sendmsg");
	message.msg_controllen = sizeof control;
	must(recvmsg(to, &message, MSG_CMSG_CLOEXEC), "recvmsg");
}

static void job_of_another_user(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	must(setsid(), "setsid");
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
	must(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME), "PR_CAPBSET_DROP");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
	must(syscall(SYS_setgroups, 0, NULL), "setgroups");
	must(syscall(SYS_setresgid, 1000, 1000, 1000), "setresgid");
	must(syscall(SYS_setresuid, 1000, 1000, 1000), "setresuid");
	must(syscall(SYS_capset, &header, none), "capset");
	must(syscall(CLOSE_RANGE, 3, ~0u, 0), "close_range");
	pause();
	_exit(0);
}

/* Everything that the guest lives by, in its order of life. */
static void guest(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	must(prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
	must(sigprocmask(SIG_BLOCK, &signals, NULL), "sigprocmask");
	int children = must(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
	int epoll = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	struct epoll_event event = {.events = EPOLLIN};
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, children, &event), "epoll_ctl");

	int pair[2];
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	pass_descriptor(pair[0], pair[1]);
	int listener = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	close(listener);

	int zero = 0;
	int master = must(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), "/dev/pts/ptmx");
	must(ioctl(master, TIOCSPTLCK, &zero), "TIOCSPTLCK");
	struct winsize size = {24, 80, 0, 0};
	must(ioctl(master, TIOCSWINSZ, &size), "TIOCSWINSZ");
	pid_t terminal = must(fork(), "fork");
	if (terminal == 0) {
		must(setsid(), "setsid");
		int slave = must(ioctl(master, TIOCGPTPEER, O_RDWR), "TIOCGPTPEER");
		must(ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
		must(dup2(slave, 0), "dup2");
		must(ioctl(0, TIOCGWINSZ, &size), "TIOCGWINSZ");
		_exit(size.ws_row == 24 ? 0 : 1);
	}
	int status;
	must(waitpid(terminal, &status, 0), "waitpid");
	if (status != 0)
		die("terminal");

	pid_t job = must(fork(), "fork");
	if (job == 0)
		job_of_another_user();
	must(kill(job, SIGKILL), "kill"); /* the same domain: signals among us pass */
	must(waitpid(job, &status, 0), "waitpid");
	must(epoll_wait(epoll, &event, 1, 5000), "epoll_wait");
	printf("%s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "alive" : "the job ended by itself");
}

int main(int argc, char **argv)
{
	const char *filter = NULL, *landlock = NULL;
	int i = 1;
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--filter") == 0)
			filter = argv[i + 1];
		else
			landlock = argv[i + 1];
	}
	if (i >= argc)
		return 98;
	if (strcmp(argv[i], "core") == 0)
		must(setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1}), "setrlimit");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	if (landlock)
		confine_files(landlock);
	if (filter)
		confine_calls(filter);
	const char *action = argv[i];
	if (strcmp(action, "call") == 0) {
		calls(argv + i + 1);
	} else if (strcmp(action, "exec") == 0) {
		execvp(argv[i + 1], argv + i + 1);
		die(argv[i + 1]);
	} else if (strcmp(action, "int80") == 0) {
		int80(strtol(argv[i + 1], NULL, 0));
	} else if (strcmp(action, "inject") == 0) {
		inject(strtoul(argv[i + 1], NULL, 0));
	} else if (strcmp(action, "core") == 0) {
		core_limit();
	} else if (strcmp(action, "guest") == 0) {
		guest();
	} else {
		return 98;
	}
	return 0;
}
