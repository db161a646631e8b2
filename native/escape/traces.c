/* What tells a sandbox about the host and its neighbours, without any call being refused. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *told(const char *key)
{
	const char *value = outside(key);
	if (value == NULL)
		untried("the host's %s was not told", key);
	return value;
}

/* Opened through TRY so that a refusal has an errno; false when the verdict is given. */
static bool read_text(const char *path, char *text, size_t size)
{
	long fd = TRY(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		refused("%s", path);
		return false;
	}
	close((int)fd);
	if (slurp(path, text, size) <= 0) {
		refused("%s is empty", path);
		return false;
	}
	return true;
}

static void host_name(const struct probe *probe)
{
	(void)probe;
	struct utsname name;
	uname(&name);
	if (strcmp(name.nodename, told("hostname")) == 0)
		worked("%s", name.nodename);
	else
		refused("another name: %s", name.nodename);
}

/* A file whose content names the machine. */
static void same_identity(const struct probe *probe)
{
	char text[256];
	const char *key = strcmp(probe->text, "/etc/machine-id") == 0 ? "machine" : "boot";
	if (world.control && outside(key) == NULL) {
		answered(ENOENT);
		refused("the host has none");
		return;
	}
	if (!read_text(probe->text, text, sizeof text))
		return;
	text[strcspn(text, "\n")] = '\0';
	/* A host without machine-id cannot leak it. */
	if (outside(key) != NULL && strcmp(text, outside(key)) == 0)
		worked("%s is the host's", probe->text);
	else
		refused("%s is another", probe->text);
}

static void host_paths(const struct probe *probe)
{
	(void)probe;
	static char table[65536];
	if (!read_text("/proc/self/mountinfo", table, sizeof table))
		return;
	for (char *line = strtok(table, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char root[512], point[512];
		/* lowerdir=/..., lowerdir+=/..., upperdir=/..., workdir=/... */
		const char *layers = strstr(line, " - overlay ");
		if (layers != NULL && (strstr(layers, "dir=/") != NULL || strstr(layers, "dir+=/") != NULL)) {
			worked("%.200s", layers + 3);
			return;
		}
		/*
		 * Masks and synthesised files lie directly in their file system, devices in /dev, and of /proc only
		 * itself is bound: any other directory within a directory is a path of the host.
		 */
		if (sscanf(line, "%*s %*s %*s %511s %511s", root, point) == 2 && root[0] == '/'
			&& strchr(root + 1, '/') != NULL && strncmp(root, "/dev/", 5) != 0
			&& strstr(line, " - proc ") == NULL) {
			worked("%s comes from %s", point, root);
			return;
		}
	}
	refused("no path of the host");
}

static void arena_with_bind(void)
{
	arena_private();
	mkdir("/tmp/of", 0755);
	mkdir("/tmp/of/the-host", 0755);
	if (mount("/tmp/of/the-host", world.scratch, NULL, MS_BIND, NULL) == -1)
		untried("arena: bind: errno %d", errno);
}

static void cgroup_path(const struct probe *probe)
{
	(void)probe;
	char text[4096];
	if (!read_text("/proc/self/cgroup", text, sizeof text))
		return;
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		const char *path = strchr(line, '/');
		if (path != NULL && path[1] != '\0') {
			worked("%s", line);
			return;
		}
	}
	refused("only roots");
}

/*
 * Outside every cgroup namespace a process sees where it is. Ours may be the root itself, so the control makes
 * a cgroup of its own in the freezer, the one hierarchy where being a member changes nothing.
 */
static char own_cgroup[128];

static void leave_cgroup(void)
{
	spill("/sys/fs/cgroup/freezer/cgroup.procs", "0");
	rmdir(own_cgroup);
}

static void named_cgroup(const struct probe *probe)
{
	if (world.control) {
		char file[160];
		snprintf(own_cgroup, sizeof own_cgroup, "/sys/fs/cgroup/freezer/redoubt-escape-%d", getpid());
		snprintf(file, sizeof file, "%s/cgroup.procs", own_cgroup);
		if (mkdir(own_cgroup, 0755) == 0)
			spill(file, "0");
	}
	cgroup_path(probe);
	if (world.control)
		leave_cgroup();
}

/* A file of which only the host has the like: any number in it other than 0. */
static void busy_numbers(const struct probe *probe)
{
	char text[4096];
	if (!read_text(probe->text, text, sizeof text))
		return;
	if (strpbrk(text, "123456789") != NULL)
		worked("%s: %.60s", probe->text, text);
	else {
		answered(world.control ? ENOENT : 0);
		refused("%s shows only zeros", probe->text);
	}
}

/* The number is of all terminals of the machine; a control makes sure that there is one. */
static void terminals(const struct probe *probe)
{
	if (world.control)
		open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	busy_numbers(probe);
}

