package dev.redoubt.protocol;

import java.nio.file.Path;
import java.util.List;

/**
 * A directory or file of the host inside a sandbox. Only the local root may ask for one; a spec from anywhere else has none.
 *
 * @param source absolute, on the host
 * @param target absolute, inside; nothing that the walls themselves stand on
 */
public record HostMount(Path source, String target, boolean readOnly) {
    /** What Redoubt puts there itself: the masked /proc, the devices, and the guest's own door. */
    private static final List<Path> RESERVED =
            List.of(Path.of("/proc"), Path.of("/dev"), Path.of("/sys"), Path.of("/run/redoubt"));

    /** Beneath /dev, but memory like any other directory. */
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    public HostMount {
        if (!source.isAbsolute()) {
            throw new IllegalArgumentException("mount source " + source + " is not absolute");
        }
        if (!target.startsWith("/") || target.equals("/") || target.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("mount target '" + target + "' is not an absolute path below /");
        }
        for (String part : target.split("/", -1)) {
            if (part.equals("..") || part.equals(".")) {
                throw new IllegalArgumentException("mount target '" + target + "' has a '" + part + "' in it");
            }
        }
        refuseReserved(Path.of(target));
    }

    private static void refuseReserved(Path target) {
        if (target.startsWith(SHARED_MEMORY)) {
            return;
        }
        for (Path reserved : RESERVED) {
            if (target.startsWith(reserved) || reserved.startsWith(target)) {
                throw new IllegalArgumentException(
                        "mount target '" + target + "' would cover or change " + reserved + ", which is Redoubt's own");
            }
        }
    }

    /**
     * Reads {@code SRC:DST} or {@code SRC:DST:ro}.
     *
     * @param workingDirectory what a relative source is relative to
     * @throws IllegalArgumentException saying what is wrong
     */
    public static HostMount parse(String text, Path workingDirectory) {
        boolean readOnly = text.endsWith(":ro");
        String pair = readOnly ? text.substring(0, text.length() - 3) : text;
        int colon = pair.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("mount '" + text + "' is not SRC:DST or SRC:DST:ro");
        }
        Path source = workingDirectory.resolve(pair.substring(0, colon)).normalize();
        return new HostMount(source, pair.substring(colon + 1), readOnly);
    }
}
