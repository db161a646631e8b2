/* Files of /proc and /sys that switch or show the host. Opening for writing is the attack; nothing is written. */
#include "probe.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void open_switch(const struct probe *probe)
{
	struct stat behind;
	long fd = TRY(openat, AT_FDCWD, probe->text, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	/* A mask is /dev/null: it takes everything and does nothing. */
	if (fd != -1 && fstat((int)fd, &behind) == 0 && S_ISCHR(behind.st_mode))
		refused("%s is masked", probe->text);
	else
		decide(fd, "%s", probe->text);
}

static void read_file(const struct probe *probe)
{
	char bytes[512];
	long fd = TRY(openat, AT_FDCWD, probe->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1) {
		refused("%s", probe->text);
		return;
	}
	long count = TRY(read, fd, bytes, sizeof bytes);
	if (count == 0)
		refused("%s is empty", probe->text);
	else
		decide(count, "%s", probe->text);
}

static void list_directory(const struct probe *probe)
{
	char entries[1024];
	long fd = TRY(openat, AT_FDCWD, probe->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		refused("%s", probe->text);
		return;
	}
	/* An empty directory has two entries of 24 bytes. */
	long size = TRY(getdents64, fd, entries, sizeof entries);
	if (size >= 0 && size <= 48) {
		answered(world.control ? ENOENT : 0);
		refused("%s is empty", probe->text);
	} else
		decide(size, "%s", probe->text);
}

/* Addresses that kptr_restrict hides are printed as zeros. */
static void read_addresses(const struct probe *probe)
{
	char text[8192];
	long fd = TRY(openat, AT_FDCWD, probe->text, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		refused("%s", probe->text);
		return;
	}
	long count = TRY(read, fd, text, sizeof text - 1);
	text[count < 0 ? 0 : count] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		line += strspn(line, " ");
		size_t zeros = strspn(line, "0-");
		if (isxdigit((unsigned char)line[zeros]) && strspn(line, "0123456789abcdef-") >= 8) {
			worked("%s: %.17s", probe->text, line);
			return;
		}
	}
	refused("%s shows no address", probe->text);
}

static int writable;
static char first_writable[200];

static int try_write(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)at;
	if (type != FTW_F)
		return 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return 0;
	close(fd);
	if (writable++ == 0)
		snprintf(first_writable, sizeof first_writable, "%s", path);
	return 0;
}

static void walk(const struct probe *probe)
{
	if (nftw(probe->text, try_write, 16, FTW_PHYS | FTW_MOUNT) == -1) {
		refused("%s cannot be walked", probe->text);
		return;
	}
	if (writable == 0)
		refused("nothing below %s", probe->text);
	else
		worked("%d below %s, the first is %s", writable, probe->text, first_writable);
}

#define SWITCH(name_, path, gain_, cve_) \
	{ "write-" name_, gain_, .cve = cve_, .walls = "AC", .attack = open_switch, .arena = arena_private, .text = path, \
		.absent = ENOENT }
#define SHOW(name_, path, gain_) \
	{ "read-" name_, gain_, .walls = "AC", .attack = read_file, .text = path, .absent = ENOENT }
#define LIST(name_, path, gain_) \
	{ "list-" name_, gain_, .walls = "AC", .attack = list_directory, .text = path, .absent = ENOENT }
#define ADDRESSES(name_, path, gain_) \
	{ "read-" name_, gain_, .walls = "AC", .attack = read_addresses, .text = path, .absent = ENOENT }

