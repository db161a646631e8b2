/*
 * Runs a program again and again and says how long it took: to its first byte of output, and to its end.
 *
 *   redoubt-bench-stopwatch [--cover-unified] PROGRAM ARGUMENT...
 *
 * For every byte read from standard input it runs the program once and writes one line: nanoseconds from before the fork
 * to the first byte (-1: it printed nothing), nanoseconds to the end, exit status (128 + N for signal N).
 *
 * Why this is not done in Java: starting a program from a JVM costs 1 to 2 ms more than from here (it goes through a
 * helper program), which would be counted against the peers that are measured.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNIFIED "/sys/fs/cgroup/unified"

extern char **environ;

static void fail(const char *what)
{
	fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(errno));
	exit(125);
}

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

/*
 * crun refuses a host that has control groups of both versions, even when it is told to use none. It looks at what is
 * mounted, so it is given a view of its own in which an empty tmpfs lies over version 2. The host's view stays.
 */
static void cover_unified(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		fail("unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail("making mounts private");
	if (mount("tmpfs", UNIFIED, "tmpfs", 0, NULL) < 0)
		fail("mounting over " UNIFIED);
}

static pid_t start(char **argv, int output)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0)
		fail(argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Reads to the end; returns when the first byte came, or -1. */
static long long first_byte(int input)
{
	char buffer[4096];
	long long first = -1;
	ssize_t got;

	while ((got = read(input, buffer, sizeof buffer)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			fail("read");
		if (first < 0)
			first = now();
	}
	return first;
}

static int ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail("waitpid");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void sample(char **argv)
{
	int output[2];
	long long began, first;
	pid_t pid;
	int status;

	if (pipe2(output, O_CLOEXEC) < 0)
		fail("pipe2");
	began = now();
	pid = start(argv, output[1]);
	close(output[1]);
	first = first_byte(output[0]);
	status = ended(pid);
	printf("%lld %lld %d\n", first < 0 ? -1 : first - began, now() - began, status);
	fflush(stdout);
	close(output[0]);
}

int main(int argc, char **argv)
{
	char **program = argv + 1;
	char go;

	if (argc > 1 && strcmp(argv[1], "--cover-unified") == 0) {
		cover_unified();
		program++;
	}
	if (*program == NULL) {
		fprintf(stderr, "usage: redoubt-bench-stopwatch [--cover-unified] PROGRAM ARGUMENT...\n");
		return 2;
	}
	while (read(0, &go, 1) == 1)
		sample(program);
	return 0;
}
