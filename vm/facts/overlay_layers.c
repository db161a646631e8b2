/*
 * Asks the running kernel which ways of naming overlay layers it takes, and
 * whether an overlay made by one process can be attached by another that lives
 * in namespaces of its own. The spawner depends on the answers, and they differ
 * between 6.12 (the oldest kernel we run on) and newer ones:
 * Documentation/filesystems/overlayfs.rst, "Specifying layers via file
 * descriptors", is 6.13 and later.
 *
 * usage: overlay_layers DIR   (an empty directory on the file system to try)
 *
 * Prints one line per question: NAME yes, or NAME no STEP WHY.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BASE 1000000
#define IDS 65536

/* sys/mount.h of musl and linux/mount.h collide, so the two old calls are made by number. */
#define OLD_MS_REC 16384UL
#define OLD_MS_PRIVATE (1UL << 18)

enum naming { BY_PROC_PATH, BY_RELATIVE_PATH, BY_DESCRIPTOR };
enum where { ATTACHED, DETACHED };

static const char *top;

static long fsopen_(const char *type) { return syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }

static long set(int fs, unsigned cmd, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, fs, cmd, key, value, aux);
}

static void no(const char *step)
{
	printf("no %s %s\n", step, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void must(bool ok, const char *step)
{
	if (!ok)
		no(step);
}

static int open_in(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0, name);
	return fd;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0, path);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* A user namespace that maps 0..65535 to BASE.., kept alive only by the descriptor. */
static int id_map(void)
{
	int ready[2];
	must(pipe(ready) == 0, "pipe");
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	must(pid >= 0, "clone-userns");
	if (pid == 0) {
		char end;
		close(ready[1]);
		(void)!read(ready[0], &end, 1);
		_exit(0);
	}
	char path[64], map[64];
	snprintf(map, sizeof map, "0 %d %d\n", BASE, IDS);
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	write_file(path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	write_file(path, map);
	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	int ns = open(path, O_RDONLY | O_CLOEXEC);
	must(ns >= 0, "open-userns");
	close(ready[0]);
	close(ready[1]);
	waitpid(pid, NULL, 0);
	return ns;
}

static int idmapped(const char *name, int userns)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", top, name);
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	must(tree >= 0, "open_tree");
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns };
	must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0, "mount_setattr-idmap");
	return tree;
}

/* Attaches the tree at TOP/at/NAME and gives a descriptor of the attached root. */
static int attach(int tree, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/at/%s", top, name);
	must(syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0, "move_mount-layer");
	return tree;
}

