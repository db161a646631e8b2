package dev.redoubt.node.ranges;

/** 65,536 user and group ids of the host, from {@link #base} on. Inside they are 0 to 65,535. */
public record IdRange(int index) {
    /** Ids of one sandbox. */
    public static final int SIZE = 65_536;

    /** The ids of programs that unpack images; no sandbox gets them. */
    public static final IdRange UNPACKING = new IdRange(0);

    /** Below are the host's own users and what distributions give to them (/etc/subuid). */
    static final long FIRST = 524_288;

    /** So many whole ranges lie below the last id, which stands for "none" (setresuid(2)). */
    static final int COUNT = (int) ((0xffff_ffffL - FIRST) / SIZE);

    public IdRange {
        if (index < 0 || index >= COUNT) {
            throw new IllegalArgumentException("range " + index + " is not one of 0 to " + (COUNT - 1));
        }
    }

    /** The first id, as an unsigned number in an int. */
    public int base() {
        return (int) (FIRST + (long) index * SIZE);
    }
}
