package dev.redoubt.protocol;

import java.nio.file.Path;

/**
 * A directory or file of the host inside a sandbox. Only the local root may ask for one; a spec from anywhere else has none.
 *
 * @param source absolute, on the host
 * @param target absolute, inside
 */
public record HostMount(Path source, String target, boolean readOnly) {
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
