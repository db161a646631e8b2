/*
 * What a system call costs that somebody else answers: each call timed by itself, because it waits for another process.
 *
 *   redoubt-bench-broker FILE BATCHES CALLS
 *
 * Prints one line for each batch: what was done and the median of its calls in nanoseconds. Between batches it sleeps a
 * little, for the broker leaves a sandbox alone that asks too much.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define MOST 4096
#define PAUSE_MICROSECONDS 20000

static const char *file;
static int opened = -1;

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void check(const char *what, int worked)
{
	if (!worked) {
		fprintf(stderr, "broker: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

/* By the filter alone. */
static void plain_refusal(void)
{
	check("clone3", syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
}

static void refusal(void)
{
	check("unshare", syscall(SYS_unshare, CLONE_NEWUSER) < 0 && errno == EPERM);
}

static void open_file(void)
{
	opened = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
	check(file, opened >= 0);
}

static void close_file(void)
{
	close(opened);
}

static void open_nothing(void)
{
	check("a name that is not there", syscall(SYS_openat, AT_FDCWD, "/etc/none", O_RDONLY | O_CLOEXEC, 0) < 0 && errno == ENOENT);
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*call)(void);
	void (*after)(void);
} calls[] = {
	{ "refused-by-filter", plain_refusal, nothing },
	{ "refused-by-broker", refusal, nothing },
	{ "openat", open_file, close_file },
	{ "openat-of-nothing", open_nothing, nothing },
};

static int ascending(const void *a, const void *b)
{
	long long left = *(const long long *)a, right = *(const long long *)b;

	return (left > right) - (left < right);
}

static void batch(size_t at, int count)
{
	static long long took[MOST];

	for (int i = 0; i < count; i++) {
		long long began = now();
		calls[at].call();
		took[i] = now() - began;
		calls[at].after();
	}
	qsort(took, (size_t)count, sizeof took[0], ascending);
	printf("%s %lld\n", calls[at].name, took[count / 2]);
}

int main(int argc, char **argv)
{
	if (argc != 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > MOST) {
		fprintf(stderr, "usage: redoubt-bench-broker FILE BATCHES CALLS\n");
		return 2;
	}
	file = argv[1];
	for (int i = 0; i < atoi(argv[2]); i++) {
		for (size_t at = 0; at < sizeof calls / sizeof calls[0]; at++) {
			usleep(PAUSE_MICROSECONDS);
			batch(at, atoi(argv[3]));
		}
	}
	return 0;
}
