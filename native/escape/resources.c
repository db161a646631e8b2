/*
 * Taking more than a sandbox's share. Every attack stops by itself at a bound a little above the limit that the
 * sandbox is said to have (--outside "pids=512 memory=268435456 ..."; the keys are those of bound() below), so that
 * a missing limit is found and the host stays whole.
 */
#include "probe.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static long pids_bound(void)
{
	return bound("pids", 512);
}

static long memory_bound(void)
{
	return bound("memory", 256L * MIB) + 32L * MIB;
}

/* The memory bombs want to be the one that the kernel chooses; an attacker would not, and it changes nothing. */
static void die_first(void)
{
	spill("/proc/self/oom_score_adj", "1000");
}

static void many_processes(const struct probe *probe)
{
	(void)probe;
	long most = pids_bound() + 16, count = 0;
	int error = 0;
	pid_t *children = calloc((size_t)most, sizeof *children);
	pid_t parent = getpid();
	for (; count < most; count++) {
		long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		error = errno;
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == parent)
				pause();
			_exit(0);
		}
		if (child == -1)
			break;
		children[count] = (pid_t)child;
	}
	made("clone", SYS_clone, error);
	decide(count < most ? -1 : 0, "%ld processes", count);
	for (long i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	for (long i = 0; i < count; i++)
		waitpid(children[i], NULL, 0);
}

static void *wait_for_ever(void *nothing)
{
	while (pause() == -1)
		;
	return nothing;
}

static void many_threads(const struct probe *probe)
{
	(void)probe;
	long most = pids_bound() + 16, count = 0;
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	int error = 0;
	while (count < most && (error = pthread_create(&thread, &small, wait_for_ever, NULL)) == 0)
		count++;
	made("clone", SYS_clone, error);
	decide(count < most ? -1 : 0, "%ld threads", count);
}

static void touch(char *memory, long size)
{
	for (long at = 0; at < size; at += 4096)
		((volatile char *)memory)[at] = 1;
}

static void much_memory(const struct probe *probe)
{
	(void)probe;
	long most = memory_bound();
	die_first();
	for (long taken = 0; taken < most; taken += 8 * MIB) {
		char *piece = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (piece == MAP_FAILED) {
			answered(errno);
			refused("%ld MiB", taken / MIB);
			return;
		}
		touch(piece, 8 * MIB);
		progress("%ld MiB", taken / MIB + 8);
	}
	worked("%ld MiB", most / MIB);
}

static void fill_descriptor(int fd, long most)
{
	static char piece[MIB];
	long taken = 0;
	while (taken < most) {
		long count = TRY(write, fd, piece, sizeof piece);
		if (count == -1) {
			refused("%ld MiB", taken / MIB);
			return;
		}
		taken += count;
		progress("%ld MiB", taken / MIB);
	}
	worked("%ld MiB", taken / MIB);
}

static void memory_file(const struct probe *probe)
{
	(void)probe;
	die_first();
	long fd = TRY(memfd_create, "redoubt-escape", MFD_CLOEXEC);
	if (fd == -1)
		refused("");
	else
		fill_descriptor((int)fd, memory_bound());
}

static void shared_segment(const struct probe *probe)
{
	(void)probe;
	long most = memory_bound();
	die_first();
	long id = TRY(shmget, IPC_PRIVATE, most, IPC_CREAT | 0600);
	if (id == -1) {
		refused("");
		return;
	}
	char *memory = shmat((int)id, NULL, 0);
	/* Gone with the last who has it attached, that is with us. */
	shmctl((int)id, IPC_RMID, NULL);
	if (memory == (char *)-1)
		untried("shmat: errno %d", errno);
	touch(memory, most);
	worked("%ld MiB", most / MIB);
}

static void locked_memory(const struct probe *probe)
{
	(void)probe;
	long size = bound("locked", 16L * MIB) + MIB;
	char *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	decide(TRY(mlock, memory, size), "%ld MiB", size / MIB);
}

