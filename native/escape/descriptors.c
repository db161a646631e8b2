/* What the launcher left open. Runs first, before the battery itself has opened anything. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void leaked(const struct probe *probe)
{
	(void)probe;
	char all[300] = "";
	size_t filled = 0;
	int count = 0;
	for (int fd = 3; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) == -1)
			continue;
		char path[32], target[128];
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(path, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = '\0';
		count++;
		if (filled < sizeof all)
			filled += (size_t)snprintf(all + filled, sizeof all - filled, " %d=%s", fd, target);
	}
	if (count == 0)
		refused("none beyond the three standard ones");
	else
		worked("%d:%s", count, all);
}

/* Climbs from a directory by ".." as far as it goes. */
static bool leads_out(int fd)
{
	struct stat root, here, before;
	stat("/", &root);
	int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at == -1)
		return false;
	fstat(at, &here);
	do {
		int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		if (above == -1)
			return false;
		at = above;
		before = here;
		fstat(at, &here);
	} while (here.st_ino != before.st_ino || here.st_dev != before.st_dev);
	close(at);
	return here.st_ino != root.st_ino || here.st_dev != root.st_dev;
}

static void leaked_directory(const struct probe *probe)
{
	(void)probe;
	if (leads_out(AT_FDCWD)) {
		worked("the working directory leads out");
		return;
	}
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1 && leads_out(fd)) {
			worked("descriptor %d leads out", fd);
			return;
		}
	refused("no descriptor leads above the root");
}

static void writable_standard(const struct probe *probe)
{
	(void)probe;
	for (int fd = 0; fd < 3; fd++) {
		struct stat status;
		char path[32];
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
			continue;
		if (TRY(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) != -1) {
			worked("descriptor %d is a file of the host, opened again for writing", fd);
			return;
		}
	}
	refused("none is a file that could be opened again");
}

static void standard_is_a_file(void)
{
	int fd = open(scratch("standard"), O_RDWR | O_CREAT, 0600);
	dup2(fd, 0);
	close(fd);
}

const struct probe descriptor_probes[] = {
	{ "leaked-descriptors", "files and sockets of the process that started it", .cve = "CVE-2016-9962", .walls = "A",
		.attack = leaked, .arena = arena_leaky_jail },
	{ "leaked-directory", "the host's files, by a directory that was left open", .cve = "CVE-2024-21626", .walls = "A",
		.attack = leaked_directory, .arena = arena_leaky_jail },
	{ "reopened-standard-files", "a file of the host behind its standard input or output", .walls = "A",
		.attack = writable_standard, .arena = standard_is_a_file },
	{ 0 },
};
