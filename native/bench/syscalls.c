/*
 * What a system call costs here: raw syscall(), so that no C library's cache answers instead of the kernel.
 *
 *   redoubt-bench-syscalls BATCHES BATCH_MICROSECONDS
 *
 * Prints one line for each batch: the name of the call and nanoseconds per call. A batch lasts for a given time, not for
 * a given number of calls: under ptrace a call costs a hundred times more.
 *
 * Files are looked at twice: one of the root file system, which is an overlay where there are layers, and this program
 * itself in its own directory, which is on the same file system inside and outside: what that costs more is the walls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Every root has it. */
#define FILE_OF_ROOT "/etc/passwd"
/* Calls between two looks at the clock. */
#define STRIDE 64

static int zero, null;
static char byte;
static const char *self;

static void fail(const char *what)
{
	fprintf(stderr, "syscalls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static long call_getpid(void)
{
	return syscall(SYS_getpid);
}

static long status_of(const char *file)
{
	struct stat status;

	return syscall(SYS_newfstatat, AT_FDCWD, file, &status, 0);
}

static long call_stat(void)
{
	return status_of(FILE_OF_ROOT);
}

static long call_stat_self(void)
{
	return status_of(self);
}

static long open_close(const char *file)
{
	long fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? fd : syscall(SYS_close, fd);
}

static long call_open_close(void)
{
	return open_close(FILE_OF_ROOT);
}

static long call_open_close_self(void)
{
	return open_close(self);
}

static long call_read(void)
{
	return syscall(SYS_read, zero, &byte, 1);
}

static long call_write(void)
{
	return syscall(SYS_write, null, &byte, 1);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "getpid", call_getpid },
	{ "stat", call_stat },
	{ "open+close", call_open_close },
	{ "stat-mounted", call_stat_self },
	{ "open+close-mounted", call_open_close_self },
	{ "read", call_read },
	{ "write", call_write },
};

/* So that the path to it is one name long wherever it is. */
static void go_home(char *program)
{
	char *slash = strrchr(program, '/');

	self = slash == NULL ? program : slash + 1;
	if (slash == NULL)
		return;
	*slash = '\0';
	if (chdir(program) < 0)
		fail(program);
}

static void batch(const char *name, long (*call)(void), long long nanoseconds)
{
	long long began = now(), spent, count = 0;

	do {
		for (int i = 0; i < STRIDE; i++) {
			if (call() < 0)
				fail(name);
		}
		count += STRIDE;
		spent = now() - began;
	} while (spent < nanoseconds);
	printf("%s %.1f\n", name, (double)spent / (double)count);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: redoubt-bench-syscalls BATCHES BATCH_MICROSECONDS\n");
		return 2;
	}
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zero < 0)
		fail("/dev/zero");
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0)
		fail("/dev/null");
	go_home(argv[0]);
	for (int i = 0; i < atoi(argv[1]); i++) {
		for (size_t at = 0; at < sizeof calls / sizeof calls[0]; at++)
			batch(calls[at].name, calls[at].call, atoll(argv[2]) * 1000);
	}
	return 0;
}