/* Both ends of as many pairs as there are descriptors, each filled: memory of the kernel, not of a process. */
static void fill_pairs(bool sockets)
{
	static char piece[65536];
	long most = memory_bound(), taken = 0;
	struct rlimit all;
	die_first();
	getrlimit(RLIMIT_NOFILE, &all);
	all.rlim_cur = all.rlim_max;
	setrlimit(RLIMIT_NOFILE, &all);
	while (taken < most) {
		int pair[2];
		long made = sockets ? TRY(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)
			: TRY(pipe2, pair, O_NONBLOCK | O_CLOEXEC);
		if (made == -1) {
			refused("%ld MiB", taken / MIB);
			return;
		}
		ssize_t count;
		long before = taken;
		while ((count = write(pair[1], piece, sizeof piece)) > 0)
			taken += count;
		/* The kernel gives nothing more to this user. */
		if (taken == before) {
			answered(errno);
			refused("%ld MiB", taken / MIB);
			return;
		}
		progress("%ld MiB", taken / MIB);
	}
	worked("%ld MiB", taken / MIB);
}

static void pipe_memory(const struct probe *probe)
{
	(void)probe;
	fill_pairs(false);
}

static void socket_memory(const struct probe *probe)
{
	(void)probe;
	fill_pairs(true);
}

/* A directory on the file system named where this user may write; the attack is not the permission. */
static const char *writable_on(const char *top)
{
	static char path[256];
	const char *const places[] = { top, getenv("HOME"), "/home/user", "/var/tmp", "/root", world.scratch };
	struct stat wanted, status;
	stat(top, &wanted);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (places[i] == NULL || stat(places[i], &status) == -1 || status.st_dev != wanted.st_dev)
			continue;
		snprintf(path, sizeof path, "%s/redoubt-escape-fill-%d", strcmp(places[i], "/") == 0 ? "" : places[i], getpid());
		if (TRY(mkdirat, AT_FDCWD, path, 0700) == 0)
			return path;
	}
	return NULL;
}

static void fill_disk(const struct probe *probe)
{
	const char *directory = writable_on(probe->text);
	if (directory == NULL) {
		refused("no directory to write in");
		return;
	}
	bool root = strcmp(probe->text, "/") == 0;
	long most = bound(root ? "disk" : "tmp-disk", 128L * MIB) + 16L * MIB, taken = 0;
	die_first();
	/* Several files, so that a limit on one file's size is not taken for one on the disk. */
	for (int file = 0; taken < most; file++) {
		char path[300];
		snprintf(path, sizeof path, "%s/%d", directory, file);
		long fd = TRY(openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		long step = fd == -1 ? -1 : TRY(fallocate, fd, 0, 0, 8L * MIB);
		if (step == -1 && fd != -1 && (refusal() == EOPNOTSUPP || refusal() == ENOSYS || refusal() == EPERM)) {
			static char piece[8 * MIB];
			step = TRY(write, fd, piece, sizeof piece) == (long)sizeof piece ? 0 : -1;
		}
		if (fd != -1)
			close((int)fd);
		if (step == -1)
			break;
		taken += 8L * MIB;
		progress("%ld MiB in %s", taken / MIB, directory);
	}
	decide(taken < most ? -1 : 0, "%ld MiB in %s", taken / MIB, directory);
	remove_below(directory);
	rmdir(directory);
}

static void fill_inodes(const struct probe *probe)
{
	const char *directory = writable_on(probe->text);
	if (directory == NULL) {
		refused("no directory to write in");
		return;
	}
	bool root = strcmp(probe->text, "/") == 0;
	long most = bound(root ? "inodes" : "tmp-inodes", 32768) + 16, count = 0;
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; count < most; count++) {
		char name[24];
		snprintf(name, sizeof name, "%ld", count);
		if (TRY(mknodat, at, name, S_IFREG | 0600, 0) == -1)
			break;
		if (count % 1024 == 0)
			progress("%ld files in %s", count, directory);
	}
	decide(count < most ? -1 : 0, "%ld files in %s", count, directory);
	for (long i = 0; i < count; i++) {
		char name[24];
		snprintf(name, sizeof name, "%ld", i);
		unlinkat(at, name, 0);
	}
	rmdir(directory);
}