static void load_average(const struct probe *probe)
{
	(void)probe;
	char text[128];
	if (!read_text("/proc/loadavg", text, sizeof text))
		return;
	double one, five, fifteen;
	unsigned running, all;
	if (sscanf(text, "%lf %lf %lf %u/%u", &one, &five, &fifteen, &running, &all) != 5)
		untried("/proc/loadavg: %s", text);
	/* A sandbox with this battery in it has a handful of tasks. */
	if (one + five + fifteen > 0 || all > 64)
		worked("load of the host: %s", text);
	else
		refused("%s", text);
}

static void memory_total(const struct probe *probe)
{
	(void)probe;
	char text[256];
	if (!read_text("/proc/meminfo", text, sizeof text))
		return;
	long kilobytes = atol(text + strcspn(text, "0123456789"));
	if (kilobytes == atol(told("memory-total")))
		worked("the host's %ld kB", kilobytes);
	else
		refused("%ld kB", kilobytes);
}

static void system_information(const struct probe *probe)
{
	(void)probe;
	struct sysinfo facts;
	memset(&facts, 0, sizeof facts);
	if (TRY(sysinfo, &facts) == -1) {
		refused("");
		return;
	}
	long kilobytes = (long)(facts.totalram * facts.mem_unit / 1024);
	if (kilobytes == atol(told("memory-total")))
		worked("memory %ld kB, %u tasks, load %lu", kilobytes, facts.procs, facts.loads[0]);
	else
		refused("memory %ld kB, %u tasks, load %lu", kilobytes, facts.procs, facts.loads[0]);
}

static void processors(const struct probe *probe)
{
	(void)probe;
	static char text[1 << 18];
	if (!read_text("/proc/cpuinfo", text, sizeof text))
		return;
	long count = 0;
	for (const char *at = text; (at = strstr(at, "processor\t")) != NULL; at++)
		count++;
	bool all = count == atol(told("cpus"));
	if (all && count == 1 && !world.control)
		harmless("the host has one, and no sandbox sees fewer");
	else if (all)
		worked("all %ld of the host", count);
	else
		refused("%ld", count);
}

/* Where a task may run is told in processors of the host, whatever share of them it gets. */
static void affinity(const struct probe *probe)
{
	(void)probe;
	unsigned long mask[16] = { 0 };
	long size = TRY(sched_getaffinity, 0, sizeof mask, mask);
	long count = 0;
	for (long i = 0; i < size / (long)sizeof *mask; i++)
		count += __builtin_popcountl(mask[i]);
	if (size != -1 && count == atol(told("cpus")))
		worked("all %ld of the host", count);
	else
		refused("%ld", count);
}

/* "file:word": the counters after a word in a file; nothing happened when they are all 0. */
static void busy_counter(const struct probe *probe)
{
	const char *colon = strrchr(probe->text, ':');
	char path[64], text[32768];
	snprintf(path, sizeof path, "%.*s", (int)(colon - probe->text), probe->text);
	if (!read_text(path, text, sizeof text))
		return;
	const char *at = strstr(text, colon + 1);
	char *line = at == NULL ? NULL : strtok((char *)at + strlen(colon + 1), "\n");
	if (line != NULL && strpbrk(line, "123456789") != NULL)
		worked("%s: %s%.60s", path, colon + 1, line);
	else
		refused("%s counts nothing", path);
}

static void idle_time(const struct probe *probe)
{
	(void)probe;
	char text[64];
	double up = 0, idle = 0;
	if (!read_text("/proc/uptime", text, sizeof text))
		return;
	sscanf(text, "%lf %lf", &up, &idle);
	if (idle > 0)
		worked("%s", text);
	else
		refused("%s", text);
}

static void boot_time(const struct probe *probe)
{
	(void)probe;
	struct {
		long seconds, nanoseconds;
	} now = { 0, 0 };
	enum { BOOTTIME = 7 };
	long result = TRY(clock_gettime, BOOTTIME, &now);
	decide(result, "%ld s ago", now.seconds);
}

static void disk_size(const struct probe *probe)
{
	(void)probe;
	struct statvfs size;
	if (TRY(statfs, "/", &size) == -1) {
		refused("");
		return;
	}
	statvfs("/", &size);
	if ((long)size.f_blocks == atol(told("blocks")))
		worked("the host's %lu blocks", (unsigned long)size.f_blocks);
	else
		refused("%lu blocks", (unsigned long)size.f_blocks);
}

/* A major number other than 0 is a block device of the host. */
static void device_numbers(const struct probe *probe)
{
	(void)probe;
	static const char *const PATHS[] = { "/", "/tmp", "/etc", "/etc/hosts", "/etc/resolv.conf", "/run", "/dev", "/dev/shm" };
	for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
		struct stat status;
		if (stat(PATHS[i], &status) == 0 && major(status.st_dev) != 0) {
			worked("%s is on device %u:%u", PATHS[i], major(status.st_dev), minor(status.st_dev));
			return;
		}
	}
	refused("no path on a block device");
}

