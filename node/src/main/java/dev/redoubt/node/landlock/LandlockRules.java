package dev.redoubt.node.landlock;

import static dev.redoubt.node.landlock.FileRight.EXECUTE;
import static dev.redoubt.node.landlock.FileRight.IOCTL_DEV;
import static dev.redoubt.node.landlock.FileRight.MAKE_BLOCK;
import static dev.redoubt.node.landlock.FileRight.MAKE_CHAR;
import static dev.redoubt.node.landlock.FileRight.MAKE_REG;
import static dev.redoubt.node.landlock.FileRight.MAKE_SOCK;
import static dev.redoubt.node.landlock.FileRight.READ_DIR;
import static dev.redoubt.node.landlock.FileRight.READ_FILE;
import static dev.redoubt.node.landlock.FileRight.REMOVE_FILE;
import static dev.redoubt.node.landlock.FileRight.TRUNCATE;
import static dev.redoubt.node.landlock.FileRight.WRITE_FILE;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.walls.DeviceNode;
import dev.redoubt.node.walls.MissingWallException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The Landlock rules of a sandbox, for the version of Landlock that the kernel has.
 *
 * <p>Landlock grants and never subtracts: a right granted on a directory holds for all beneath it. A job of root must be
 * able to make {@code /app}, which takes MAKE_DIR on {@code /}, and with it the same right beneath {@code /proc} and
 * {@code /dev}. So a writable sandbox gets its rights on {@code /} and what may not be written beneath {@code /proc}
 * is held by the mounts (read-only binds and masks) and by owner and mode: the files belong to the host's root, who is
 * nobody inside. What Landlock holds then is that no device can be made and that ioctl works on our devices only, even
 * when a mount, a capability or the filter fails. In a read-only sandbox it holds every write.
 *
 * <p>All processes of a sandbox, the guest included, live in one domain (it is entered before the guest's exec), so the
 * scopes keep signals and abstract sockets inside the sandbox without standing between its own processes. TCP rights
 * are not handled: addresses belong to the network namespace.
 */
public final class LandlockRules {
    /** Of Linux 6.12, our oldest kernel: files, truncation, device ioctls, signals and abstract sockets. */
    public static final int LEAST_ABI = 6;

    private static final long SCOPE_ABSTRACT_UNIX_SOCKET = 1;
    private static final long SCOPE_SIGNAL = 2;

    /** No sandbox makes a device. */
    private static final Set<FileRight> WRITABLE_DIRECTORY =
            EnumSet.complementOf(EnumSet.of(MAKE_CHAR, MAKE_BLOCK, IOCTL_DEV));

    private static final Set<FileRight> READ_ONLY_DIRECTORY = EnumSet.of(EXECUTE, READ_FILE, READ_DIR);
    private static final Set<FileRight> DEVICE = EnumSet.of(READ_FILE, WRITE_FILE, TRUNCATE, IOCTL_DEV);
    private static final Set<FileRight> TERMINALS = EnumSet.of(READ_DIR, READ_FILE, WRITE_FILE, IOCTL_DEV);

    /** MAKE_CHAR, because a deleted name is a character device without a driver; the filter lets no other be made. */
    private static final Set<FileRight> LAYER =
            EnumSet.complementOf(EnumSet.of(EXECUTE, READ_FILE, MAKE_BLOCK, MAKE_SOCK, IOCTL_DEV));

    private static final Set<FileRight> SCRATCH =
            EnumSet.of(READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE, MAKE_REG, REMOVE_FILE);

    private LandlockRules() {}

    /**
     * @param abi what the kernel has; newer ones than we know are used as the newest we know
     * @param readOnly whether the root file system may not be written
     * @param writable directories that may be written in a read-only sandbox: its tmpfs mounts, its volumes
     * @throws MissingWallException when the kernel's Landlock is missing or too old: never a weaker set instead
     */
    public static LaunchSpec.Landlock compile(int abi, boolean readOnly, List<String> writable) {
        List<LaunchSpec.Landlock.Rule> rules = new ArrayList<>();
        rules.add(rule("/", readOnly ? READ_ONLY_DIRECTORY : WRITABLE_DIRECTORY));
        if (readOnly) {
            writable.forEach(path -> rules.add(rule(path, WRITABLE_DIRECTORY)));
        }
        for (DeviceNode node : DeviceNode.values()) {
            rules.add(rule(node.path(), DEVICE));
        }
        // /dev/ptmx is a link to pts/ptmx
        rules.add(rule("/dev/pts", TERMINALS));
        return landlock(abi, rules);
    }

    /**
     * For the program that unpacks images. What it writes cannot be executed, nor read back.
     *
     * @param programs directories with what may be read and executed; elsewhere nothing is more than read
     * @param layer the directory that it fills, when it fills one
     * @param scratch its temporary directory
     * @throws MissingWallException as {@link #compile}
     */
    public static LaunchSpec.Landlock forUnpacking(
            int abi, List<String> programs, Optional<String> layer, String scratch) {
        List<LaunchSpec.Landlock.Rule> rules = new ArrayList<>();
        rules.add(rule("/proc", EnumSet.of(READ_FILE, READ_DIR)));
        programs.forEach(path -> rules.add(rule(path, READ_ONLY_DIRECTORY)));
        layer.ifPresent(path -> rules.add(rule(path, LAYER)));
        rules.add(rule(scratch, SCRATCH));
        for (DeviceNode node : DeviceNode.values()) {
            rules.add(rule(node.path(), EnumSet.of(READ_FILE, WRITE_FILE)));
        }
        return landlock(abi, rules);
    }

    private static LaunchSpec.Landlock landlock(int abi, List<LaunchSpec.Landlock.Rule> rules) {
        if (abi < LEAST_ABI) {
            throw new MissingWallException(
                    "Landlock", "the kernel has version " + abi + " of its interface, sandboxes need " + LEAST_ABI);
        }
        return new LaunchSpec.Landlock(
                FileRight.mask(FileRight.knownTo(abi)), 0, SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL, rules);
    }

    private static LaunchSpec.Landlock.Rule rule(String path, Collection<FileRight> rights) {
        return new LaunchSpec.Landlock.Rule(path, FileRight.mask(rights));
    }
}