static void many_files(const struct probe *probe)
{
	(void)probe;
	long most = bound("files", 16384) + 16, count = 0;
	struct rlimit all;
	getrlimit(RLIMIT_NOFILE, &all);
	all.rlim_cur = all.rlim_max;
	setrlimit(RLIMIT_NOFILE, &all);
	while (count < most && TRY(dup, 0) != -1)
		count++;
	decide(count < most ? -1 : 0, "%ld descriptors", count);
}

/* Descriptors under way in sockets belong to nobody's table. */
static void descriptors_in_flight(const struct probe *probe)
{
	(void)probe;
	struct rlimit few;
	getrlimit(RLIMIT_NOFILE, &few);
	few.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &few);
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == -1)
		untried("socketpair");
	int carried[64];
	for (int i = 0; i < 64; i++)
		carried[i] = pair[0];
	union {
		char bytes[CMSG_SPACE(sizeof carried)];
		struct cmsghdr align;
	} control;
	struct iovec nothing = { "x", 1 };
	struct msghdr message = { .msg_iov = &nothing, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof carried);
	memcpy(CMSG_DATA(head), carried, sizeof carried);
	long count = 0, result = 0;
	while (count < 4 && result != -1) {
		result = TRY(sendmsg, pair[1], &message, 0);
		count += result != -1;
	}
	decide(result, "%ld descriptors under way", count * 64);
}

static void many_signals(const struct probe *probe)
{
	(void)probe;
	long most = bound("signals", 4096) + 16, count = 0;
	sigset_t held;
	sigemptyset(&held);
	sigaddset(&held, 40);
	sigprocmask(SIG_BLOCK, &held, NULL);
	siginfo_t info;
	memset(&info, 0, sizeof info);
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	while (count < most && TRY(rt_sigqueueinfo, getpid(), 40, &info) != -1)
		count++;
	decide(count < most ? -1 : 0, "%ld queued signals", count);
}

static void many_timers(const struct probe *probe)
{
	(void)probe;
	long most = bound("signals", 4096) + 16, count = 0;
	int timer;
	while (count < most && TRY(timer_create, CLOCK_MONOTONIC, NULL, &timer) != -1)
		count++;
	decide(count < most ? -1 : 0, "%ld timers", count);
}

/* fs.inotify.max_user_instances, 128, is counted for the user who made the user namespace as well: shared. */
static void many_watchers(const struct probe *probe)
{
	(void)probe;
	long most = bound("watchers", 64) + 16, count = 0;
	while (count < most && TRY(inotify_init1, IN_CLOEXEC) != -1)
		count++;
	decide(count < most ? -1 : 0, "%ld instances", count);
}

static void asynchronous_requests(const struct probe *probe)
{
	(void)probe;
	unsigned long context = 0;
	decide(TRY(io_setup, 4096, &context), "4096 of fs.aio-max-nr");
}

static void message_memory(const struct probe *probe)
{
	(void)probe;
	/* struct mq_attr: flags, messages, size, current. */
	long attributes[8] = { 0, 10, 8192 };
	long most = bound("queues", MIB / 2), taken = 0, count = 0;
	while (taken < most) {
		char name[64];
		snprintf(name, sizeof name, "redoubt-escape-%d-%ld", getpid(), count);
		long queue = TRY(mq_open, name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, attributes);
		if (queue == -1)
			break;
		/* Without a name it lasts as long as the descriptor. */
		int error = refusal();
		syscall(SYS_mq_unlink, name);
		answered(error);
		taken += 10 * 8192;
		count++;
	}
	decide(taken < most ? -1 : 0, "%ld queues", count);
}

