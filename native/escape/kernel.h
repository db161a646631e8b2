/*
 * Numbers and shapes of the kernel's interface that musl does not carry, from the uapi headers named beside
 * them. Written out so that the battery builds the same against any kernel headers.
 */
#ifndef REDOUBT_ESCAPE_KERNEL_H
#define REDOUBT_ESCAPE_KERNEL_H

#include <stdint.h>

/* linux/sched.h */
#define NEW_TIME 0x00000080UL
#define NEW_MOUNT 0x00020000UL
#define NEW_CGROUP 0x02000000UL
#define NEW_UTS 0x04000000UL
#define NEW_IPC 0x08000000UL
#define NEW_USER 0x10000000UL
#define NEW_PID 0x20000000UL
#define NEW_NET 0x40000000UL
#define INTO_CGROUP 0x200000000ULL

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* linux/nsfs.h */
#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702

/* linux/pidfd.h */
#define PIDFD_NET_NAMESPACE 0xff04
#define PIDFD_USER_NAMESPACE 0xff0a

/* linux/mount.h */
#define OPEN_TREE_CLONE 1
#define AT_RECURSIVE 0x8000
#define MOVE_MOUNT_F_EMPTY_PATH 4
#define FSCONFIG_CMD_CREATE 6
#define MOUNT_ATTR_RDONLY 1
struct mount_attr {
	uint64_t set, clear, propagation, userns;
};

/* linux/capability.h */
#define CAP_VERSION_3 0x20080522
struct cap_header {
	uint32_t version;
	int pid;
};
struct cap_data {
	uint32_t effective, permitted, inheritable;
};
enum {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER = 3, CAP_SETGID = 6, CAP_SETUID = 7,
	CAP_SYS_ADMIN = 21
};

/* linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nfnetlink.h */
struct nl_header {
	uint32_t length;
	uint16_t type, flags;
	uint32_t sequence, port;
};
struct nl_attribute {
	uint16_t length, type;
};
#define NLM_REQUEST 1
#define NLM_ACK 4
#define NLM_EXCL 0x200
#define NLM_CREATE 0x400
#define NLMSG_ERROR_TYPE 2

/* asm/unistd_64.h beyond musl's list */
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

#endif
