/* The sandbox spec: a flat, length-checked binary message (PROTOCOL.md, section 2). Nothing here allocates: a spec points
 * into the message it was read from. */
#ifndef REDOUBT_SPEC_H
#define REDOUBT_SPEC_H

#include <stddef.h>
#include <stdint.h>

enum {
	SPEC_MESSAGE_MAX = 256 * 1024,
	SPEC_LAYERS_MAX = 64,
	SPEC_TMPFS_MAX = 16,
	SPEC_BINDS_MAX = 64,
	SPEC_FILES_MAX = 48,
	SPEC_MASKS_MAX = 256,
	SPEC_RLIMITS_MAX = 16,
	SPEC_RULES_MAX = 256,
	SPEC_ARGUMENTS_MAX = 8,
	SPEC_FILTER_MAX = 4096,
	SPEC_PROGRAM_MAX = 24,
	SPEC_TREES_MAX = 8,
	SPEC_LINKS_MAX = 8,
	SPEC_LABEL_MAX = 128, /* bytes of a name, and of each part of a context */
};

enum spec_flag {
	SPEC_READ_ONLY = 1,
	SPEC_LISTENER = 2,
	/* The runtime hands nothing down but standard streams: the guest's channel is 0, the spawner's life 1. */
	SPEC_STREAMS_ONLY = 4,
	/* Shifted by the device's number, from 1 for zero in the order of remove_devices: /dev is without it. */
	SPEC_WITHOUT_DEVICE = 0x10000,
	/* Only a spawner built with REDOUBT_TEST_WALLS obeys these: the escape battery runs with one layer away. */
	SPEC_TEST_NO_SECCOMP = 0x100,
	SPEC_TEST_NO_LANDLOCK = 0x200,
	SPEC_TEST_NO_PRIVILEGE_LOCK = 0x400,
	SPEC_TEST_NO_LABEL = 0x800,
};

enum idmap_kind {
	IDMAP_NONE = 0,   /* every owner shows as nobody: read-only mounts of world-readable host files */
	IDMAP_ONE = 1,    /* one host id is one inside id, nothing else is mapped */
	IDMAP_RANGE = 2,  /* canonical ids 0..65535, as the layers */
};

enum upper_kind { UPPER_DIRECTORY = 1, UPPER_TMPFS = 2 };

enum mask_kind {
	MASK_NULL = 1,       /* a null device over a file */
	MASK_EMPTY = 2,      /* an empty read-only directory over a directory */
	MASK_READ_ONLY = 3,  /* the thing itself, read-only; nothing in it runs */
	MASK_HIDDEN = 4,     /* MASK_EMPTY over a directory, MASK_NULL over anything else */
	MASK_PINNED = 5,     /* the thing itself as a mount of its own: it can be neither renamed nor removed, and stays as
	                      * writable as it is when what is above becomes read-only; made where it is missing */
	MASK_FROZEN = 6,     /* what was pinned becomes read-only; what is mounted beneath stays as it is */
	MASK_MAY_BE_ABSENT = 0x10,
};

struct spec_tmpfs { const char *path; uint64_t size; uint32_t inodes; uint32_t mode; };
struct spec_bind {
	uint32_t descriptor;
	uint32_t read_only;
	uint32_t idmap;
	uint32_t source_uid, source_gid;  /* IDMAP_ONE: the owner on the host ... */
	uint32_t inside_uid, inside_gid;  /* ... seen inside as this user */
	const char *path;
};
struct spec_file { const char *path; const uint8_t *bytes; uint32_t length; };
struct spec_mask { const char *path; uint32_t kind; };
struct spec_rlimit { uint32_t resource; uint64_t soft; uint64_t hard; };
struct spec_rule { uint64_t access; const char *path; };
struct spec_tree { uint32_t descriptor; const char *path; };
struct spec_link { const char *target; const char *path; };

struct spec {
	uint32_t flags;
	uint32_t guest_uid, guest_gid;
	uint64_t guest_capabilities;
	uint64_t bounding_set;
	uint32_t securebits;
	uint32_t layers;           /* descriptors 0..layers-1: detached mounts, top first */
	uint32_t upper_kind;       /* UPPER_DIRECTORY: the descriptor after the layers, holding u and w */
	uint64_t upper_size;       /* UPPER_TMPFS only */
	uint32_t upper_inodes;
	const char *hostname;
	uint32_t tmpfs_count; struct spec_tmpfs tmpfs[SPEC_TMPFS_MAX];
	uint32_t bind_count; struct spec_bind binds[SPEC_BINDS_MAX];
	uint32_t file_count; struct spec_file files[SPEC_FILES_MAX];
	uint32_t mask_count; struct spec_mask masks[SPEC_MASKS_MAX];
	uint32_t rlimit_count; struct spec_rlimit rlimits[SPEC_RLIMITS_MAX];
	uint64_t landlock_fs, landlock_net, landlock_scoped;
	uint32_t rule_count; struct spec_rule rules[SPEC_RULES_MAX];
	uint32_t filter_length; const uint8_t *filter;  /* in instructions of 8 bytes */
	uint32_t argument_count; char *arguments[SPEC_ARGUMENTS_MAX + 2 + 1]; /* room for two of the builder's */
	const char *label;         /* of AppArmor, entered by the guest's exec; "" = none */
	const char *domain;        /* of SELinux: user, role and type, without the slot's level; "" = none */
	uint32_t life_s;           /* after which the spawner kills it; 0 = never */
	/* For a slot of an OCI runtime; empty else. */
	const char *config;        /* its config.json */
	uint32_t program_count; char *program[SPEC_PROGRAM_MAX + 1]; /* the runtime's argv */
	uint32_t tree_count; struct spec_tree trees[SPEC_TREES_MAX]; /* directories of the host that it runs from */
	uint32_t link_count; struct spec_link links[SPEC_LINKS_MAX];
};

/* What a slot can have before anybody knows what will run in it: the covers of /proc, and names of synthesised files there. */
struct plan {
	uint32_t mask_count; struct spec_mask masks[SPEC_MASKS_MAX];
	uint32_t file_count; const char *files[SPEC_FILES_MAX];
	/* Contexts of SELinux; "" = none. */
	const char *level;         /* of the sandbox's processes, which no other has */
	const char *file_context;  /* of every file that is the sandbox's own */
	const char *guest_context; /* of the guest's program */
};

/* Reads a whole plan. Returns 0, or -1 when the message is not exactly one valid plan. */
int plan_read(const uint8_t *bytes, size_t length, struct plan *plan);

/* Reads a whole spec. Returns 0, or -1 when the message is not exactly one valid spec. */
int spec_read(const uint8_t *bytes, size_t length, struct spec *spec);

#endif