static void long_arguments(const struct probe *probe)
{
	(void)probe;
	/* A quarter of the stack limit is the bound of exec(2); the limit is the caller's own to raise. */
	struct rlimit stack = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_STACK, &stack) == -1) {
		answered(errno);
		refused("the stack limit stays");
		return;
	}
	static char word[65536];
	static char *words[80];
	memset(word, 'x', sizeof word - 1);
	for (size_t i = 0; i < 64; i++)
		words[i] = word;
	pid_t child = fork();
	if (child == 0) {
		int nothing = open("/dev/null", O_RDWR);
		dup2(nothing, 2);
		TRY(execve, "/proc/self/exe", words, ((char *[]){ NULL }));
		_exit(126);
	}
	int status = 0;
	waitpid(child, &status, 0);
	decide(WIFEXITED(status) && WEXITSTATUS(status) == 64 ? 0 : -1, "4 MiB of arguments");
}

/* A core file is written by the kernel past every check of the writer, and a pipe pattern starts a program. */
static void core_file(const struct probe *probe)
{
	(void)probe;
	struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	if (TRY(prlimit64, 0, RLIMIT_CORE, &any, NULL) == -1) {
		refused("");
		return;
	}
	pid_t child = fork();
	if (child == 0) {
		if (chdir(world.scratch) == -1)
			_exit(1);
		abort();
	}
	int status = 0;
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status) && WCOREDUMP(status))
		worked("a core file");
	else
		refused("no core file");
}

/* A limit of 1 as a sandbox has it: with it the kernel starts no handler behind a pipe, with 0 it does (core(5)). */
static void arena_core_limit(void)
{
	struct rlimit one = { 1, 1 };
	setrlimit(RLIMIT_CORE, &one);
}

enum { OLD_CALL, NEW_CALL, WIDE_POINTER, WITH_OLD_LIMIT };

