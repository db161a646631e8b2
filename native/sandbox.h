/* Building one sandbox: the builder (root, outside) and the inner process (inside its namespaces, becomes the guest). */
#ifndef REDOUBT_SANDBOX_H
#define REDOUBT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "steps.h"

enum { MESSAGE_DESCRIPTORS_MAX = 128, CGROUP_DESCRIPTORS_MAX = 8 };

/* What the spawner opened once, before it left the host's file tree. */
struct house {
	int guest_binary;  /* a sealed memfd: CVE-2019-5736 has nothing to overwrite */
	int life;          /* read end of a pipe whose only writer is the spawner */
};

/* The answer of each step: to the spawner, and the last one of a launch to the node as well. */
enum report_kind { REPORT_PREPARED = 1, REPORT_LAUNCHED = 2, REPORT_FAILED = 3 };

struct report {
	uint32_t kind;
	uint32_t error;  /* errno */
	uint32_t step;   /* enum step */
	union {
		int32_t pid;      /* REPORT_PREPARED: the inner process, as the spawner sees it */
		uint32_t life_s;  /* REPORT_LAUNCHED: as in the spec */
	};
	uint32_t item;   /* REPORT_FAILED: which entry of the step's list in the spec, from 1; 0 when it has none */
	int32_t guest;   /* REPORT_LAUNCHED by an OCI runtime: the guest, as the spawner sees it; else 0 */
};

enum prepare_flag {
	PREPARE_CGROUP2 = 1,
	PREPARE_RUNTIME = 2, /* an OCI runtime will build the walls: see runtime.c */
	PREPARE_TEST_HOST_NETWORK = 0x100, /* test build only: layer E away */
	PREPARE_TEST_REAPED_FIRST = 0x200, /* test build only: the inner process is killed and reaped before it is reported */
};

/* SEQPACKET, all of them. */
struct builder_sockets {
	int control; /* to the spawner: reports */
	int orders;  /* to the node: one spec in, one report out */
	int channel; /* the guest's end of its channel */
};

/* Runs in a child of the spawner and never returns. Descriptors are the child's own from here on.
 *   plan     of the slot, as the node sent it: not read yet
 *   cgroups  v1: cgroup.procs of each hierarchy, open for writing */
_Noreturn void build_sandbox(const struct house *house, uint32_t id_base, uint32_t flags, const uint8_t *plan,
			     size_t plan_length, struct builder_sockets sockets, const int *cgroups, int cgroup_count);

/* The same for a sandbox that an OCI runtime builds. Its plan has nothing to be mounted. */
_Noreturn void build_with_runtime(const struct house *house, uint32_t id_base, uint32_t flags, const uint8_t *plan,
				  size_t plan_length, struct builder_sockets sockets, const int *cgroups, int cgroup_count);

#endif
