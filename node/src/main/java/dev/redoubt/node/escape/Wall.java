package dev.redoubt.node.escape;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Which wall stopped an attack. */
final class Wall {
    private static final Set<String> LIMIT_ERRORS = Set.of(
            "EAGAIN", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "ETOOMANYREFS", "SIGKILL", "E2BIG", "EFBIG");
    private static final Set<String> NETWORK_ERRORS =
            Set.of("ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "ENETDOWN", "EADDRNOTAVAIL");

    private Wall() {}

    /**
     * The filter is asked itself: it sees every call before the kernel does. What it lets pass is told apart by errno
     * among the walls that the probe names; empty when a call passed the one wall that could have stopped it, the
     * filter, so that the kernel itself said no.
     */
    static Optional<Layer> that(Probe probe, Outcome.Blocked blocked, CallFilter filter) {
        if (blocked.error().equals("SIGSYS") || refused(blocked.call(), filter)) {
            return Optional.of(Layer.CALLS);
        }
        List<Layer> others =
                probe.walls().stream().filter(layer -> layer != Layer.CALLS).toList();
        if (others.contains(Layer.LIMITS) && LIMIT_ERRORS.contains(blocked.error())) {
            return Optional.of(Layer.LIMITS);
        }
        if (others.contains(Layer.NETWORK) && NETWORK_ERRORS.contains(blocked.error())) {
            return Optional.of(Layer.NETWORK);
        }
        if (others.contains(Layer.LIMITS) && others.contains(Layer.LANDLOCK)) {
            return Optional.of(Layer.LANDLOCK); // no limit was reached
        }
        if (others.isEmpty() && !blocked.call().wasMade()) {
            return probe.walls().stream().findFirst();
        }
        return others.stream().findFirst();
    }

    private static boolean refused(SystemCall call, CallFilter filter) {
        return call.wasMade()
                && filter.refuses(
                        call.number(),
                        call.arguments().stream().mapToLong(Long::longValue).toArray());
    }
}
