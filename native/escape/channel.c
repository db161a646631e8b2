/* The guest's own door inside the sandbox: /run/redoubt, and the socket at which sudo asks. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANY = 512 };

static char directory[108] = "/run/redoubt";

static const char *in_directory(const char *name)
{
	static char path[160];
	snprintf(path, sizeof path, "%.100s/%s", directory, name);
	return path;
}

static long knock(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%.107s", in_directory("sudo.sock"));
	long fd = TRY(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* A server of records instead of a stream. */
	if (TRY(connect, fd, &address, sizeof address) == -1 && refusal() == EPROTOTYPE) {
		close((int)fd);
		fd = TRY(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		TRY(connect, fd, &address, sizeof address);
	}
	return refusal() == 0 ? fd : -1;
}

static void fill_door(const struct probe *probe)
{
	(void)probe;
	int count = 0;
	while (count < MANY && knock() != -1)
		count++;
	decide(count < MANY ? -1 : 0, "%d connections", count);
}

/* Takes the name away from the guest: whoever asks sudo next tells us the command. */
static void replace_door(const struct probe *probe)
{
	(void)probe;
	char door[160], aside[160];
	snprintf(door, sizeof door, "%s", in_directory("sudo.sock"));
	snprintf(aside, sizeof aside, "%s", in_directory("sudo.old"));
	long result = TRY(renameat, AT_FDCWD, door, AT_FDCWD, aside);
	if (result == 0)
		rename(aside, door);
	decide(result, "%s", door);
}

static void write_beside(const struct probe *probe)
{
	(void)probe;
	const char *path = in_directory("escape");
	long fd = TRY(openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	unlink(path);
	decide(fd, "%s", path);
}

/* A door that is answered by nobody and has room for all. */
static void arena_with_door(void)
{
	snprintf(directory, sizeof directory, "%s", world.scratch);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%.107s", in_directory("sudo.sock"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1 || listen(fd, MANY * 2) == -1)
		untried("arena: no door: errno %d", errno);
}

const struct probe channel_probes[] = {
	{ "sudo-socket-full", "a guest that cannot answer other jobs", .walls = "AD", .attack = fill_door,
		.arena = arena_with_door },
	{ "sudo-socket-replaced", "commands that other jobs hand to sudo", .walls = "A", .attack = replace_door,
		.arena = arena_with_door },
	{ "guest-directory-written", "files that the guest or other jobs trust", .walls = "A", .attack = write_beside,
		.arena = arena_with_door },
	{ 0 },
};
