/* PID 1 of the sandbox (its guest) and processes of the host. */
#include "probe.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a control's victim, a fork of us, keeps the same bytes. */
static char secret[64] = "secret of the attacked process";

static void attach(const struct probe *probe)
{
	long result = TRY(ptrace, probe->value, world.target, 0, 0);
	if (result == 0) {
		ptrace(PTRACE_INTERRUPT, world.target, 0, 0);
		waitpid(world.target, NULL, __WALL);
		ptrace(PTRACE_DETACH, world.target, 0, 0);
	}
	decide(result, "");
}

/* EFAULT comes after the permission check: only the address was wrong. */
static void decide_by_permission(long result)
{
	if (result == -1 && refusal() == EFAULT)
		worked("permission given, the address was wrong");
	else
		decide(result, "");
}

static void read_memory(const struct probe *probe)
{
	(void)probe;
	char copy[sizeof secret];
	struct iovec to = { copy, sizeof copy }, from = { secret, sizeof secret };
	decide_by_permission(TRY(process_vm_readv, world.target, &to, 1, &from, 1, 0));
}

static void write_memory(const struct probe *probe)
{
	(void)probe;
	char copy[sizeof secret] = "overwritten";
	struct iovec from = { copy, sizeof copy }, to = { secret, sizeof secret };
	decide_by_permission(TRY(process_vm_writev, world.target, &from, 1, &to, 1, 0));
}

static void reach_proc(const struct probe *probe)
{
	char path[64], bytes[256];
	snprintf(path, sizeof path, "/proc/%d/%s", world.target, probe->text);
	long fd = TRY(openat, AT_FDCWD, path, probe->value | O_CLOEXEC | O_NONBLOCK);
	/* Opening for writing or as a directory is the right itself; a text must also give something. */
	if (fd == -1 || probe->value != O_RDONLY || strcmp(probe->text, "mem") == 0 || strcmp(probe->text, "pagemap") == 0) {
		decide(fd, "%s", path);
		return;
	}
	/* A process that is just running has no kernel stack to show: the target soon waits again. */
	long count = TRY(read, fd, bytes, sizeof bytes);
	for (int tries = 0; count == 0 && tries < 500; tries++) {
		usleep(1000);
		lseek(fd, 0, SEEK_SET);
		count = TRY(read, fd, bytes, sizeof bytes);
	}
	if (count == 0)
		refused("%s is empty", path);
	else
		decide(count, "%s", path);
}

