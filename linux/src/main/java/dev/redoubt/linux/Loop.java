package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * A file as a block device (loop(4)).
 *
 * <p>Always with AUTOCLEAR: the kernel takes the file off the device when its last user (a mount, an open descriptor) is
 * gone, so a killed process leaves no device behind. Close this once the file system is mounted.
 */
public final class Loop implements AutoCloseable {
    private static final int LOOP_GET_STATUS64 = 0x4C05;
    private static final int LOOP_CONFIGURE = 0x4C0A;
    private static final int LOOP_CTL_GET_FREE = 0x4C82;
    private static final int LO_FLAGS_AUTOCLEAR = 4;
    private static final int LO_FLAGS_DIRECT_IO = 16;
    private static final int INFO_SIZE = 232; // struct loop_info64
    private static final int CONFIG_SIZE = 304; // struct loop_config
    private static final int INFO_AT = 8;
    private static final int FLAGS_AT = 52;
    private static final int NAME_AT = 56;
    private static final int NAME_SIZE = 64;
    private static final int ROUNDS = 64;

    private final int number;
    private final Fd device;

    private Loop(int number, Fd device) {
        this.number = number;
        this.device = device;
    }

    /** The device's path, for mounting. */
    public String path() {
        return "/dev/loop" + number;
    }

    /**
     * Attaches a file to a free device.
     *
     * <p>Direct i/o where the file's file system can do it: without it every block is cached twice.
     *
     * @param name what losetup(8) shows
     */
    public static Loop attach(Fd file, String name) {
        try (Fd control = LinuxFiles.open("/dev/loop-control", LinuxFiles.O_RDWR)) {
            for (int round = 0; round < ROUNDS; round++) {
                int number = (int) Ioctl.check("LOOP_CTL_GET_FREE", control, LOOP_CTL_GET_FREE, 0);
                Optional<Loop> loop = configure(number, file, name);
                if (loop.isPresent()) {
                    return loop.get();
                }
            }
            throw new LinuxException(
                    "LOOP_CONFIGURE", Errno.EBUSY, "every loop device that was free was taken by others");
        }
    }

    /** @return empty when another process took the device in between */
    private static Optional<Loop> configure(int number, Fd file, String name) {
        Fd device = LinuxFiles.open("/dev/loop" + number, LinuxFiles.O_RDWR);
        long result = configure(device, file, name, LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO);
        if (result == -Errno.EINVAL) {
            result = configure(device, file, name, LO_FLAGS_AUTOCLEAR);
        }
        if (result == 0) {
            return Optional.of(new Loop(number, device));
        }
        device.close();
        if (result == -Errno.EBUSY) {
            return Optional.empty();
        }
        throw new LinuxException("LOOP_CONFIGURE", (int) -result, "/dev/loop" + number);
    }

    private static long configure(Fd device, Fd file, String name, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment config = arena.allocate(CONFIG_SIZE, 8);
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            config.set(JAVA_INT, 0, file.number());
            config.set(JAVA_INT, INFO_AT + FLAGS_AT, flags);
            MemorySegment.copy(text, 0, config, JAVA_BYTE, INFO_AT + NAME_AT, Math.min(text.length, NAME_SIZE - 1));
            return Ioctl.raw(device, LOOP_CONFIGURE, config.address());
        }
    }

    /**
     * Finds the device that a file is attached to already, and keeps it attached by having it open.
     *
     * @param name the file's last name, so that devices of others need not be opened
     */
    public static Optional<Loop> find(Fd file, String name) {
        FileStatus wanted = LinuxFiles.status(file);
        String[] names = new File("/sys/block").list((directory, entry) -> entry.matches("loop\\d+"));
        return Arrays.stream(names == null ? new String[0] : names)
                .filter(device -> backingFile(device).endsWith("/" + name))
                .map(device -> Integer.parseInt(device.substring("loop".length())))
                .map(number -> openWhenIts(number, wanted))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** The entry is there only while something is attached. */
    private static String backingFile(String device) {
        try {
            return LinuxFiles.readOnce("/sys/block/" + device + "/loop/backing_file");
        } catch (LinuxException detached) {
            return "";
        }
    }

    /** The question is asked on an open device, so that the answer cannot change after it. */
    private static Optional<Loop> openWhenIts(int number, FileStatus wanted) {
        Fd device = LinuxFiles.open("/dev/loop" + number, LinuxFiles.O_RDWR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_SIZE, 8);
            if (Ioctl.raw(device, LOOP_GET_STATUS64, info.address()) == 0
                    && info.get(JAVA_LONG, 0) == encoded(wanted.on())
                    && info.get(JAVA_LONG, 8) == wanted.inode()) {
                return Optional.of(new Loop(number, device));
            }
        }
        device.close();
        return Optional.empty();
    }

    /** The kernel's new_encode_dev: low byte of minor, major, rest of minor. */
    private static long encoded(Device device) {
        long minor = device.minor();
        return (minor & 0xff) | (long) device.major() << 8 | (minor & ~0xffL) << 12;
    }

    @Override
    public void close() {
        device.close();
    }
}
