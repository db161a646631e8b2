package dev.redoubt.node.walls;

import dev.redoubt.linux.Device;
import java.util.Locale;

/** The six devices of a sandbox: none holds state of another program, none reaches hardware. */
public enum DeviceNode {
    NULL(1, 3),
    ZERO(1, 5),
    FULL(1, 7),
    RANDOM(1, 8),
    URANDOM(1, 9),
    /** Whichever terminal controls the process that opens it. */
    TTY(5, 0);

    private final int major;
    private final int minor;

    DeviceNode(int major, int minor) {
        this.major = major;
        this.minor = minor;
    }

    public String path() {
        return "/dev/" + name().toLowerCase(Locale.ROOT);
    }

    /** The character device behind it, as documented in the kernel's devices.txt. */
    public Device device() {
        return new Device(major, minor);
    }
}