/* Namespaces are numbered for the whole machine: the number says how many there were. */
static void counters(const struct probe *probe)
{
	(void)probe;
	struct stat status;
	if (stat("/proc/self/ns/mnt", &status) == -1) {
		refused("");
		return;
	}
	worked("mount namespace %lu", (unsigned long)status.st_ino);
}

static void host_locks(const struct probe *probe)
{
	(void)probe;
	static char text[65536];
	char wanted[32];
	snprintf(wanted, sizeof wanted, ":%s ", told("lock"));
	if (!read_text("/proc/locks", text, sizeof text))
		return;
	if (strstr(text, wanted) != NULL)
		worked("the decoy's lock on inode %s", told("lock"));
	else
		refused("not the host's locks");
}

static void core_handler(const struct probe *probe)
{
	(void)probe;
	char text[256];
	if (read_text("/proc/sys/kernel/core_pattern", text, sizeof text))
		worked("%s", text);
}

static void kernel_release(const struct probe *probe)
{
	(void)probe;
	struct utsname name;
	uname(&name);
	worked("%s %s", name.sysname, name.release);
}

#define NUMBERS(name_, path, gain_) \
	{ "trace-" name_, gain_, .walls = "A", .attack = busy_numbers, .text = path, .absent = ENOENT }

const struct probe trace_probes[] = {
	{ "trace-hostname", "which machine it is on", .walls = "A", .attack = host_name },
	{ "trace-machine-id", "which machine it is on", .walls = "A", .attack = same_identity, .text = "/etc/machine-id",
		.absent = ENOENT },
	{ "trace-boot-id", "which machine it is on, and which neighbours are on the same", .walls = "A",
		.attack = same_identity, .text = "/proc/sys/kernel/random/boot_id" },
	{ "trace-mount-paths", "paths of the host", .walls = "A", .attack = host_paths, .arena = arena_with_bind },
	{ "trace-cgroup-path", "its own name on the host", .walls = "A", .attack = named_cgroup },
	{ "trace-load", "the work of neighbours, a channel between sandboxes", .walls = "A", .attack = load_average },
	{ "trace-memory", "how large the host is", .walls = "A", .attack = memory_total },
	{ "trace-sysinfo", "the host's memory, tasks and load by a call", .walls = "B", .attack = system_information },
	{ "trace-processors", "how many processors the host has", .walls = "A", .attack = processors },
	{ "trace-disk-size", "the size and the filling of the host's disk", .walls = "D", .attack = disk_size },
	{ "trace-device-numbers", "the host's disks by number", .walls = "A", .attack = device_numbers },
	{ "trace-namespace-numbers", "how many sandboxes were started", .walls = "A", .attack = counters },
	{ "trace-locks", "which files of the host are locked", .walls = "A", .attack = host_locks },
	{ "trace-core-pattern", "where the host puts core files", .walls = "A", .attack = core_handler },
	{ "trace-kernel-release", "which kernel it attacks", .walls = "A", .attack = kernel_release },
	{ "trace-processor-time", "the work of neighbours, a channel between sandboxes", .walls = "A",
		.attack = busy_counter, .text = "/proc/stat:cpu " },
	{ "trace-switches", "the work of neighbours, a channel between sandboxes", .walls = "A", .attack = busy_counter,
		.text = "/proc/stat:ctxt" },
	{ "trace-paging", "the memory traffic of neighbours", .walls = "A", .attack = busy_counter,
		.text = "/proc/vmstat:pgfault" },
	{ "trace-idle-time", "how idle the host is", .walls = "A", .attack = idle_time },
	{ "trace-boot-time", "when the host was started", .walls = "AB", .attack = boot_time },
	{ "trace-affinity", "how many processors the host has", .walls = "D", .attack = affinity },
	NUMBERS("disk-activity", "/proc/diskstats", "the disk traffic of neighbours"),
	NUMBERS("zones", "/proc/zoneinfo", "the memory of neighbours"),
	NUMBERS("pressure", "/proc/pressure/cpu", "the work of neighbours, a channel between sandboxes"),
	NUMBERS("interrupts", "/proc/interrupts", "the network and disk traffic of neighbours, keystrokes"),
	NUMBERS("soft-interrupts", "/proc/softirqs", "the network and disk traffic of neighbours"),
	NUMBERS("scheduler", "/proc/schedstat", "the work of neighbours"),
	NUMBERS("partitions", "/proc/partitions", "the host's disks"),
	NUMBERS("swaps", "/proc/swaps", "the host's swap"),
	NUMBERS("open-files", "/proc/sys/fs/file-nr", "how many files neighbours have open"),
	{ "trace-terminals", "how many terminals neighbours have open", .walls = "A", .attack = terminals,
		.text = "/proc/sys/kernel/pty/nr" },
	{ 0 },
};
