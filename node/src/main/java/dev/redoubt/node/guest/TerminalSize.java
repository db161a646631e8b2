package dev.redoubt.node.guest;

/** Rows and columns of a terminal (ioctl_tty(2), TIOCSWINSZ); 0 means unknown. */
public record TerminalSize(int rows, int columns) {
    public TerminalSize {
        if (rows < 0 || rows > 0xffff || columns < 0 || columns > 0xffff) {
            throw new IllegalArgumentException("not the size of a terminal: " + rows + " x " + columns);
        }
    }
}
