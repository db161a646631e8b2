/*
 * The escape battery: small attacks on the walls around this process, each tried for real.
 *
 * A probe is one attack. It runs in a process of its own, says what came of it in a page shared with the
 * parent, and never harms what is on the other side when a wall is missing: where success would hurt (reboot,
 * swapon, the clock) it passes an argument that the kernel refuses only after it has checked the permission.
 *
 * Every probe is also its own control. With --control the same function runs as root where the wall is absent,
 * in an arena that the battery builds and that dies with it, and must come out OPEN.
 */
#ifndef REDOUBT_ESCAPE_PROBE_H
#define REDOUBT_ESCAPE_PROBE_H

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "kernel.h"

/* musl renames these to its C functions, which would reach into SYS_prlimit64 and SYS_getdents64. */
#undef prlimit64
#undef getdents64

struct probe {
	const char *name;
	/* What an attacker would have if it worked. */
	const char *gain;
	/* The best known case, when there is one. */
	const char *cve;
	/*
	 * Layers that may stop it, the first met first: A namespaces, ids, capabilities, mounts and masks;
	 * B system call filter; C Landlock; D control groups and limits; E network.
	 */
	const char *walls;
	void (*attack)(const struct probe *);
	/* Where the control runs; none: in the host's own namespaces, because the attack touches only itself. */
	void (*arena)(void);
	/* What a table row hands to a shared attack. */
	long value;
	const char *text;
	/* The attack proper of a probe that first changes its ids. */
	void (*then)(const struct probe *);
	/* The errno by which a control says: this kernel has no such thing. */
	int absent;
	/* Why the control can only show that the permission check is passed; none: it shows the whole attack. */
	const char *weak;
	/* Time limit, many times what it takes on an idle machine; 0 means five. */
	unsigned seconds;
};

struct world {
	bool control;
	/* The process attacked: PID 1 of the sandbox, a victim of our own in a control. */
	pid_t target;
	/* A directory of this run in which an attack may make files. */
	const char *scratch;
};
extern struct world world;

/* ---- what an attack says (verdict.c) ---- */

long attempt(const char *name, long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	unsigned long e, unsigned long f);

/* TRY(openat, ...) makes the call by number, so that no C library stands between, and records it. */
#define WORD(x) ((unsigned long)(x))
#define TRY0(n) attempt(#n, SYS_##n, 0, 0, 0, 0, 0, 0)
#define TRY1(n, a) attempt(#n, SYS_##n, WORD(a), 0, 0, 0, 0, 0)
#define TRY2(n, a, b) attempt(#n, SYS_##n, WORD(a), WORD(b), 0, 0, 0, 0)
#define TRY3(n, a, b, c) attempt(#n, SYS_##n, WORD(a), WORD(b), WORD(c), 0, 0, 0)
#define TRY4(n, a, b, c, d) attempt(#n, SYS_##n, WORD(a), WORD(b), WORD(c), WORD(d), 0, 0)
#define TRY5(n, a, b, c, d, e) attempt(#n, SYS_##n, WORD(a), WORD(b), WORD(c), WORD(d), WORD(e), 0)
#define TRY6(n, a, b, c, d, e, f) attempt(#n, SYS_##n, WORD(a), WORD(b), WORD(c), WORD(d), WORD(e), WORD(f))
#define TRY_PICK(z0, z1, z2, z3, z4, z5, z6, NAME, ...) NAME
#define TRY(...) TRY_PICK(__VA_ARGS__, TRY6, TRY5, TRY4, TRY3, TRY2, TRY1, TRY0, 0)(__VA_ARGS__)

void worked(const char *format, ...) __attribute__((format(printf, 1, 2)));
void refused(const char *format, ...) __attribute__((format(printf, 1, 2)));
void harmless(const char *format, ...) __attribute__((format(printf, 1, 2)));
void untried(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Remembers how far a bounded attack came, for the case that it is killed on the way. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Records a call that did not go through attempt(): one whose child would write into the same page. */
void made(const char *name, long number, int error);
/* A refusal that came in a message instead of errno (netlink). */
void answered(int error);
/* OPEN when the last attempt was done, else BLOCKED with its errno. */
void decide(long result, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The errno of the last attempt. */
int refusal(void);
/* Waits for the one who carries on in our place and leaves with it. */
void relay(pid_t child) __attribute__((noreturn));
/* Carries on in a child that leads a session: a probe leads a process group and so cannot. */
void new_session(void);

/* ---- where a control runs (arena.c) ---- */

/* A privileged container without walls: own root, namespaces, /proc, /dev; every capability. */
void arena_private(void);
/* The same with a read-only mount and a mask, as a sandbox has them. */
void arena_masked(void);
/* In a chroot with a descriptor of the outside still open. */
void arena_leaky_jail(void);
void arena_jail(void);
/* A root process to attack. */
void arena_victim(void);
/* One in namespaces of its own. */
void arena_contained_victim(void);
/* One that runs as the guest's user. */
void arena_guest_victim(void);
enum { GUEST_UID = 65533 };

/* ---- what the host knows and the sandbox must not (outside.c) ---- */

/* A fact about the host by its key, NULL when nobody told us. */
const char *outside(const char *key);
/* A limit the sandbox is said to have. */
long bound(const char *key, long otherwise);
void learn_outside(const char *facts);
int decoy(const char *token);
/*
 * Starts decoys of our own and learns about them: a control run without --outside. They end with the descriptor
 * returned, so they end with us, however we end.
 */
int own_decoys(void);

/* ---- small tools (files.c) ---- */

long slurp(const char *path, char *buffer, size_t size);
bool spill(const char *path, const char *text);
/* "name" in the scratch directory; the buffer is static. */
const char *scratch(const char *name);
/* A copy of this program, for attacks by file mode. */
const char *copy_of_self(const char *name);
void remove_below(const char *directory);
/* A message to netlink and the error in its acknowledgement; negative when the socket itself was refused. */
int netlink(int protocol, const void *message, size_t length);

/* ---- the groups ---- */

extern const struct probe namespace_probes[];
extern const struct probe mount_probes[];
extern const struct probe process_probes[];
extern const struct probe guest_user_probes[];
extern const struct probe descriptor_probes[];
extern const struct probe privilege_probes[];
extern const struct probe device_probes[];
extern const struct probe proc_probes[];
extern const struct probe family_probes[];
extern const struct probe network_probes[];
extern const struct probe kernel_probes[];
extern const struct probe abi_probes[];
extern const struct probe terminal_probes[];
extern const struct probe ipc_probes[];
extern const struct probe trace_probes[];
extern const struct probe resource_probes[];
extern const struct probe channel_probes[];

#endif
