package dev.redoubt.node.disk;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks at the host's loop devices without opening any. */
final class LoopDevices {
    private LoopDevices() {}

    /** Devices whose file is, or was, below a directory. */
    static List<String> over(Path directory) throws IOException {
        List<String> found = new ArrayList<>();
        String[] names = new File("/sys/block").list((block, name) -> name.startsWith("loop"));
        for (String name : names == null ? new String[0] : names) {
            if (backingFile(name).startsWith(directory.toString())) {
                found.add(name);
            }
        }
        return found;
    }

    private static String backingFile(String device) throws IOException {
        try {
            return Files.readString(Path.of("/sys/block", device, "loop/backing_file"));
        } catch (NoSuchFileException detached) {
            return "";
        }
    }
}
