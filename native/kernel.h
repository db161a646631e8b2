/* Numbers and structures that older C libraries do not have yet (linux/mount.h, linux/landlock.h, asm/unistd_64.h). */
#ifndef REDOUBT_KERNEL_H
#define REDOUBT_KERNEL_H

#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __x86_64__
#error "Redoubt's walls are written for x86-64: the system call filter and these numbers are its own"
#endif

enum {
	NR_PIVOT_ROOT = 155,
	NR_SECCOMP = 317,
	NR_EXECVEAT = 322,
	NR_PIDFD_SEND_SIGNAL = 424,
	NR_PIDFD_OPEN = 434,
	NR_OPEN_TREE = 428,
	NR_MOVE_MOUNT = 429,
	NR_FSOPEN = 430,
	NR_FSCONFIG = 431,
	NR_FSMOUNT = 432,
	NR_CLONE3 = 435,
	NR_CLOSE_RANGE = 436,
	NR_OPENAT2 = 437,
	NR_MOUNT_SETATTR = 442,
	NR_LANDLOCK_CREATE_RULESET = 444,
	NR_LANDLOCK_ADD_RULE = 445,
	NR_LANDLOCK_RESTRICT_SELF = 446,
};

struct landlock_ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

struct landlock_path_beneath {
	uint64_t access;
	int32_t parent;
} __attribute__((packed));

enum { LANDLOCK_PATH_BENEATH = 1, LANDLOCK_MAKE_BLOCK = 1 << 11 };

enum { FILTER_NEW_LISTENER = 1 << 3, FILTER_WAIT_KILLABLE = 1 << 5 };

#endif
