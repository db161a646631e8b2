/* Reading, writing and removing small files; talking to netlink. */
#include "probe.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

long slurp(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	size_t filled = 0;
	while (filled < size - 1) {
		ssize_t count = read(fd, buffer + filled, size - 1 - filled);
		if (count <= 0)
			break;
		filled += (size_t)count;
	}
	close(fd);
	buffer[filled] = '\0';
	return (long)filled;
}

bool spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	bool whole = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return whole;
}

const char *scratch(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", world.scratch, name);
	return path;
}

const char *copy_of_self(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", world.scratch, name);
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (from == -1 || to == -1)
		untried("cannot copy this program to %s: errno %d", path, errno);
	char piece[65536];
	ssize_t count;
	while ((count = read(from, piece, sizeof piece)) > 0)
		if (write(to, piece, (size_t)count) != count)
			untried("cannot copy this program to %s: errno %d", path, errno);
	close(from);
	close(to);
	return path;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	if (at->level > 0)
		remove(path);
	return 0;
}

void remove_below(const char *directory)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int netlink(int protocol, const void *message, size_t length)
{
	int fd = (int)TRY(socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd == -1)
		return -1;
	struct sockaddr_storage kernel = { .ss_family = AF_NETLINK };
	/* sockaddr_nl is family, padding, port 0 (the kernel), groups 0: twelve bytes. */
	if (TRY(sendto, fd, message, length, 0, &kernel, 12) == -1) {
		close(fd);
		return -1;
	}
	struct {
		struct nl_header header;
		int error;
		char rest[512];
	} reply = { .error = -EPROTO };
	struct timeval second = { .tv_sec = 1 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	ssize_t got = recv(fd, &reply, sizeof reply, 0);
	close(fd);
	if (got < 20 || reply.header.type != NLMSG_ERROR_TYPE)
		untried("no acknowledgement from netlink protocol %d", protocol);
	answered(-reply.error);
	return reply.error == 0 ? 0 : -1;
}
