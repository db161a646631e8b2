package dev.redoubt.node.seccomp;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Pidfd;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Who the threads of a sandbox are. To read that takes longer than to open a file, and most of them can never become
 * anybody else, so of those it is remembered, by a number that no other thread ever gets.
 *
 * <p>A thread is remembered when it cannot change and was alone in its process, or when such a one began the process: then
 * all the others come from it and are the same. Without that a thread that executes a program, and takes over the number of
 * the first one of its process, could be taken for it.
 */
final class Callers {
    private static final int MOST = 256;

    private final Map<Long, Caller> fixed = new LinkedHashMap<>(MOST, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Caller> eldest) {
            return size() > MOST;
        }
    };

    /**
     * Who a thread is, apart from its umask, which may be an older one.
     *
     * @throws dev.redoubt.linux.LinuxException ESRCH, ENOENT when there is no such thread
     */
    Caller of(int thread) {
        long identity = Pidfd.identity(thread);
        Optional<Caller> known = known(identity);
        if (known.isPresent()) {
            return known.get();
        }
        Caller caller = read(thread);
        if (caller.fixed()
                && (caller.alone()
                        || known(Pidfd.identity(caller.hostProcess())).isPresent())) {
            remember(identity, caller);
        }
        return caller;
    }

    private synchronized Optional<Caller> known(long identity) {
        return Optional.ofNullable(fixed.get(identity));
    }

    private synchronized void remember(long identity, Caller caller) {
        fixed.put(identity, caller);
    }

    /** The same with its umask of now. */
    static Caller read(int thread) {
        return Caller.parse(LinuxFiles.readOnce("/proc/" + thread + "/status"));
    }
}