/* The names in such a directory are numbers; what they stand for is in the links. */
static void follow_links(const struct probe *probe)
{
	char path[64], entries[1024], target[128];
	snprintf(path, sizeof path, "/proc/%d/%s", world.target, probe->text);
	long directory = TRY(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long size = directory == -1 ? -1 : TRY(getdents64, directory, entries, sizeof entries);
	if (size == -1) {
		refused("%s", path);
		return;
	}
	/* struct linux_dirent64: inode, offset, length, type, name. */
	for (long at = 0; at < size; at += *(uint16_t *)(entries + at + 16)) {
		const char *name = entries + at + 19;
		if (name[0] == '.')
			continue;
		decide(TRY(readlinkat, directory, name, target, sizeof target), "%s/%s", path, name);
		return;
	}
	refused("%s is empty", path);
}

static void take_descriptor(const struct probe *probe)
{
	(void)probe;
	long process = TRY(pidfd_open, world.target, 0);
	if (process == -1) {
		refused("");
		return;
	}
	/* 3 is the guest's channel to the node; a victim has at least its standard output. */
	long taken = TRY(pidfd_getfd, process, 3, 0);
	if (taken == -1 && refusal() == EBADF)
		taken = TRY(pidfd_getfd, process, 1, 0);
	decide(taken, "");
}

/* The state in the third field of proc_pid_stat(5); Z for who is gone. */
static char state_of(pid_t pid)
{
	char path[64], text[256], state = 'Z';
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (slurp(path, text, sizeof text) > 0)
		sscanf(text, "%*d (%*[^)]) %c", &state);
	return state;
}

/* The kernel gives an init of a pid namespace no signal from inside that it has not asked for (pid_namespaces(7)). */
static void decide_by_effect(long result, char wanted)
{
	if (result == -1) {
		refused("");
		return;
	}
	for (int i = 0; i < 50 && state_of(world.target) != wanted; i++)
		usleep(2000);
	if (state_of(world.target) == wanted)
		worked("state %c", wanted);
	else
		harmless("permitted, but the process did not take it");
}

static void send_signal(const struct probe *probe)
{
	decide_by_effect(TRY(kill, world.target, probe->value), probe->value == SIGSTOP ? 'T' : 'Z');
}

static void send_by_pidfd(const struct probe *probe)
{
	(void)probe;
	long process = TRY(pidfd_open, world.target, 0);
	if (process == -1)
		refused("");
	else
		decide_by_effect(TRY(pidfd_send_signal, process, SIGKILL, NULL, 0), 'Z');
}

static void send_to_thread(const struct probe *probe)
{
	(void)probe;
	decide_by_effect(TRY(tgkill, world.target, world.target, SIGKILL), 'Z');
}

static void send_forged(const struct probe *probe)
{
	(void)probe;
	siginfo_t forged;
	memset(&forged, 0, sizeof forged);
	forged.si_code = SI_QUEUE;
	decide_by_effect(TRY(rt_sigqueueinfo, world.target, SIGKILL, &forged), 'Z');
}

/* A limit whose lowering hurts nobody when it succeeds. */
static void lower_limit(const struct probe *probe)
{
	(void)probe;
	struct rlimit none = { 0, 0 };
	decide(TRY(prlimit64, world.target, RLIMIT_CORE, &none, NULL), "");
}

static void read_limit(const struct probe *probe)
{
	(void)probe;
	struct rlimit limit;
	decide(TRY(prlimit64, world.target, RLIMIT_NOFILE, NULL, &limit), "");
}

/* SCHED_BATCH: a change of policy, and the mildest. */
static void change_policy(const struct probe *probe)
{
	(void)probe;
	int priority = 0;
	decide(TRY(sched_setscheduler, world.target, SCHED_BATCH, &priority), "");
}

static void change_affinity(const struct probe *probe)
{
	(void)probe;
	unsigned long processors[16] = { 0 };
	if (syscall(SYS_sched_getaffinity, 0, sizeof processors, processors) == -1)
		processors[0] = 1;
	decide(TRY(sched_setaffinity, world.target, sizeof processors, processors), "");
}

/* The last of all: also where the battery was itself started with nice(1) this is no raise, so the control works. */
static void change_priority(const struct probe *probe)
{
	(void)probe;
	decide(TRY(setpriority, PRIO_PROCESS, world.target, 19), "");
}

/* Best effort class, level 4: the default made explicit. */
static void change_io_priority(const struct probe *probe)
{
	(void)probe;
	decide(TRY(ioprio_set, 1, world.target, (2 << 13) | 4), "");
}

static void compare(const struct probe *probe)
{
	(void)probe;
	enum { KCMP_VM = 1 };
	decide(TRY(kcmp, world.target, getpid(), KCMP_VM, 0, 0), "");
}

static void migrate(const struct probe *probe)
{
	(void)probe;
	unsigned long node = 1;
	decide(TRY(migrate_pages, world.target, 8 * sizeof node, &node, &node), "");
}

static void move(const struct probe *probe)
{
	(void)probe;
	void *page = secret;
	int status = 0;
	decide(TRY(move_pages, world.target, 1, &page, NULL, &status, 0), "");
}

static void advise(const struct probe *probe)
{
	(void)probe;
	enum { COLD = 20 };
	struct iovec page = { (void *)((uintptr_t)secret & ~4095UL), 4096 };
	long process = TRY(pidfd_open, world.target, 0);
	if (process == -1) {
		refused("");
		return;
	}
	long result = TRY(process_madvise, process, &page, 1, COLD, 0);
	/* ENOMEM: nothing is mapped there, found out after the permission check. */
	if (result == -1 && refusal() == ENOMEM)
		worked("permission given, the address was wrong");
	else
		decide(result, "");
}

static void robust_list(const struct probe *probe)
{
	(void)probe;
	void *head;
	size_t length;
	decide(TRY(get_robust_list, world.target, &head, &length), "");
}

/*
 * An orphan's parent is PID 1, and whoever calls TRACEME makes its parent a tracer that it never wanted to be:
 * a supervisor that takes a trace stop for an end loses a job.
 */
static void make_tracer(const struct probe *probe)
{
	(void)probe;
	int end[2];
	char none;
	if (pipe(end) == -1)
		untried("pipe");
	pid_t middle = fork();
	if (middle == 0) {
		if (fork() > 0)
			_exit(0);
		for (int i = 0; i < 1000 && getppid() != 1; i++)
			usleep(1000);
		decide(TRY(ptrace, PTRACE_TRACEME, 0, 0, 0), "parent is %d", getppid());
		_exit(0);
	}
	close(end[1]);
	waitpid(middle, NULL, 0);
	if (read(end[0], &none, 1) == -1)
		untried("read");
}

static void find_host_process(const struct probe *probe)
{
	(void)probe;
	const char *token = outside("token");
	if (token == NULL)
		untried("no decoy outside was named");
	DIR *all = opendir("/proc");
	int seen = 0;
	for (struct dirent *entry = all == NULL ? NULL : readdir(all); entry != NULL; entry = readdir(all)) {
		char path[300], words[4096];
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || strcmp(entry->d_name, "self") == 0)
			continue;
		snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		long length = slurp(path, words, sizeof words);
		seen++;
		/* The decoy's second word; our own command line may name the token too, but not there. */
		const char *first_end = length > 0 ? memchr(words, '\0', (size_t)length) : NULL;
		if (first_end != NULL && first_end + 7 < words + length && strcmp(first_end + 1, "decoy") == 0
			&& strcmp(first_end + 7, token) == 0) {
			worked("pid %s of the host", entry->d_name);
			return;
		}
	}
	refused("%d processes seen, none of the host", seen);
}

