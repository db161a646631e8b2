package dev.redoubt.node.doctor;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import dev.redoubt.linux.Mounts;
import dev.redoubt.linux.UserNamespace;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.ranges.IdRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;

/**
 * What a root file system is made of, tried on the file system that holds the data directory: overlays with user.*
 * attributes, and mounts whose ids are mapped. Both are made attached nowhere and are gone with their descriptor.
 */
final class FileSystemProbes {
    private static final int PATIENCE_MILLIS = 5000;

    private FileSystemProbes() {}

    /** @param scratch an empty directory on the file system in question */
    static List<Finding> look(Path scratch) throws IOException {
        return List.of(overlay(scratch), mapped(scratch));
    }

    private static Finding overlay(Path scratch) throws IOException {
        String what = "overlays with user.* attributes on its file system";
        SequencedMap<String, String> options = new LinkedHashMap<>();
        for (String directory : List.of("lowerdir", "upperdir", "workdir")) {
            options.put(
                    directory, Files.createDirectory(scratch.resolve(directory)).toString());
        }
        options.put("userxattr", "");
        try (Fd overlay = Mounts.detached("overlay", options, Mounts.NO_DEVICES)) {
            return new Fit("root file system", what, "made one (" + overlay + ")");
        } catch (LinuxException refused) {
            return new Missing(
                    "root file system",
                    what,
                    String.valueOf(refused.getMessage()),
                    "load the overlay module, and keep the data directory on ext4, xfs or btrfs (REDOUBT_DATA_DIR)");
        }
    }

    private static Finding mapped(Path scratch) throws IOException {
        String what = "mounts with mapped ids on its file system";
        Process inside = new ProcessBuilder("unshare", "--user", "cat").start();
        try (UserNamespace ids = namespaceOf(inside);
                Fd namespace = LinuxFiles.open(ids.path().toString(), LinuxFiles.O_RDONLY);
                Fd directory = LinuxFiles.open(scratch.toString(), LinuxFiles.O_PATH);
                Fd mount = MountTree.cloneOf(directory)) {
            Mounts.mapIds(mount, namespace);
            return new Fit("root file system", what, "made one");
        } catch (LinuxException | IOException refused) {
            return new Missing(
                    "root file system",
                    what,
                    String.valueOf(refused.getMessage()),
                    "keep the data directory on a file system that takes mapped ids: ext4, xfs, btrfs (REDOUBT_DATA_DIR)");
        } finally {
            inside.destroyForcibly();
            inside.onExit().orTimeout(PATIENCE_MILLIS, TimeUnit.MILLISECONDS).join();
        }
    }

    /** unshare(1) is a process before it is one in a namespace of its own: waits until that shows. */
    private static UserNamespace namespaceOf(Process process) throws IOException {
        Path own = Files.readSymbolicLink(Path.of("/proc/self/ns/user"));
        Path its = Path.of("/proc", Long.toString(process.pid()), "ns/user");
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (Files.readSymbolicLink(its).equals(own)) {
            if (System.nanoTime() > end) {
                throw new IOException("unshare made no user namespace");
            }
            Thread.onSpinWait();
        }
        return UserNamespace.map(process.pid(), new IdRange(0).base(), IdRange.SIZE);
    }
}
