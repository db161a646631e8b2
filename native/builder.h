/* What the two ways to build a sandbox share: sandbox.c, where every wall is ours, and runtime.c, where an OCI runtime
 * makes the namespaces. Each function either does its step or ends the process with the step's name. */
#ifndef REDOUBT_BUILDER_H
#define REDOUBT_BUILDER_H

#include <linux/mount.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox.h"
#include "spec.h"

/* The builder's own copy: each is a process of its own. */
extern uint8_t message[SPEC_MESSAGE_MAX];
extern struct spec spec;
extern struct plan plan;
extern int answer_to;
extern int node;      /* the builder's, while somebody there waits for its answer; else -1 */
extern uint32_t item; /* of the list that a step goes through, from 1 */

enum want { WANT_DIRECTORY, WANT_FILE };

_Noreturn void fail(enum step step);
long must(long result, enum step step);
void write_text(const char *path, const char *text, enum step step);
void die_with_spawner(int life);

int open_file_system(const char *type, enum step step);
/* Of a file system whose files are all the sandbox's own: they get its context of SELinux, where it has one. */
int open_labelled(const char *type, enum step step);
void set_option(int context, const char *key, const char *value, enum step step);
void read_plan(const uint8_t *bytes, size_t length);
/* So that the kernel lets the exec of the guest's program enter the sandbox's domain of SELinux. */
void label_guest(const struct house *house);
int make_mount(int context, unsigned attributes, enum step step);
/* owner: of the root directory, on the host; 0 = whoever mounts it */
int make_tmpfs(uint64_t size, uint32_t inodes, uint32_t mode, uint32_t owner, unsigned attributes, enum step step);
void attach(int mount, int target, const char *path, enum step step);
void set_attributes(int mount, const struct mount_attr *attributes, enum step step);
int clone_tree(int directory, const char *path, enum step step);
int mount_point(int root, const char *path, enum want want);

void join_cgroups(uint32_t flags, const int *cgroups, int cgroup_count);
void make_network_namespace(void);
void make_own_tree(uint32_t id_base);
void raise_effective_capabilities(uint32_t without, enum step step);
pid_t clone_as(uint32_t id_base, struct clone_args *arguments);
void write_id_map(pid_t pid, const char *kind, uint32_t inside, uint32_t outside, uint32_t count, enum step step);
int user_namespace_of(pid_t pid, enum step step);
void prepare_binds(const int *descriptors, int count, int user_namespace, uint32_t id_base);
int make_overlay(const int *descriptors, int user_namespace, uint32_t id_base);

int make_terminals(uint32_t id_base); /* id_base: the sandbox's, seen from where this runs */
void make_synthesised_store(void);
int synthesised_file(uint32_t number);
void attach_devices(int root, int terminals);
void make_tmpfs_list(int root, uint32_t owner);
void make_binds(int root, const int *descriptors, int count);
void make_masks(int root, const struct spec_mask *masks, uint32_t count);
int make_ruleset(int root);
void set_limits(void);

#endif
