package dev.redoubt.node.landlock;

import static dev.redoubt.node.landlock.FileRight.EXECUTE;
import static dev.redoubt.node.landlock.FileRight.IOCTL_DEV;
import static dev.redoubt.node.landlock.FileRight.MAKE_BLOCK;
import static dev.redoubt.node.landlock.FileRight.MAKE_CHAR;
import static dev.redoubt.node.landlock.FileRight.READ_DIR;
import static dev.redoubt.node.landlock.FileRight.READ_FILE;
import static dev.redoubt.node.landlock.FileRight.TRUNCATE;
import static dev.redoubt.node.landlock.FileRight.WRITE_FILE;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.walls.DeviceNode;
import dev.redoubt.node.walls.MissingWallException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
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

    private LandlockRules() {}

    /**
     * @param abi what the kernel has; newer ones than we know are used as the newest we know
     * @param readOnly whether the root file system may not be written
     * @param writable directories that may be written in a read-only sandbox: its tmpfs mounts, its volumes
     * @throws MissingWallException when the kernel's Landlock is missing or too old: never a weaker set instead
     */
    public static LaunchSpec.Landlock compile(int abi, boolean readOnly, List<String> writable) {
        if (abi < LEAST_ABI) {
            throw new MissingWallException(
                    "Landlock", "the kernel has version " + abi + " of its interface, sandboxes need " + LEAST_ABI);
        }
        Set<FileRight> handled = FileRight.knownTo(abi);
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
        return new LaunchSpec.Landlock(FileRight.mask(handled), 0, SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL, rules);
    }

    private static LaunchSpec.Landlock.Rule rule(String path, Collection<FileRight> rights) {
        return new LaunchSpec.Landlock.Rule(path, FileRight.mask(rights));
    }
}
