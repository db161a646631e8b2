package dev.redoubt.linux;

/** Moving the calling thread into a network namespace (setns(2), network_namespaces(7)). */
public final class NetworkNamespace {
    private static final long SYS_SETNS = 308;
    private static final long CLONE_NEWNET = 0x40000000;

    private static final long NS_GET_USERNS = Ioctl.request(0, 0xb7, 1, 0);

    private NetworkNamespace() {}

    /**
     * The inode of the user namespace that owns a network namespace: who has CAP_NET_ADMIN there may change it
     * (ioctl_nsfs(2)).
     *
     * @throws LinuxException EPERM when that is above our own
     */
    public static long ownerOf(Fd namespace) {
        try (Fd owner = Fd.owned(Ioctl.check("NS_GET_USERNS", namespace, NS_GET_USERNS, 0))) {
            return LinuxFiles.status(owner).inode();
        }
    }

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
