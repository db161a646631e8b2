package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The terminal behind a descriptor: its size, and raw mode with the way back (ioctl_tty(2), termios(3)). */
public final class Terminal {
    private static final long SYS_IOCTL = 16;
    private static final long TCGETS = 0x5401;
    private static final long TCSETSW = 0x5403;
    private static final long TIOCGWINSZ = 0x5413;
    /** struct termios of the kernel: four flag words, a line discipline, 19 control characters, padded. */
    private static final long TERMIOS = 60;

    private static final int INPUT_FLAGS_OFF = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;
    private static final int OUTPUT_POST_PROCESSING = 0x1;
    private static final int CHARACTER_SIZE_AND_PARITY = 0x30 | 0x100;
    private static final int EIGHT_BITS = 0x30;
    private static final int LOCAL_FLAGS_OFF = 0x1 | 0x2 | 0x8 | 0x40 | 0x8000;
    private static final long CONTROL_CHARACTERS = 17;
    private static final int VTIME = 5;
    private static final int VMIN = 6;

    private final int fd;

    /** The terminal of an open descriptor, if it is one. */
    public Terminal(int fd) {
        this.fd = fd;
    }

    /** Rows and columns of characters. */
    public record Size(int rows, int columns) {}

    /** How a terminal was set before; given back to {@link #restore}. */
    public static final class Settings {
        private final byte[] termios;

        private Settings(byte[] termios) {
            this.termios = termios;
        }
    }

    /** Whether the descriptor is a terminal at all. */
    public boolean isTerminal() {
        try (Arena arena = Arena.ofConfined()) {
            return Syscall.raw(SYS_IOCTL, fd, TCGETS, arena.allocate(TERMIOS).address(), 0, 0, 0) >= 0;
        }
    }

    /**
     * The window's size now.
     *
     * @throws LinuxException ENOTTY when it is none
     */
    public Size size() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(8, 2);
            ioctl("TIOCGWINSZ", TIOCGWINSZ, size);
            return new Size(Short.toUnsignedInt(size.get(JAVA_SHORT, 0)), Short.toUnsignedInt(size.get(JAVA_SHORT, 2)));
        }
    }

    /**
     * Passes every byte through untouched (as cfmakeraw(3)): line editing and Ctrl-C belong to the other end.
     *
     * @return the settings before, for {@link #restore}
     * @throws LinuxException ENOTTY when it is none
     */
    public Settings raw() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(TERMIOS, 4);
            ioctl("TCGETS", TCGETS, termios);
            Settings before = new Settings(termios.toArray(JAVA_BYTE));
            clear(termios, 0, INPUT_FLAGS_OFF);
            clear(termios, 4, OUTPUT_POST_PROCESSING);
            clear(termios, 8, CHARACTER_SIZE_AND_PARITY);
            termios.set(JAVA_INT, 8, termios.get(JAVA_INT, 8) | EIGHT_BITS);
            clear(termios, 12, LOCAL_FLAGS_OFF);
            termios.set(JAVA_BYTE, CONTROL_CHARACTERS + VMIN, (byte) 1);
            termios.set(JAVA_BYTE, CONTROL_CHARACTERS + VTIME, (byte) 0);
            ioctl("TCSETSW", TCSETSW, termios);
            return before;
        }
    }

    /** Sets the terminal back. */
    public void restore(Settings before) {
        try (Arena arena = Arena.ofConfined()) {
            ioctl("TCSETSW", TCSETSW, arena.allocateFrom(JAVA_BYTE, before.termios));
        }
    }

    private static void clear(MemorySegment termios, long offset, int flags) {
        termios.set(JAVA_INT, offset, termios.get(JAVA_INT, offset) & ~flags);
    }

    private void ioctl(String name, long request, MemorySegment argument) {
        var done = Syscall.check("ioctl " + name, "descriptor " + fd, SYS_IOCTL, fd, request, argument.address());
        assert done >= 0;
    }
}