static void signal_host_process(const struct probe *probe)
{
	(void)probe;
	long pid = bound("pid", 0);
	if (pid == 0)
		untried("no decoy outside was named");
	long result = TRY(kill, pid, 0);
	char path[64], words[256] = "";
	snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
	if (result == 0 && slurp(path, words, sizeof words) > 0 && strstr(words, "redoubt-escape") == NULL)
		refused("the number belongs to a process of our own");
	else
		decide(result, "");
}

#define TARGET(name_, gain_, attack_, ...) \
	{ name_, gain_, .attack = attack_, .arena = arena_victim, __VA_ARGS__ }
#define READ(file, gain_) \
	TARGET("pid1-" file, gain_, reach_proc, .walls = "A", .value = O_RDONLY, .text = file)
#define WRITE(file, gain_) \
	TARGET("pid1-" file, gain_, reach_proc, .walls = "AC", .value = O_WRONLY, .text = file)
#define LINKS(file, gain_) \
	TARGET("pid1-" file, gain_, follow_links, .walls = "A", .text = file)
#define DIRECTORY(file, gain_) \
	TARGET("pid1-" file, gain_, reach_proc, .walls = "A", .value = O_RDONLY | O_DIRECTORY, .text = file)

const struct probe process_probes[] = {
	TARGET("pid1-ptrace-attach", "control over PID 1", attach, .walls = "BA", .value = PTRACE_ATTACH),
	TARGET("pid1-ptrace-seize", "control over PID 1, quietly", attach, .walls = "BA", .value = PTRACE_SEIZE),
	TARGET("pid1-vm-read", "PID 1's memory", read_memory, .walls = "BA"),
	TARGET("pid1-vm-write", "PID 1's memory, changed", write_memory, .walls = "BA"),
	READ("mem", "PID 1's memory as a file"),
	TARGET("pid1-mem-write", "PID 1's memory as a file, changed", reach_proc, .cve = "CVE-2012-0056", .walls = "A",
		.value = O_RDWR, .text = "mem"),
	READ("environ", "secrets in PID 1's environment"),
	READ("maps", "addresses of PID 1's code"),
	READ("auxv", "addresses of PID 1's code"),
	READ("syscall", "addresses of PID 1's stack"),
	READ("stack", "kernel addresses"),
	READ("pagemap", "physical addresses, for rowhammer"),
	READ("io", "what PID 1 reads and writes"),
	READ("personality", "whether PID 1's addresses are random"),
	DIRECTORY("root", "PID 1's root, outside when that is another"),
	DIRECTORY("cwd", "PID 1's directory, outside when a launcher left it there"),
	LINKS("fd", "PID 1's open files"),
	DIRECTORY("fdinfo", "what PID 1's open files are"),
	LINKS("map_files", "PID 1's mapped files"),
	TARGET("pid1-exe", "the program that the host started, to overwrite it", reach_proc, .cve = "CVE-2019-5736",
		.walls = "A", .value = O_RDONLY, .text = "exe"),
	WRITE("oom_score_adj", "PID 1 as first victim of a memory bomb"),
	WRITE("coredump_filter", "more of PID 1 in a core file"),
	WRITE("clear_refs", "PID 1's page accounting reset"),
	TARGET("pid1-pidfd-getfd", "the guest's channel to the node", take_descriptor, .walls = "BA"),
	TARGET("pid1-kill", "the end of the sandbox's supervisor", send_signal, .walls = "A", .value = SIGKILL),
	TARGET("pid1-stop", "a supervisor that answers nobody", send_signal, .walls = "A", .value = SIGSTOP),
	TARGET("pid1-terminate", "the end of the sandbox's supervisor", send_signal, .walls = "A", .value = SIGTERM),
	TARGET("pid1-kill-by-pidfd", "the end of the sandbox's supervisor", send_by_pidfd, .walls = "BA"),
	TARGET("pid1-kill-by-thread", "the end of the sandbox's supervisor", send_to_thread, .walls = "A"),
	TARGET("pid1-forged-signal", "a signal with a false sender", send_forged, .walls = "A"),
	TARGET("pid1-lower-limit", "limits that break every later job", lower_limit, .walls = "BA"),
	TARGET("pid1-read-limit", "PID 1's limits", read_limit, .walls = "BA"),
	TARGET("pid1-scheduler", "a supervisor without processor time", change_policy, .walls = "BA"),
	TARGET("pid1-affinity", "a supervisor bound to one busy processor", change_affinity, .walls = "BA"),
	TARGET("pid1-priority", "a supervisor that comes last", change_priority, .walls = "BA"),
	TARGET("pid1-io-priority", "a supervisor that reads last", change_io_priority, .walls = "BA"),
	TARGET("pid1-kcmp", "the order of kernel addresses", compare, .walls = "BA"),
	TARGET("pid1-migrate-pages", "PID 1's memory moved", migrate, .walls = "BA", .absent = ENOSYS),
	TARGET("pid1-move-pages", "where PID 1's memory is", move, .walls = "BA", .absent = ENOSYS),
	TARGET("pid1-madvise", "PID 1's memory swapped out", advise, .walls = "BA"),
	TARGET("pid1-robust-list", "addresses of PID 1's threads", robust_list, .walls = "BA"),
	{ "pid1-made-tracer", "a supervisor that takes a trace stop for the end of a job", .walls = "B",
		.attack = make_tracer, .arena = arena_private },
	{ "host-process-seen", "what else runs on the machine, with its arguments", .walls = "A",
		.attack = find_host_process },
	{ "host-process-signalled", "the end of any process on the machine", .walls = "A", .attack = signal_host_process },
	{ 0 },
};

