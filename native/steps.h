/* The steps of building a sandbox, in the order they happen. A failure carries its number; dev.redoubt.node.launch.Step
 * holds the same list in the same order (a test compares them). Never reorder: add at the end. */
#ifndef REDOUBT_STEPS_H
#define REDOUBT_STEPS_H

#define STEPS(S) \
	S(NONE, "none") \
	S(REQUEST, "request") \
	S(SPEC, "spec") \
	S(FORK, "fork") \
	S(SPAWNER_GONE, "spawner") \
	S(CGROUP_JOIN, "cgroup") \
	S(NETWORK_NAMESPACE, "network namespace") \
	S(LOOPBACK, "loopback interface") \
	S(STAGING, "staging directory") \
	S(NAMESPACES, "namespaces") \
	S(ID_MAP, "id map") \
	S(IDMAPPED_LAYER, "idmapped layer") \
	S(OVERLAY, "overlay") \
	S(HAND_OVER, "hand-over") \
	S(IDS, "ids") \
	S(PROPAGATION, "mount propagation") \
	S(ROOT, "root file system") \
	S(MOUNT_POINT, "mount point") \
	S(DEV, "/dev") \
	S(DEVPTS, "/dev/pts") \
	S(PROC, "/proc") \
	S(TMPFS, "tmpfs") \
	S(BIND, "mount") \
	S(SYNTHESISED, "synthesised file") \
	S(MASK, "mask") \
	S(READ_ONLY, "read-only root") \
	S(PIVOT, "pivot_root") \
	S(HOSTNAME, "host name") \
	S(RLIMIT, "rlimit") \
	S(CAPABILITIES, "capabilities") \
	S(NO_NEW_PRIVS, "no_new_privs") \
	S(LANDLOCK, "Landlock") \
	S(SECCOMP, "seccomp") \
	S(EXEC, "guest") \
	S(KILLED, "killed while being built") \
	S(RUNTIME, "OCI runtime") \
	S(LABEL, "label")

enum step {
#define STEP_ENUM(name, words) STEP_##name,
	STEPS(STEP_ENUM)
#undef STEP_ENUM
};

#endif
