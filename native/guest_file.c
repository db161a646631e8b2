/*
 * File operations. They run in a child that has the caller's ids and nothing else, so the kernel decides what is
 * allowed; results go to stdout, data comes from stdin, the answer is an errno.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define OPERANDS 3
#define BLOCK 65536

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(fd, bytes, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno;
		bytes += count;
		length -= (size_t)count;
	}
	return 0;
}

static bool parse_mode(const char *text, mode_t *mode)
{
	uint64_t value;

	if (!parse_number(text, 8, &value) || value > 07777)
		return false;
	*mode = (mode_t)value;
	return true;
}

static int read_file(const char *path, const char *offset_text, const char *length_text)
{
	static uint8_t block[BLOCK];
	uint64_t offset;
	uint64_t left;
	int fd;

	if (!parse_number(offset_text, 10, &offset) || !parse_number(length_text, 10, &left))
		return EINVAL;
	/* O_NONBLOCK: a FIFO without a writer must not hold us in open(2). */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	if (offset > 0 && lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return errno;
	while (left > 0) {
		ssize_t count = read(fd, block, left < BLOCK ? (size_t)left : BLOCK);
		int error;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno;
		if (count == 0)
			return 0;
		error = write_all(1, block, (size_t)count);
		if (error != 0)
			return error;
		left -= (uint64_t)count;
	}
	return 0;
}

/* The mode is for a file that this makes; one that is there keeps its own. */
static int write_file(const char *path, const char *mode_text)
{
	static uint8_t block[BLOCK];
	mode_t mode;
	int fd;

	if (!parse_mode(mode_text, &mode))
		return EINVAL;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
	if (fd < 0)
		return errno;
	while (true) {
		ssize_t count = read(0, block, BLOCK);
		int error;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno;
		if (count == 0)
			return close(fd) < 0 ? errno : 0; /* a quota can speak up as late as here (close(2)) */
		error = write_all(fd, block, (size_t)count);
		if (error != 0)
			return error;
	}
}

static uint8_t *put_string(uint8_t *at, const char *text, size_t length)
{
	at = put32(at, (uint32_t)length + 1);
	memcpy(at, text, length);
	at[length] = 0;
	return at + length + 1;
}

/* One entry as PROTOCOL.md says. It is of one write, so a reader never sees half of it for long. */
static int print_entry(int directory, const char *name, const char *shown)
{
	static uint8_t entry[40 + 2 * (4 + 4096 + 1)];
	static char target[4096];
	struct stat info;
	ssize_t target_length = 0;
	size_t shown_length = strlen(shown);
	uint8_t *at;

	if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno;
	if (shown_length > 4096)
		return ENAMETOOLONG;
	if (S_ISLNK(info.st_mode))
		target_length = readlinkat(directory, name, target, sizeof target);
	if (target_length < 0)
		return errno;
	at = put32(put32(put32(entry, info.st_mode), info.st_uid), info.st_gid);
	at = put64(put64(at, (uint64_t)info.st_size), info.st_ino);
	at = put64(at, (uint64_t)info.st_mtim.tv_sec * 1000000000u + (uint64_t)info.st_mtim.tv_nsec);
	at = put_string(at, shown, shown_length);
	at = put_string(at, target, (size_t)target_length);
	return write_all(1, entry, (size_t)(at - entry));
}

static int list_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *found;

	if (directory == NULL)
		return errno;
	while (errno = 0, (found = readdir(directory)) != NULL) {
		int error;

		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		error = print_entry(dirfd(directory), found->d_name, found->d_name);
		if (error != 0 && error != ENOENT) /* removed while we look: then it is not there */
			return error;
	}
	return errno;
}

static int make_directory(const char *path, const char *mode_text)
{
	mode_t mode;

	if (!parse_mode(mode_text, &mode))
		return EINVAL;
	return mkdir(path, mode) < 0 ? errno : 0;
}

static int remove_entry(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	if (errno != EISDIR)
		return errno;
	return rmdir(path) < 0 ? errno : 0;
}

int file_operation(const struct request *request)
{
	static const uint32_t operands[] = {
		[OP_READ] = 3, [OP_WRITE] = 2, [OP_STAT] = 1, [OP_LIST] = 1, [OP_MKDIR] = 2, [OP_REMOVE] = 1, [OP_RENAME] = 2,
	};
	const uint8_t *at = request->argv.at;
	const char *operand[OPERANDS] = {NULL};

	if (request->argv.count != operands[request->op])
		return EINVAL;
	for (uint32_t i = 0; i < request->argv.count; i++)
		operand[i] = strings_next(&at);
	umask(0);
	signal(SIGXFSZ, SIG_IGN); /* the file size limit as an answer (EFBIG), not as a death */
	switch (request->op) {
	case OP_READ:
		return read_file(operand[0], operand[1], operand[2]);
	case OP_WRITE:
		return write_file(operand[0], operand[1]);
	case OP_STAT:
		return print_entry(AT_FDCWD, operand[0], operand[0]);
	case OP_LIST:
		return list_directory(operand[0]);
	case OP_MKDIR:
		return make_directory(operand[0], operand[1]);
	case OP_REMOVE:
		return remove_entry(operand[0]);
	case OP_RENAME:
		return rename(operand[0], operand[1]) < 0 ? errno : 0;
	default:
		return EINVAL;
	}
}