/*
 * A root job may become any user of its sandbox but the guest's own, which only the filter keeps from it. What still
 * protects the guest where the filter is away is neither a capability nor an id.
 */
static void as_guest(const struct probe *probe)
{
	TRY(setresgid, GUEST_UID, GUEST_UID, GUEST_UID);
	if (TRY(setresuid, GUEST_UID, GUEST_UID, GUEST_UID) == -1) {
		refused("cannot become the guest's user");
		return;
	}
	probe->then(probe);
}

/* A call by its number, and which of its arguments names the guest: -1, and so nothing, in the others. */
#define TAKEN_BY(number_, argument_) ((long)(number_) << 8 | (argument_))

static void take_guest_id(const struct probe *probe)
{
	unsigned long ids[3] = { (uint32_t)-1, (uint32_t)-1, (uint32_t)-1 };
	ids[probe->value & 3] = GUEST_UID;
	attempt(probe->text, probe->value >> 8, ids[0], ids[1], ids[2], 0, 0, 0);
	int error = refusal();
	char status[4096], *line;
	if (slurp("/proc/self/status", status, sizeof status) <= 0 || (line = strstr(status, "\nUid:")) == NULL)
		untried("no /proc/self/status");
	/* Both lines, of four ids each: real, effective, saved, for files. */
	char *end = strstr(line, "\nGroups:");
	if (end != NULL)
		*end = '\0';
	answered(error);
	if (strstr(line, "\t65533") != NULL)
		worked("has the guest's id");
	else
		refused("has not the guest's id");
}

