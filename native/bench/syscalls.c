/*
 * What a system call costs here: raw syscall(), so that no C library's cache answers instead of the kernel.
 *
 *   redoubt-bench-syscalls BATCHES BATCH_MICROSECONDS
 *
 * Prints one line for each batch: the name of the call and nanoseconds per call. A batch lasts for a given time, not for
 * a given number of calls: under ptrace a call costs a hundred times more.
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
#define FILE_THERE "/etc/passwd"
/* Calls between two looks at the clock. */
#define STRIDE 64

static int zero, null;
static char byte;

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

static long call_stat(void)
{
	struct stat status;

	return syscall(SYS_newfstatat, AT_FDCWD, FILE_THERE, &status, 0);
}

static long call_open_close(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, FILE_THERE, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? fd : syscall(SYS_close, fd);
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
	{ "read", call_read },
	{ "write", call_write },
};

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
	for (int i = 0; i < atoi(argv[1]); i++) {
		for (size_t at = 0; at < sizeof calls / sizeof calls[0]; at++)
			batch(calls[at].name, calls[at].call, atoll(argv[2]) * 1000);
	}
	return 0;
}
