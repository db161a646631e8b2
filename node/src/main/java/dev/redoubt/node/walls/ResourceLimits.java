package dev.redoubt.node.walls;

import dev.redoubt.node.launch.LaunchSpec.Rlimit;
import java.util.List;

/** The resource limits of every process of a sandbox: setrlimit(2), numbers of asm-generic/resource.h. */
public final class ResourceLimits {
    private static final int STACK = 3;
    private static final int CORE = 4;
    private static final int NOFILE = 7;
    private static final int MEMLOCK = 8;
    private static final int SIGPENDING = 11;
    private static final int MSGQUEUE = 12;
    private static final int NICE = 13;
    private static final int RTPRIO = 14;

    private static final long INFINITY = -1;

    private ResourceLimits() {}

    public static List<Rlimit> ofGuest() {
        return List.of(
                // 1 and not 0: a core dump into a pipe runs the host's handler as the host's root whatever the limit
                // is, but for 1, which the kernel takes for such a handler's own crash (fs/coredump.c)
                new Rlimit(CORE, 1, 1),
                // Soft 1024 for programs that still use select(2); runtimes raise it themselves
                new Rlimit(NOFILE, 1024, 16_384),
                new Rlimit(STACK, 8 << 20, INFINITY),
                new Rlimit(MEMLOCK, 8 << 20, 8 << 20),
                new Rlimit(SIGPENDING, 16_384, 16_384),
                // The filter refuses queues; this holds where it does not
                new Rlimit(MSGQUEUE, 819_200, 819_200),
                new Rlimit(NICE, 0, 0),
                new Rlimit(RTPRIO, 0, 0));
    }
}
