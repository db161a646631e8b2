package dev.redoubt.node.launch;

/** The steps of building a sandbox, in the order of native/steps.h (a test compares the two lists). */
public enum Step {
    NONE("none"),
    REQUEST("request"),
    SPEC("spec"),
    FORK("fork"),
    SPAWNER_GONE("spawner"),
    CGROUP_JOIN("cgroup"),
    NETWORK_NAMESPACE("network namespace"),
    LOOPBACK("loopback interface"),
    STAGING("staging directory"),
    NAMESPACES("namespaces"),
    ID_MAP("id map"),
    IDMAPPED_LAYER("idmapped layer"),
    OVERLAY("overlay"),
    HAND_OVER("hand-over"),
    IDS("ids"),
    PROPAGATION("mount propagation"),
    ROOT("root file system"),
    MOUNT_POINT("mount point"),
    DEV("/dev"),
    DEVPTS("/dev/pts"),
    PROC("/proc"),
    TMPFS("tmpfs"),
    BIND("mount"),
    SYNTHESISED("synthesised file"),
    MASK("mask"),
    READ_ONLY("read-only root"),
    PIVOT("pivot_root"),
    HOSTNAME("host name"),
    RLIMIT("rlimit"),
    CAPABILITIES("capabilities"),
    NO_NEW_PRIVS("no_new_privs"),
    LANDLOCK("Landlock"),
    SECCOMP("seccomp"),
    EXEC("guest"),
    KILLED("killed while being built"),
    RUNTIME("OCI runtime"),
    LABEL("label");

    private final String words;

    Step(String words) {
        this.words = words;
    }

    /** The step in words, as it stands in an error. */
    public String words() {
        return words;
    }

    /** The step of a number in a reply; a number past the list is a spawner newer than this node. */
    static Step of(int number) {
        Step[] all = values();
        return number >= 0 && number < all.length ? all[number] : REQUEST;
    }
}
