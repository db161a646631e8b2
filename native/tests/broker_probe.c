/*
 * What a hostile program does to the broker, run inside a sandbox. Each way prints what came of it in one line.
 *
 *   broker-probe flip ALLOWED HIDDEN TIMES    one thread opens a path, another one changes it; the files begin with A and H
 *   broker-probe relink ALLOWED HIDDEN TIMES  the same with two links that are exchanged
 *   broker-probe edges FILE                   paths and pointers at the edges of memory
 *   broker-probe spin MILLISECONDS            refused calls as fast as they come
 *   broker-probe calls TIMES                  so often a refused call and sysinfo(2); prints how often both were right
 *   broker-probe pace TIMES MICROSECONDS      refused calls with a pause between them: how long each took, in microseconds
 *   broker-probe crowd THREADS                so many threads, each with one refused call, all at once
 *   broker-probe killed FILE TIMES            processes that are killed in the middle of a call
 *   broker-probe landlock                     the version of Landlock that programs may use, or minus the error
 *   broker-probe lease FILE                   opens a file on which another process has a lease; prints the error
 *   broker-probe steps TIMES                  one refused call, a line, 10 ms, and again
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#define PAGE 4096
#define LONGEST 4096

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static long must(long result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static long long now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static long refused_call(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

/* ---- races ---- */

static char path[256];
static const char *names[2];
static atomic_int over;

static void *flip(void *unused)
{
	(void)unused;
	for (unsigned i = 0; !over; i++)
		memcpy(path, names[i & 1], strlen(names[i & 1]) + 1);
	return NULL;
}

static void *exchange(void *unused)
{
	(void)unused;
	while (!over)
		syscall(SYS_renameat2, AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE);
	return NULL;
}

static void race(void *(*other)(void *), long times)
{
	long allowed = 0, hidden = 0, refused = 0;
	pthread_t thread;
	if (pthread_create(&thread, NULL, other, NULL) != 0)
		die("pthread_create");
	for (long i = 0; i < times; i++) {
		char first = 0;
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
		if (fd < 0) {
			refused++;
			continue;
		}
		if (read(fd, &first, 1) == 1)
			*(first == 'H' ? &hidden : &allowed) += 1;
		close(fd);
	}
	over = 1;
	pthread_join(thread, NULL);
	printf("allowed %ld hidden %ld refused %ld\n", allowed, hidden, refused);
}

static void flip_paths(const char *allowed, const char *hidden, long times)
{
	names[0] = allowed;
	names[1] = hidden;
	strcpy(path, allowed);
	race(flip, times);
}

static void exchange_links(const char *allowed, const char *hidden, long times)
{
	names[0] = "/tmp/one";
	names[1] = "/tmp/two";
	must(symlink(allowed, names[0]), "symlink");
	must(symlink(hidden, names[1]), "symlink");
	strcpy(path, names[0]);
	race(exchange, times);
}

/* ---- edges of memory ---- */

static void say(const char *what, long result)
{
	printf("%s %ld\n", what, result < 0 ? -(long)errno : 0);
	if (result > 2)
		close((int)result);
}

static long open_path(const char *at)
{
	return syscall(SYS_openat, AT_FDCWD, at, O_RDONLY | O_CLOEXEC, 0);
}

