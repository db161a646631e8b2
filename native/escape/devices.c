/* Device nodes: making them, opening them, and whatever else /dev holds. */
#include "probe.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void make_and_open(const char *directory, mode_t kind, unsigned major_number, unsigned minor_number)
{
	char path[128];
	char bytes[512];
	snprintf(path, sizeof path, "%s/redoubt-escape-node", strcmp(directory, "/") == 0 ? "" : directory);
	if (TRY(mknodat, AT_FDCWD, path, kind | 0600, makedev(major_number, minor_number)) == -1) {
		refused("%s %u:%u", path, major_number, minor_number);
		return;
	}
	long fd = TRY(openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	long count = fd == -1 ? -1 : TRY(read, fd, bytes, sizeof bytes);
	unlink(path);
	decide(count, "%s %u:%u", path, major_number, minor_number);
}

static void host_disk(const struct probe *probe)
{
	unsigned major_number, minor_number;
	const char *disk = outside("disk");
	/* Without a word from outside: 8:0, the first SCSI disk. Making the node is refused all the same. */
	if (disk == NULL || sscanf(disk, "%u:%u", &major_number, &minor_number) != 2) {
		major_number = 8;
		minor_number = 0;
	}
	make_and_open(probe->text, S_IFBLK, major_number, minor_number);
}

static void kernel_log(const struct probe *probe)
{
	(void)probe;
	make_and_open(world.scratch, S_IFCHR, 1, 11);
}

static void open_device(const struct probe *probe)
{
	decide(TRY(openat, AT_FDCWD, probe->text, probe->value | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), "%s", probe->text);
}

static void open_disk(const struct probe *probe)
{
	(void)probe;
	static const char *const DISKS[] = { "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda", "/dev/dm-0", "/dev/loop0" };
	long fd = -1;
	for (size_t i = 0; i < sizeof DISKS / sizeof *DISKS && fd == -1; i++)
		fd = TRY(openat, AT_FDCWD, DISKS[i], O_RDONLY | O_CLOEXEC);
	decide(fd, "");
}

static bool expected(const char *name)
{
	static const char *const NAMES[] = {
		"null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd", "stdin", "stdout", "stderr",
		"console", "mqueue", ".", "..",
	};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (strcmp(NAMES[i], name) == 0)
			return true;
	return false;
}

static void surplus(const struct probe *probe)
{
	(void)probe;
	char all[300] = "";
	size_t filled = 0;
	int count = 0;
	DIR *dev = opendir("/dev");
	for (struct dirent *entry = dev == NULL ? NULL : readdir(dev); entry != NULL; entry = readdir(dev)) {
		struct stat status;
		if (expected(entry->d_name) || fstatat(dirfd(dev), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode))
			continue;
		count++;
		if (filled < sizeof all)
			filled += (size_t)snprintf(all + filled, sizeof all - filled, " %s", entry->d_name);
	}
	if (count == 0)
		refused("only the safe ones");
	else
		worked("%d:%s", count, all);
}

static void tunnel(const struct probe *probe)
{
	(void)probe;
	long fd = TRY(openat, AT_FDCWD, "/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd == -1) {
		refused("/dev/net/tun");
		return;
	}
	/* struct ifreq: a name of sixteen bytes and flags; 0x1001 is IFF_TUN without packet information. */
	struct {
		char name[16];
		short flags;
		char rest[22];
	} request = { .flags = 0x1001 };
	decide(TRY(ioctl, fd, 0x400454caUL, &request), "");
}

#define OPEN(name_, path, flags, gain_) \
	{ "device-" name_, gain_, .walls = "AC", .attack = open_device, .value = flags, .text = path, .absent = ENOENT }
#define DISK(where, path) \
	{ "mknod-disk-" where, "the host's disk, block by block", .walls = "BAC", .attack = host_disk, \
		.arena = arena_private, .text = path, .absent = ENXIO }

const struct probe device_probes[] = {
	DISK("root", "/"),
	DISK("tmp", "/tmp"),
	DISK("shm", "/dev/shm"),
	DISK("dev", "/dev"),
	{ "mknod-kernel-log", "the host's kernel log", .walls = "BAC", .attack = kernel_log, .arena = arena_private },
	{ "device-disk", "the host's disk, block by block", .walls = "AC", .attack = open_disk, .absent = ENOENT },
	OPEN("mem", "/dev/mem", O_RDONLY, "physical memory"),
	OPEN("kmem", "/dev/kmem", O_RDONLY, "kernel memory"),
	OPEN("port", "/dev/port", O_RDONLY, "the machine's ports"),
	OPEN("kmsg", "/dev/kmsg", O_RDONLY, "the host's kernel log"),
	OPEN("fuse", "/dev/fuse", O_RDWR, "a file system whose answers it controls"),
	OPEN("kvm", "/dev/kvm", O_RDWR, "the hypervisor's interface"),
	OPEN("loop-control", "/dev/loop-control", O_RDWR, "block devices of its own"),
	OPEN("btrfs-control", "/dev/btrfs-control", O_RDWR, "the host's btrfs volumes"),
	OPEN("mapper", "/dev/mapper/control", O_RDWR, "the host's logical volumes"),
	OPEN("vhost-net", "/dev/vhost-net", O_RDWR, "kernel threads that work for it"),
	OPEN("vhost-vsock", "/dev/vhost-vsock", O_RDWR, "kernel threads that work for it"),
	OPEN("userfaultfd", "/dev/userfaultfd", O_RDWR, "races in the kernel that it can win"),
	OPEN("uinput", "/dev/uinput", O_WRONLY, "keys typed on the host's console"),
	OPEN("console", "/dev/tty0", O_RDWR, "the host's console"),
	OPEN("latency", "/dev/cpu_dma_latency", O_RDONLY, "the host's power management"),
	OPEN("hardware-random", "/dev/hwrng", O_RDONLY, "the host's entropy source, drained"),
	OPEN("msr", "/dev/cpu/0/msr", O_RDONLY, "the processor's registers"),
	{ "device-surplus", "any device beyond the safe ones", .walls = "A", .attack = surplus },
	{ "tunnel", "packets of its own making", .walls = "AC", .attack = tunnel, .arena = arena_private },
	{ 0 },
};
