package dev.redoubt.linux;

/** Moving the calling thread into a network namespace (setns(2), network_namespaces(7)). */
public final class NetworkNamespace {
    private static final long SYS_SETNS = 308;
    private static final long CLONE_NEWNET = 0x40000000;

    private NetworkNamespace() {}

    /** Opens the calling thread's own namespace, so that it can come back; the caller closes it. */
    public static int openOwn() {
        return Descriptors.open("/proc/thread-self/ns/net", Descriptors.O_RDONLY);
    }

    /**
     * Moves the calling thread, and it alone. A thread that it starts meanwhile stays there for ever: only a platform
     * thread that does nothing else may call this.
     *
     * @throws LinuxException EPERM without CAP_SYS_ADMIN over the namespace, EINVAL when it is none
     */
    public static void enter(int namespace) {
        var done = Syscall.check("setns", "network namespace", SYS_SETNS, namespace, CLONE_NEWNET);
        assert done == 0;
    }
}