static void edges(const char *file)
{
	/* two pages, and behind them none */
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		die("mmap");
	must(munmap(pages + 2 * PAGE, PAGE), "munmap");
	size_t length = strlen(file);

	say("null", open_path(NULL));
	say("unmapped", open_path(pages + 2 * PAGE));
	say("kernel", open_path((char *)0xffffffff81000000));
	say("noncanonical", open_path((char *)0x8000000000000000));

	strcpy(pages + 2 * PAGE - length - 1, file);
	say("last-bytes", open_path(pages + 2 * PAGE - length - 1));
	strcpy(pages + PAGE - length / 2, file);
	say("crossing", open_path(pages + PAGE - length / 2));
	memset(pages + 2 * PAGE - 20, 'x', 20);
	say("no-end", open_path(pages + 2 * PAGE - 20));

	memset(pages, '/', 2 * PAGE);
	pages[2 * PAGE - 1] = 0;
	say("too-long", open_path(pages));
	memset(pages, '/', LONGEST);
	strcpy(pages + LONGEST - 1 - length, file);
	say("just-fits", open_path(pages));
	say("empty", open_path(""));

	say("sysinfo-null", syscall(SYS_sysinfo, NULL));
	say("sysinfo-unmapped", syscall(SYS_sysinfo, pages + 2 * PAGE));
	say("sysinfo-half", syscall(SYS_sysinfo, pages + 2 * PAGE - 50));
	say("sysinfo", syscall(SYS_sysinfo, pages + PAGE - 50));
	say("mount-unmapped", syscall(SYS_mount, pages + 2 * PAGE, NULL, (char *)1, 0, NULL));

	struct { unsigned long long flags, mode, resolve, more; } how = {O_RDONLY, 0, 0, 0};
	say("openat2", syscall(437, AT_FDCWD, file, &how, 24));
	say("openat2-longer", syscall(437, AT_FDCWD, file, &how, sizeof how));
	how.more = 1;
	say("openat2-unknown", syscall(437, AT_FDCWD, file, &how, sizeof how));
	say("openat2-short", syscall(437, AT_FDCWD, file, &how, 23));
	say("openat2-huge", syscall(437, AT_FDCWD, file, &how, 1ul << 40));
	say("openat2-unmapped", syscall(437, AT_FDCWD, file, pages + 2 * PAGE, 24));
	say("bad-directory", syscall(SYS_openat, 77, "x", O_RDONLY, 0));
}

/* ---- what openat2 may be told about the way ---- */

/* In a directory that has these; says of each way with each set of RESOLVE_ what came of it. */
static void resolve(void)
{
	static const char *const ways[] = {
		"a", "./a", "d/../a", "../r/a", "/tmp/r/a", "l", "abs", "out", "up", "loop", "gone", "nothing", "d/l", "d", "a/", "d/",
		"/etc/group", "../../etc/group", "/proc/self/comm", "/proc/thread-self/comm", "../../proc/self/comm", "comm",
		"/proc/self/cwd/a", "/proc/self/root/etc/group", "/proc/self/fd/0", "cwd", "/proc/self", "/proc/self/nothing",
	};
	static const unsigned long long flags[] = {O_RDONLY, O_RDONLY | O_NOFOLLOW, O_RDONLY | O_DIRECTORY};
	const int bases[] = {AT_FDCWD, must(open("d", O_RDONLY | O_DIRECTORY), "d"), must(open("/", O_PATH), "/")};
	const char *const begin[] = {".", "d", "/"};
	for (int base = 0; base < 3; base++)
		for (size_t way = 0; way < sizeof ways / sizeof *ways; way++)
			for (size_t flag = 0; flag < sizeof flags / sizeof *flags; flag++)
				for (unsigned long long rules = 0; rules < 0x20; rules++) {
					if ((rules & 0x18) == 0x18)
						continue; /* BENEATH and IN_ROOT exclude each other */
					unsigned long long how[] = {flags[flag], 0, rules};
					long got = syscall(437, bases[base], ways[way], how, sizeof how);
					printf("%s %s %llo %llx %ld\n", begin[base], ways[way], flags[flag], rules, got < 0 ? -(long)errno : 0);
					if (got > 2)
						close((int)got);
				}
}

/* How often a path can be opened, or not. */
static void opens(const char *at, long milliseconds)
{
	long long end = now() + milliseconds * 1000000LL;
	long count = 0;
	while (now() < end) {
		long got = open_path(at);
		if (got >= 0)
			close((int)got);
		count++;
	}
	printf("%ld\n", count);
}

/* ---- how fast ---- */

static void spin(long milliseconds)
{
	long long end = now() + milliseconds * 1000000LL;
	long count = 0;
	while (now() < end) {
		if (refused_call() == 0)
			die("unshare worked");
		count++;
	}
	printf("%ld\n", count);
}

static void calls(long times)
{
	long right = 0;
	for (long i = 0; i < times; i++) {
		struct sysinfo facts = {0};
		long refused = refused_call() < 0 && errno == EPERM;
		right += refused && sysinfo(&facts) == 0 && facts.mem_unit == 1 && facts.totalram > 0;
	}
	printf("%ld\n", right);
}

static int ascending(const void *a, const void *b)
{
	long long left = *(const long long *)a, right = *(const long long *)b;
	return (left > right) - (left < right);
}