static void layer(int fs, const char *key, int tree, enum naming naming)
{
	char path[64];
	if (naming == BY_DESCRIPTOR) {
		must(set(fs, FSCONFIG_SET_FD, key, NULL, tree) == 0, key);
		return;
	}
	if (naming == BY_RELATIVE_PATH) {
		must(fchdir(tree) == 0, "fchdir");
		must(set(fs, FSCONFIG_SET_STRING, key, ".", 0) == 0, key);
		return;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", tree);
	must(set(fs, FSCONFIG_SET_STRING, key, path, 0) == 0, key);
}

/*
 * The overlay acts with its maker's ids, and uid 0 has no place in an idmapped upper layer.
 * setfsuid from 0 drops the file capabilities (capabilities(7)), so they are raised again.
 */
static void take_base_ids(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	must(syscall(SYS_capget, &head, data) == 0, "capget");
	setfsgid(BASE);
	setfsuid(BASE);
	must(syscall(SYS_capset, &head, data) == 0, "capset");
}

static void own_mounts(void)
{
	must(unshare(CLONE_NEWNS) == 0, "unshare");
	must(syscall(SYS_mount, "", "/", "", OLD_MS_REC | OLD_MS_PRIVATE, NULL) == 0, "private");
}

static int overlay(enum naming naming, enum where where)
{
	own_mounts();
	int userns = id_map();
	int lower = idmapped("lower", userns);
	int state = idmapped("state", userns);
	if (where == ATTACHED) {
		attach(lower, "lower");
		attach(state, "state");
	}
	int upper = open_in(state, "upper"), work = open_in(state, "work");
	int fs = (int)fsopen_("overlay");
	must(fs >= 0, "fsopen");
	take_base_ids();
	must(set(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) == 0, "userxattr");
	layer(fs, "lowerdir+", lower, naming);
	layer(fs, "upperdir", upper, naming);
	layer(fs, "workdir", work, naming);
	must(fchdir(lower) == 0, "fchdir");
	must(set(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0, "create");
	int mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	must(mount >= 0, "fsmount");
	return mount;
}

/* What a guest will do with its root: copy up, create, white out, make a directory opaque. */
static void use(int root, const char *as)
{
	char step[64];
	struct stat st;
	snprintf(step, sizeof step, "%s-stat", as);
	must(fstatat(root, "old", &st, 0) == 0, step);
	snprintf(step, sizeof step, "%s-create", as);
	int fd = openat(root, "new", O_CREAT | O_EXCL | O_WRONLY, 0600);
	must(fd >= 0 && close(fd) == 0, step);
	snprintf(step, sizeof step, "%s-copy-up", as);
	must(fchmodat(root, "old", 0640, 0) == 0, step);
	snprintf(step, sizeof step, "%s-whiteout", as);
	must(unlinkat(root, "gone", 0) == 0, step);
	snprintf(step, sizeof step, "%s-opaque", as);
	must(unlinkat(root, "dir/inner", 0) == 0 && unlinkat(root, "dir", AT_REMOVEDIR) == 0, step);
	must(mkdirat(root, "dir", 0700) == 0, step);
}

static void expect_owner(const char *name, uid_t uid, bool device)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/state/upper/%s", top, name);
	must(lstat(path, &st) == 0, name);
	errno = EBADMSG;
	must(st.st_uid == uid, "canonical-owner");
	must(S_ISCHR(st.st_mode) == device, "whiteout-form");
}

/* On disk: ids 0.., whiteouts as character 0:0, opaque marks under user.overlay. */
static void expect_canonical(void)
{
	char path[4096], value[8];
	expect_owner("new", 0, false);
	expect_owner("old", 0, false);
	expect_owner("gone", 0, true);
	snprintf(path, sizeof path, "%s/state/upper/dir", top);
	must(getxattr(path, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y', "opaque-xattr");
}

static void become_inner(int go)
{
	char end;
	(void)!read(go, &end, 1);
	must(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "inner-ids");
}

/* (b): the overlay is made here, attached and used by a child in new user and mount namespaces. */
static void attached_by_inner(enum naming naming, enum where where)
{
	int go[2];
	must(pipe2(go, O_CLOEXEC) == 0, "pipe");
	int pair[2];
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	int mount = overlay(naming, where);
	setfsuid(0);
	setfsgid(0);
	char at[4096];
	snprintf(at, sizeof at, "%s/at", top);
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	must(pid >= 0, "clone-inner");
	if (pid == 0) {
		close(go[1]);
		become_inner(go[0]);
		must(syscall(SYS_mount, "", "/", "", OLD_MS_REC | OLD_MS_PRIVATE, NULL) == 0, "inner-private");
		must(syscall(SYS_move_mount, mount, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) == 0, "inner-move_mount");
		must(fchdir(mount) == 0, "inner-fchdir");
		use(AT_FDCWD, "inner");
		must(syscall(SYS_pivot_root, ".", ".") == 0, "inner-pivot_root");
		_exit(0);
	}
	char path[64], map[64];
	snprintf(map, sizeof map, "0 %d %d\n", BASE, IDS);
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	write_file(path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	write_file(path, map);
	close(go[1]);
	int status;
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status != 0)
		_exit(1);
	expect_canonical();
}

static void made_and_used(enum naming naming, enum where where)
{
	use(overlay(naming, where), "maker");
	expect_canonical();
}

static void make(const char *name, bool directory)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", top, name);
	if (directory)
		must(mkdir(path, 0755) == 0, path);
	else
		must(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) == 0, path);
}

static void fresh_layers(const char *parent, int number)
{
	char *path;
	must(asprintf(&path, "%s/%d", parent, number) > 0, "asprintf");
	must(mkdir(path, 0755) == 0, path);
	top = path;
	static const char *const directories[] = { "lower", "lower/dir", "state", "state/upper", "state/work", "at",
		"at/lower", "at/state" };
	static const char *const files[] = { "lower/old", "lower/gone", "lower/dir/inner" };
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		make(directories[i], true);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		make(files[i], false);
}

struct question {
	const char *name;
	void (*ask)(enum naming, enum where);
	enum naming naming;
	enum where where;
};

static const struct question questions[] = {
	{ "made-attached-proc-path", made_and_used, BY_PROC_PATH, ATTACHED },
	{ "made-attached-relative-path", made_and_used, BY_RELATIVE_PATH, ATTACHED },
	{ "made-attached-descriptor", made_and_used, BY_DESCRIPTOR, ATTACHED },
	{ "made-detached-proc-path", made_and_used, BY_PROC_PATH, DETACHED },
	{ "made-detached-relative-path", made_and_used, BY_RELATIVE_PATH, DETACHED },
	{ "made-detached-descriptor", made_and_used, BY_DESCRIPTOR, DETACHED },
	{ "inner-attached-proc-path", attached_by_inner, BY_PROC_PATH, ATTACHED },
	{ "inner-attached-relative-path", attached_by_inner, BY_RELATIVE_PATH, ATTACHED },
	{ "inner-attached-descriptor", attached_by_inner, BY_DESCRIPTOR, ATTACHED },
	{ "inner-detached-proc-path", attached_by_inner, BY_PROC_PATH, DETACHED },
	{ "inner-detached-descriptor", attached_by_inner, BY_DESCRIPTOR, DETACHED },
};

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		fresh_layers(argv[1], (int)i);
		printf("%s ", questions[i].name);
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			questions[i].ask(questions[i].naming, questions[i].where);
			_exit(0);
		}
		int status;
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		if (status == 0)
			printf("yes\n");
	}
	return 0;
}
