package dev.redoubt.linux;

import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One line of proc_pid_mountinfo(5).
 *
 * @param root the directory of the file system that is mounted
 * @param point where, seen from this process
 * @param options of this mount and of the file system together
 * @param propagation to and from other mounts, as {@code shared:7}; empty for a private one
 */
public record MountInfo(
        int id,
        Device device,
        String root,
        String point,
        String type,
        String source,
        Set<String> options,
        List<String> propagation) {
    public MountInfo {
        options = Set.copyOf(options);
        propagation = List.copyOf(propagation);
    }

    /** A private mount. */
    public MountInfo(
            int id, Device device, String root, String point, String type, String source, Set<String> options) {
        this(id, device, root, point, type, source, options, List.of());
    }

    /** All mounts this process sees, oldest first. */
    public static List<MountInfo> ofThisProcess() {
        return parse(ProcFile.read("/proc/self/mountinfo"));
    }

    /**
     * All mounts that a process sees.
     *
     * @throws UncheckedIOException when there is no such process any more
     */
    public static List<MountInfo> of(int pid) {
        return parse(ProcFile.read("/proc/" + pid + "/mountinfo"));
    }

    static List<MountInfo> parse(String text) {
        return text.lines().map(MountInfo::line).toList();
    }

    private static final int OPTIONAL = 6;

    private static MountInfo line(String line) {
        String[] fields = line.split(" ", -1);
        int dash = Arrays.asList(fields).indexOf("-"); // a varying number of optional fields ends there
        String[] device = fields[2].split(":", -1);
        Set<String> options = Arrays.stream((fields[5] + "," + fields[dash + 3]).split(",", -1))
                .collect(Collectors.toSet());
        return new MountInfo(
                Integer.parseInt(fields[0]),
                new Device(Integer.parseInt(device[0]), Integer.parseInt(device[1])),
                unescape(fields[3]),
                unescape(fields[4]),
                fields[dash + 1],
                unescape(fields[dash + 2]),
                options,
                List.of(fields).subList(OPTIONAL, dash));
    }

    /** The kernel writes space, tab, newline and backslash as three octal digits. */
    private static String unescape(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