static void pace(long times, long microseconds)
{
	long long *took = calloc((size_t)times, sizeof *took);
	if (took == NULL)
		die("calloc");
	for (long i = 0; i < times; i++) {
		usleep((useconds_t)microseconds);
		long long began = now();
		refused_call();
		took[i] = now() - began;
	}
	qsort(took, (size_t)times, sizeof *took, ascending);
	printf("%.1f %.1f %.1f\n", (double)took[times / 2] / 1e3, (double)took[times * 99 / 100] / 1e3,
	       (double)took[times - 1] / 1e3);
}

/* ---- many, and dying ones ---- */

static atomic_long answered;

static void *one_call(void *unused)
{
	(void)unused;
	if (refused_call() < 0 && errno == EPERM)
		answered++;
	return NULL;
}

static void crowd(long threads)
{
	pthread_t *all = calloc((size_t)threads, sizeof *all);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (long i = 0; i < threads; i++) {
		if (pthread_create(&all[i], &small, one_call, NULL) != 0)
			die("pthread_create");
	}
	for (long i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
	printf("answered %ld of %ld\n", answered, threads);
}

static void killed(const char *file, long times)
{
	for (long i = 0; i < times; i++) {
		pid_t child = (pid_t)must(fork(), "fork");
		if (child == 0) {
			struct sysinfo facts;
			for (;;) {
				open_path(file);
				syscall(SYS_chroot, file);
				sysinfo(&facts);
				for (int fd = 3; fd < 16; fd++)
					close(fd);
			}
		}
		usleep((useconds_t)(random() % 2000));
		kill(child, SIGKILL);
		must(waitpid(child, NULL, 0), "waitpid");
	}
	printf("killed %ld\n", times);
}

static void landlock(void)
{
	long version = syscall(444, NULL, 0, 1);
	printf("%ld\n", version < 0 ? -(long)errno : version);
}

/* The holder is asked to let go and does not, so an open waits for it (fcntl(2)); after 2 s it is woken up. */
static void lease(const char *file)
{
	int held = (int)must(open(file, O_RDONLY | O_CREAT | O_CLOEXEC, 0600), file);
	signal(SIGIO, SIG_IGN);
	must(fcntl(held, F_SETLEASE, F_RDLCK), "F_SETLEASE");
	pid_t child = (pid_t)must(fork(), "fork");
	if (child == 0) {
		long long began = now();
		close(held);
		long result = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY, 0);
		printf("%d %s\n", result < 0 ? errno : 0, now() - began > 1000000000LL ? "late" : "at once");
		fflush(stdout);
		_exit(0);
	}
	usleep(2000000);
	close(held);
	must(waitpid(child, NULL, 0), "waitpid");
}

static void steps(long times)
{
	for (long i = 0; i < times; i++) {
		long result = refused_call();
		printf("%ld %d\n", i, result < 0 ? errno : 0);
		fflush(stdout);
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	if (argc == 5 && strcmp(way, "flip") == 0)
		flip_paths(argv[2], argv[3], atol(argv[4]));
	else if (argc == 5 && strcmp(way, "relink") == 0)
		exchange_links(argv[2], argv[3], atol(argv[4]));
	else if (argc == 3 && strcmp(way, "edges") == 0)
		edges(argv[2]);
	else if (argc == 3 && strcmp(way, "spin") == 0)
		spin(atol(argv[2]));
	else if (argc == 3 && strcmp(way, "calls") == 0)
		calls(atol(argv[2]));
	else if (argc == 4 && strcmp(way, "pace") == 0)
		pace(atol(argv[2]), atol(argv[3]));
	else if (argc == 3 && strcmp(way, "crowd") == 0)
		crowd(atol(argv[2]));
	else if (argc == 4 && strcmp(way, "killed") == 0)
		killed(argv[2], atol(argv[3]));
	else if (argc == 3 && strcmp(way, "lease") == 0)
		lease(argv[2]);
	else if (strcmp(way, "resolve") == 0)
		resolve();
	else if (argc == 4 && strcmp(way, "opens") == 0)
		opens(argv[2], atol(argv[3]));
	else if (strcmp(way, "landlock") == 0)
		landlock();
	else if (argc == 3 && strcmp(way, "steps") == 0)
		steps(atol(argv[2]));
	else
		return 98;
	return 0;
}
