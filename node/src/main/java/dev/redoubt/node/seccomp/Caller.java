package dev.redoubt.node.seccomp;

import dev.redoubt.linux.ThreadUser;
import java.util.Arrays;
import java.util.List;

/**
 * Who calls: what the kernel would ask about, as the numbers of the host, and what the caller is called inside.
 *
 * @param process and {@code thread}: as /proc inside knows them
 * @param hostProcess its process, by our number
 * @param alone whether its process has no other thread
 * @param fixed whether it will be the same user as long as it lives: without a capability no thread can become another
 *     one, and no program that it executes gives it one (no_new_privs); its umask it may change
 */
record Caller(
        int uid,
        int gid,
        int[] groups,
        int umask,
        int process,
        int thread,
        int hostProcess,
        boolean alone,
        boolean fixed) {
    private static final int OF_FILES = 4;

    /**
     * Reads /proc/THREAD/status (proc_pid_status(5)).
     *
     * @throws IllegalArgumentException when it is none
     */
    static Caller parse(String status) {
        List<String> uids = words(status, "\nUid:");
        List<String> gids = words(status, "\nGid:");
        return new Caller(
                Integer.parseInt(uids.get(OF_FILES - 1)),
                Integer.parseInt(gids.get(OF_FILES - 1)),
                words(status, "\nGroups:").stream().mapToInt(Integer::parseInt).toArray(),
                Integer.parseInt(words(status, "\nUmask:").getFirst(), 8),
                Integer.parseInt(words(status, "\nNStgid:").getLast()),
                Integer.parseInt(words(status, "\nNSpid:").getLast()),
                Integer.parseInt(words(status, "\nTgid:").getFirst()),
                words(status, "\nThreads:").getFirst().equals("1"),
                areAlike(uids) && areAlike(gids) && hasNoCapability(status));
    }

    private static boolean areAlike(List<String> ids) {
        return ids.stream().distinct().count() == 1;
    }

    private static boolean hasNoCapability(String status) {
        return words(status, "\nCapPrm:").getFirst().matches("0+");
    }

    private static List<String> words(String status, String label) {
        int at = status.indexOf(label);
        if (at < 0) {
            throw new IllegalArgumentException("a status without" + label.replace('\n', ' '));
        }
        int end = status.indexOf('\n', at + 1);
        String line = status.substring(at + label.length(), end).strip();
        return line.isEmpty() ? List.of() : Arrays.asList(line.split("\\s+", -1));
    }

    /** The calling thread is it until that is closed. */
    ThreadUser become() {
        return ThreadUser.become(uid, gid, groups);
    }
}
