package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Pidfd;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** One directory of one hierarchy and the files the kernel shows in it. */
record GroupDirectory(String path) {
    private static final long REMOVE_WITHIN_NANOS = 2_000_000_000L;
    private static final long FIRST_PAUSE_NANOS = 200_000;
    private static final long LONGEST_PAUSE_NANOS = 20_000_000;

    GroupDirectory child(String name) {
        return new GroupDirectory(path + "/" + name);
    }

    /** @return false when it exists */
    boolean make() {
        return LinuxFiles.makeDirectory(path, 0755);
    }

    void write(String file, String value) {
        LinuxFiles.writeOnce(path + "/" + file, value);
    }

    String read(String file) {
        return LinuxFiles.readOnce(path + "/" + file);
    }

    /** @return empty when this kernel has no such file */
    Optional<String> readIfThere(String file) {
        try {
            return Optional.of(read(file));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    long number(String file) {
        return Long.parseLong(read(file));
    }

    /** The value after {@code key} in a file of lines {@code key value}; 0 when there is none. */
    long entry(String file, String key) {
        return read(file)
                .lines()
                .filter(line -> line.startsWith(key + " "))
                .mapToLong(line -> Long.parseLong(line.substring(key.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    Fd open(String file, int flags) {
        return LinuxFiles.open(path + "/" + file, flags);
    }

    /** Kills what is inside now. @return whether anything was */
    boolean killMembers() {
        Set<Integer> members = members();
        members.forEach(pid -> Pidfd.open(pid).ifPresent(process -> killIfMember(pid, process)));
        return !members.isEmpty();
    }

    /**
     * A number read from {@code cgroup.procs} can belong to a stranger by the time it is used. So: pin whoever has it now
     * by a pidfd, then ask again where that number is; if it is in here, either it is the pinned process or the pinned one
     * is dead, and a signal to it does nothing.
     */
    private void killIfMember(int pid, Pidfd process) {
        try (process) {
            if (isMember(pid)) {
                process.signal(Pidfd.SIGKILL);
            }
        }
    }

    /** Asked of the process and not of the group, whose list may be long. */
    private boolean isMember(int pid) {
        try {
            return LinuxFiles.readOnce("/proc/" + pid + "/cgroup").lines().anyMatch(line -> line.endsWith(own()));
        } catch (LinuxException gone) {
            return false;
        }
    }

    /** How /proc/PID/cgroup names it: from our directory on. */
    String own() {
        return path.substring(path.lastIndexOf("/" + OwnedDirectory.NAME + "/"));
    }

    /** Process ids, without those that are outside our pid namespace (shown as 0). None when the group is gone. */
    Set<Integer> members() {
        return readIfThere("cgroup.procs").stream()
                .flatMap(String::lines)
                .map(Integer::valueOf)
                .filter(pid -> pid != 0)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** An ended process leaves its groups a moment after its parent has heard of its end; until then rmdir says EBUSY. */
    void remove() {
        long deadline = System.nanoTime() + REMOVE_WITHIN_NANOS;
        long pause = FIRST_PAUSE_NANOS;
        while (!removedNow()) {
            if (System.nanoTime() > deadline) {
                throw new CgroupException("group " + path + " still has processes in it");
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        }
    }

    /** @return false when it is not empty */
    boolean removedNow() {
        try {
            LinuxFiles.removeDirectory(path);
            return true;
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.EBUSY) {
                return false;
            }
            throw new CgroupException("removing a group", refused);
        }
    }
}