static void no_core_limit(const struct probe *probe)
{
	struct rlimit none = { 0, 0 }, now, *wanted = &none;
	if (probe->value == WIDE_POINTER) {
		/* Its low half is 0, like that of NULL. */
		wanted = mmap((void *)(1UL << 32), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (wanted == MAP_FAILED)
			untried("mmap: errno %d", errno);
	}
	if (probe->value == OLD_CALL)
		TRY(setrlimit, RLIMIT_CORE, wanted);
	else
		TRY(prlimit64, 0, RLIMIT_CORE, wanted, probe->value == WITH_OLD_LIMIT ? &now : NULL);
	getrlimit(RLIMIT_CORE, &now);
	if (now.rlim_cur == 1)
		refused("it stays 1");
	else
		worked("it is %lu", (unsigned long)now.rlim_cur);
}

static void best_priority(const struct probe *probe)
{
	(void)probe;
	decide(TRY(setpriority, PRIO_PROCESS, 0, -20), "");
}

static void real_time(const struct probe *probe)
{
	int priority = 1;
	decide(TRY(sched_setscheduler, 0, probe->value, &priority), "");
}

static void deadline(const struct probe *probe)
{
	(void)probe;
	/* struct sched_attr: size, policy 6, flags, nice, priority, runtime, deadline, period in ns. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = { 48, 6, 0, 0, 0, 1000000, 100000000, 100000000 };
	decide(TRY(sched_setattr, 0, &attributes, 0), "");
}

static void io_real_time(const struct probe *probe)
{
	(void)probe;
	decide(TRY(ioprio_set, 1, 0, 1 << 13), "");
}

static void spared_from_oom(const struct probe *probe)
{
	(void)probe;
	long fd = TRY(openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	decide(fd == -1 ? -1 : TRY(write, fd, "-1000", 5), "");
}

/* One more than the hard limit. */
static void raise_limit(const struct probe *probe)
{
	struct rlimit limit;
	getrlimit((int)probe->value, &limit);
	if (limit.rlim_max == RLIM_INFINITY) {
		worked("there is no limit to raise");
		return;
	}
	limit.rlim_max++;
	decide(TRY(prlimit64, 0, probe->value, &limit, NULL), "to %lu", (unsigned long)limit.rlim_max);
}

#define BOMB(name_, gain_, attack_, ...) \
	{ name_, gain_, .attack = attack_, .seconds = 30, __VA_ARGS__ }

#define CORE(name_, way_) \
	BOMB("core-handler" name_, "a program that the host's core_pattern starts as root", no_core_limit, .walls = "B", \
		.arena = arena_core_limit, .value = way_)

const struct probe resource_probes[] = {
	BOMB("fork-bomb", "every process the host can have", many_processes, .walls = "D"),
	BOMB("thread-bomb", "every thread the host can have", many_threads, .walls = "D"),
	BOMB("memory-bomb", "the host's memory", much_memory, .walls = "D"),
	BOMB("memory-file", "the host's memory, in a file without name", memory_file, .walls = "D"),
	BOMB("shared-segment", "the host's memory, in a segment that outlives processes", shared_segment, .walls = "D",
		.arena = arena_private),
	BOMB("locked-memory", "memory that cannot be swapped", locked_memory, .walls = "DBA"),
	BOMB("pipe-memory", "the kernel's memory, in pipes", pipe_memory, .walls = "D"),
	BOMB("socket-memory", "the kernel's memory, in sockets", socket_memory, .walls = "D"),
	BOMB("disk-fill", "the host's disk", fill_disk, .walls = "D", .text = "/", .arena = arena_private),
	BOMB("disk-fill-tmp", "memory or disk by /tmp", fill_disk, .walls = "D", .text = "/tmp", .arena = arena_private),
	BOMB("disk-fill-shm", "memory by /dev/shm", fill_disk, .walls = "D", .text = "/dev/shm", .arena = arena_private),
	BOMB("inode-fill", "the host's inodes", fill_inodes, .walls = "D", .text = "/", .arena = arena_private),
	BOMB("inode-fill-tmp", "kernel memory by empty files in /tmp", fill_inodes, .walls = "D", .text = "/tmp",
		.arena = arena_private),
	BOMB("inode-fill-shm", "kernel memory by empty files in /dev/shm", fill_inodes, .walls = "D", .text = "/dev/shm",
		.arena = arena_private),
	BOMB("descriptor-bomb", "the host's open files", many_files, .walls = "D"),
	BOMB("descriptors-in-flight", "open files that no limit counts", descriptors_in_flight, .walls = "DA"),
	BOMB("signal-queue", "the signals that may wait on the host", many_signals, .walls = "D"),
	BOMB("timer-bomb", "the timers that may run on the host", many_timers, .walls = "D"),
	BOMB("watcher-bomb", "the inotify instances that all sandboxes share", many_watchers, .walls = "DB"),
	BOMB("asynchronous-requests", "fs.aio-max-nr, which all sandboxes share", asynchronous_requests, .walls = "DB"),
	BOMB("message-memory", "the kernel's memory, in message queues", message_memory, .walls = "BDC",
		.arena = arena_private, .absent = ENOSYS),
	BOMB("long-arguments", "the kernel's memory, in the arguments of exec", long_arguments, .walls = "D"),
	BOMB("core-file", "a file that the kernel writes for it, or a program that the host starts", core_file,
		.walls = "DB"),
	CORE("", NEW_CALL),
	CORE("-old-call", OLD_CALL),
	CORE("-wide-pointer", WIDE_POINTER),
	CORE("-with-old-limit", WITH_OLD_LIMIT),
	BOMB("best-priority", "the processor before its neighbours", best_priority, .walls = "BA"),
	BOMB("real-time", "the processor for itself alone", real_time, .walls = "BA", .value = SCHED_FIFO, .absent = EPERM),
	BOMB("round-robin", "the processor for itself alone", real_time, .walls = "BA", .value = SCHED_RR, .absent = EPERM),
	BOMB("deadline", "the processor at set times", deadline, .walls = "BA", .absent = EPERM),
	BOMB("io-real-time", "the disk before its neighbours", io_real_time, .walls = "BA"),
	BOMB("spared-from-oom", "a memory bomb that kills only others", spared_from_oom, .walls = "AC", .absent = EACCES),
	BOMB("raise-file-limit", "more open files than it was given", raise_limit, .walls = "BA", .value = RLIMIT_NOFILE,
		.absent = EPERM),
	BOMB("raise-lock-limit", "more locked memory than it was given", raise_limit, .walls = "BA",
		.value = RLIMIT_MEMLOCK, .absent = EPERM),
	{ 0 },
};
