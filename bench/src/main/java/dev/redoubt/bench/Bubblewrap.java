package dev.redoubt.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** bwrap: namespaces and nothing else, so no control group, no limit, no filter. */
final class Bubblewrap {
    private Bubblewrap() {}

    static List<String> command(Path root, List<String> argv) {
        return command(root, List.of(), argv);
    }

    /** With a directory of programs shown at {@code /mnt}. */
    static List<String> showing(Path programs, Path root, List<String> argv) {
        return command(root, List.of("--ro-bind", programs.toString(), "/mnt"), argv);
    }

    private static List<String> command(Path root, List<String> more, List<String> argv) {
        List<String> command = new ArrayList<>(List.of(
                "bwrap",
                "--unshare-all",
                "--die-with-parent",
                "--ro-bind",
                root.toString(),
                "/",
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                "--tmpfs",
                "/tmp"));
        command.addAll(more);
        command.addAll(argv);
        return command;
    }
}