const struct probe proc_probes[] = {
	SWITCH("sysrq", "/proc/sysrq-trigger", "the machine's reset button", NULL),
	SWITCH("core-pattern", "/proc/sys/kernel/core_pattern", "a program run by the host's kernel as root", NULL),
	SWITCH("modprobe", "/proc/sys/kernel/modprobe", "a program run by the host's kernel as root", NULL),
	SWITCH("hostname", "/proc/sys/kernel/hostname", "another host name", NULL),
	SWITCH("panic", "/proc/sys/kernel/panic", "what the machine does after an oops", NULL),
	SWITCH("drop-caches", "/proc/sys/vm/drop_caches", "a cold cache for every neighbour", NULL),
	SWITCH("overcommit", "/proc/sys/vm/overcommit_memory", "how memory is given out on the host", NULL),
	SWITCH("suid-dumpable", "/proc/sys/fs/suid_dumpable", "core files of setuid programs", NULL),
	SWITCH("last-pid", "/proc/sys/kernel/ns_last_pid", "the next pid, for races", NULL),
	SWITCH("binfmt", "/proc/sys/fs/binfmt_misc/register", "an interpreter of its choice for others' programs", NULL),
	SWITCH("irq", "/proc/irq/default_smp_affinity", "which processor is interrupted", NULL),
	SWITCH("uevent-helper", "/sys/kernel/uevent_helper", "a program run by the host's kernel as root", NULL),
	SWITCH("mtrr", "/proc/mtrr", "how memory is cached", NULL),
	{ "write-any-sysctl", "any switch of the kernel", .walls = "AC", .attack = walk, .arena = arena_private,
		.text = "/proc/sys" },
	{ "write-any-sysfs", "any switch of a device", .walls = "A", .attack = walk, .arena = arena_private,
		.text = "/sys/kernel" },
	SHOW("kcore", "/proc/kcore", "the kernel's memory"),
	SHOW("keys", "/proc/keys", "keys of others"),
	SHOW("timer-list", "/proc/timer_list", "what the host's processes wait for, and addresses"),
	SHOW("sched-debug", "/proc/sched_debug", "every process of the host"),
	SHOW("kernel-config", "/proc/config.gz", "how the kernel was built, to choose an exploit"),
	SHOW("kernel-log", "/proc/kmsg", "the host's kernel log"),
	SHOW("slabinfo", "/proc/slabinfo", "the state of the kernel's heap, for heap attacks"),
	SHOW("pagetypeinfo", "/proc/pagetypeinfo", "the state of the page allocator, for heap attacks"),
	SHOW("buddyinfo", "/proc/buddyinfo", "the state of the page allocator, for heap attacks"),
	SHOW("kpagecount", "/proc/kpagecount", "who else maps a page"),
	SHOW("kpageflags", "/proc/kpageflags", "what each page is used for"),
	SHOW("modules", "/proc/modules", "loaded modules, to choose an exploit"),
	SHOW("kernel-command-line", "/proc/cmdline", "how the host was started"),
	SHOW("cgroups", "/proc/cgroups", "how many cgroups the host has"),
	SHOW("key-users", "/proc/key-users", "which users of the host hold keys"),
	SHOW("consoles", "/proc/consoles", "the host's consoles"),
	SHOW("crypto", "/proc/crypto", "which ciphers the host uses"),
	SHOW("driver-devices", "/proc/devices", "which drivers the host has"),
	SHOW("misc-devices", "/proc/misc", "which drivers the host has"),
	SHOW("thermal-pressure", "/sys/class/thermal/thermal_zone0/temp", "the work of neighbours, by heat"),
	LIST("acpi", "/proc/acpi", "the host's hardware"),
	LIST("bus", "/proc/bus", "the host's hardware"),
	LIST("irq", "/proc/irq", "the host's hardware"),
	LIST("file-systems", "/proc/fs", "the host's disks"),
	LIST("scsi", "/proc/scsi", "the host's disks"),
	LIST("sysfs", "/sys", "the host's devices and kernel settings"),
	LIST("cgroup-tree", "/sys/fs/cgroup", "every sandbox of the host"),
	LIST("firmware", "/sys/firmware", "the host's firmware tables"),
	LIST("debugfs", "/sys/kernel/debug", "the kernel's insides"),
	ADDRESSES("kernel-symbols", "/proc/kallsyms", "addresses of kernel functions"),
	ADDRESSES("memory-map", "/proc/iomem", "where the kernel lies in memory"),
	SHOW("vmalloc-map", "/proc/vmallocinfo", "the state of the kernel's heap, for heap attacks"),
	{ 0 },
};
