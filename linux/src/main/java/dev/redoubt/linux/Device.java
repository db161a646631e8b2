package dev.redoubt.linux;

/** A device number (makedev(3)); major 0 is no device but a file system that has none. */
public record Device(int major, int minor) {
    public Device {
        if (major < 0 || minor < 0) {
            throw new IllegalArgumentException("device " + major + ":" + minor);
        }
    }

    @Override
    public String toString() {
        return major + ":" + minor;
    }
}