#define TAKE_ID(name_, call_, argument_) \
	{ "guest-id-" name_, "the guest's own id, with which it may be signalled", .walls = "BA", .attack = take_guest_id, \
		.value = TAKEN_BY(SYS_##call_, argument_), .text = #call_ }

#define AS_GUEST(name_, gain_, attack_, walls_, ...) \
	{ "guest-user-" name_, gain_, .walls = walls_, .attack = as_guest, .arena = arena_guest_victim, .then = attack_, \
		__VA_ARGS__ }

const struct probe guest_user_probes[] = {
	AS_GUEST("ptrace", "control over the guest as its own user", attach, "BA", .value = PTRACE_ATTACH),
	AS_GUEST("vm-read", "the guest's memory", read_memory, "BA"),
	AS_GUEST("vm-write", "the guest's memory, changed", write_memory, "BA"),
	AS_GUEST("mem", "the guest's memory as a file", reach_proc, "BA", .value = O_RDWR, .text = "mem"),
	AS_GUEST("environ", "the guest's environment", reach_proc, "BA", .value = O_RDONLY, .text = "environ"),
	AS_GUEST("fd", "the guest's open files", follow_links, "BA", .text = "fd"),
	AS_GUEST("exe", "the guest's program", reach_proc, "BA", .value = O_RDONLY, .text = "exe"),
	AS_GUEST("oom", "the guest as first victim of a memory bomb", reach_proc, "BAC", .value = O_WRONLY,
		.text = "oom_score_adj"),
	AS_GUEST("pidfd-getfd", "the guest's channel to the node", take_descriptor, "BA"),
	AS_GUEST("kill", "the end of the guest", send_signal, "BA", .value = SIGKILL),
	AS_GUEST("stop", "a guest that answers nobody", send_signal, "BA", .value = SIGSTOP),
	AS_GUEST("lower-limit", "limits that break every later job", lower_limit, "BA"),
	AS_GUEST("scheduler", "a guest without processor time", change_policy, "BA"),
	AS_GUEST("affinity", "a guest bound to one busy processor", change_affinity, "BA"),
	AS_GUEST("priority", "a guest that comes last", change_priority, "BA"),
	AS_GUEST("io-priority", "a guest that reads last", change_io_priority, "BA"),
	TAKE_ID("setuid", setuid, 0),
	TAKE_ID("setreuid-real", setreuid, 0),
	TAKE_ID("setreuid-effective", setreuid, 1),
	TAKE_ID("setresuid-real", setresuid, 0),
	TAKE_ID("setresuid-effective", setresuid, 1),
	TAKE_ID("setresuid-saved", setresuid, 2),
	TAKE_ID("setfsuid", setfsuid, 0),
	TAKE_ID("setgid", setgid, 0),
	TAKE_ID("setregid-real", setregid, 0),
	TAKE_ID("setregid-effective", setregid, 1),
	TAKE_ID("setresgid-real", setresgid, 0),
	TAKE_ID("setresgid-effective", setresgid, 1),
	TAKE_ID("setresgid-saved", setresgid, 2),
	TAKE_ID("setfsgid", setfsgid, 0),
	{ 0 },
};
