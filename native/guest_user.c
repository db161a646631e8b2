/*
 * Who a job runs as: /etc/passwd and /etc/group of the image, read in the child.
 *
 * Not getpwnam(3): it would talk to an nscd socket, and the image decides who answers there. The files belong to the
 * image too, so they may be missing, huge or a FIFO; the worst they can do is to fail this one start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define FILE_LIMIT (1024 * 1024)
#define NO_ID 4294967295u /* setresuid(2) reads it as "leave unchanged" */

/* @return the file's text, NUL-terminated, or "" when there is none that can be read */
static char *text_of(const char *path)
{
	static char none[1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat info;
	char *text;
	ssize_t count;

	if (fd < 0)
		return none;
	text = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= FILE_LIMIT ? malloc((size_t)info.st_size + 1) : NULL;
	if (text == NULL) {
		close(fd);
		return none;
	}
	count = read(fd, text, (size_t)info.st_size);
	close(fd);
	text[count < 0 ? 0 : count] = 0;
	return text;
}

/* Cuts the next line out of the text and its fields out of the line. @return how many fields there are, -1 at the end */
static int next_line(char **text, char *fields[], int limit)
{
	char *line = *text;
	char *end = strchr(line, '\n');
	int count = 0;

	if (*line == 0)
		return -1;
	*text = end == NULL ? line + strlen(line) : end + 1;
	if (end != NULL)
		*end = 0;
	while (count < limit) {
		char *colon = strchr(line, ':');

		fields[count++] = line;
		if (colon == NULL)
			break;
		*colon = 0;
		line = colon + 1;
	}
	return count;
}

/* Digits and nothing else; the number that means "no id" is none. */
static bool parse_id(const char *text, uint32_t *id)
{
	uint64_t value;

	if (!parse_number(text, 10, &value) || value >= NO_ID)
		return false;
	*id = (uint32_t)value;
	return true;
}

/* Looks for a name, or for a number when name is NULL. Fills in what the line says. */
static bool find_passwd(const char *name, struct identity *identity)
{
	char *text = text_of("/etc/passwd");
	char *field[7];
	int count;

	while ((count = next_line(&text, field, 7)) >= 0) {
		uint32_t uid;
		uint32_t gid;

		if (count < 7 || !parse_id(field[2], &uid) || !parse_id(field[3], &gid))
			continue;
		if (name != NULL ? strcmp(field[0], name) != 0 : uid != identity->uid)
			continue;
		identity->uid = uid;
		identity->gid = gid;
		identity->name = field[0];
		identity->home = field[5];
		identity->shell = field[6];
		return true;
	}
	return false;
}

static bool find_group(const char *name, gid_t *gid)
{
	char *text = text_of("/etc/group");
	char *field[4];
	int count;

	while ((count = next_line(&text, field, 4)) >= 0)
		if (count >= 3 && strcmp(field[0], name) == 0 && parse_id(field[2], gid))
			return true;
	return false;
}

static bool is_member(char *members, const char *name)
{
	for (char *member = strtok(members, ","); member != NULL; member = strtok(NULL, ","))
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

static void find_supplementary(struct identity *identity)
{
	char *text = text_of("/etc/group");
	char *field[4];
	int count;

	while ((count = next_line(&text, field, 4)) >= 0 && identity->group_count < GROUPS_LIMIT) {
		uint32_t gid;

		if (count < 4 || !parse_id(field[2], &gid) || gid == GUEST_UID || !is_member(field[3], identity->name))
			continue;
		identity->groups[identity->group_count++] = gid;
	}
}

/* uid_name is printed where the image has no name for the user. */
static void name_after_number(struct identity *identity)
{
	static char digits[11];
	char *at = digits + sizeof digits - 1;
	uint32_t value = identity->uid;

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	identity->name = at;
}

static int own_identity(struct identity *identity)
{
	/* With capabilities in hand the guest's ids are worth having, so no job gets them. */
	if (guest.capabilities != 0)
		return EPERM;
	identity->uid = guest.uid;
	identity->gid = guest.gid;
	identity->own = true;
	name_after_number(identity);
	find_passwd(NULL, identity);
	identity->uid = guest.uid;
	identity->gid = guest.gid;
	return 0;
}

int identity_find(const char *user, struct identity *identity)
{
	static char name[256];
	char *group;
	bool named;

	*identity = (struct identity){.home = "/", .shell = "/bin/sh"};
	if (*user == 0)
		return own_identity(identity);
	if (strlen(user) >= sizeof name)
		return EINVAL;
	strcpy(name, user);
	group = strchr(name, ':');
	if (group != NULL)
		*group++ = 0;
	named = !parse_id(name, &identity->uid);
	if (!named)
		name_after_number(identity);
	if (!find_passwd(named ? name : NULL, identity)) {
		if (named)
			return ENOENT;
		identity->gid = identity->uid;
	}
	if (group == NULL)
		find_supplementary(identity);
	else if (!parse_id(group, &identity->gid) && !find_group(group, &identity->gid))
		return ENOENT;
	if (identity->uid == GUEST_UID || identity->gid == GUEST_UID)
		return EPERM;
	identity->own = guest.capabilities == 0 && identity->uid == guest.uid && identity->gid == guest.gid;
	return 0;
}
