package dev.redoubt.policy.calls;

/**
 * prctl(2) and arch_prctl(2) options that pass.
 *
 * <p>Not among them: PR_SET_MM (forges /proc/self/exe), PR_SET_MEMORY_MERGE (page sharing between tenants can be
 * timed), PR_SCHED_CORE, PR_MCE_KILL, PR_TASK_PERF_EVENTS_*, PR_SET_IO_FLUSHER, PR_SET_SYSCALL_USER_DISPATCH,
 * PR_SET_PTRACER. They answer EINVAL, as a kernel does that does not know them.
 */
final class Prctl {
    private Prctl() {}

    /** The most used first: the filter compares in this order. */
    static final int[] ALLOWED = {
        15, // PR_SET_NAME
        0x53564d41, // PR_SET_VMA: names for anonymous memory
        16, // PR_GET_NAME
        1, // PR_SET_PDEATHSIG
        2, // PR_GET_PDEATHSIG
        3, // PR_GET_DUMPABLE
        4, // PR_SET_DUMPABLE
        7, // PR_GET_KEEPCAPS
        8, // PR_SET_KEEPCAPS
        13, // PR_GET_TIMING
        14, // PR_SET_TIMING
        21, // PR_GET_SECCOMP
        22, // PR_SET_SECCOMP: cannot make a listener
        23, // PR_CAPBSET_READ
        24, // PR_CAPBSET_DROP
        25, // PR_GET_TSC
        27, // PR_GET_SECUREBITS
        28, // PR_SET_SECUREBITS
        29, // PR_SET_TIMERSLACK
        30, // PR_GET_TIMERSLACK
        36, // PR_SET_CHILD_SUBREAPER
        37, // PR_GET_CHILD_SUBREAPER
        38, // PR_SET_NO_NEW_PRIVS
        39, // PR_GET_NO_NEW_PRIVS
        40, // PR_GET_TID_ADDRESS
        41, // PR_SET_THP_DISABLE
        42, // PR_GET_THP_DISABLE
        47, // PR_CAP_AMBIENT
        52, // PR_GET_SPECULATION_CTRL
        53, // PR_SET_SPECULATION_CTRL
        65, // PR_SET_MDWE
        66, // PR_GET_MDWE
        0x41555856, // PR_GET_AUXV
    };

    static final int[] ARCH_ALLOWED = {
        0x1002, // ARCH_SET_FS: every program's first steps
        0x1003, // ARCH_GET_FS
        0x1001, // ARCH_SET_GS
        0x1004, // ARCH_GET_GS
        0x1011, // ARCH_GET_CPUID
        0x1021, // ARCH_GET_XCOMP_SUPP
        0x1022, // ARCH_GET_XCOMP_PERM
        0x1023, // ARCH_REQ_XCOMP_PERM: AMX needs it
        0x5001, // ARCH_SHSTK_ENABLE
        0x5002, // ARCH_SHSTK_DISABLE
        0x5003, // ARCH_SHSTK_LOCK
        0x5005, // ARCH_SHSTK_STATUS
    };
}
