package dev.redoubt.node.ranges;

/** 65,536 user and group ids of the host, from {@link #base} on. Inside they are 0 to 65,535. */
public record IdRange(int index) {
    /** Ids of one sandbox. */
    public static final int SIZE = 65_536;

    /** Below are the host's own users and what distributions give to them (/etc/subuid). */
    static final int FIRST = 524_288;

    /** The first id above: up to here they are for containers by systemd's convention too (UIDS-GIDS.md there). */
    static final int END = 0x7000_0000;

    static final int COUNT = (END - FIRST) / SIZE;

    public IdRange {
        if (index < 0 || index >= COUNT) {
            throw new IllegalArgumentException("range " + index + " is not one of 0 to " + (COUNT - 1));
        }
    }

    /** Whether an id of the host is one of these. */
    public boolean contains(int id) {
        return id >= base() && id < base() + SIZE;
    }

    /** The first id. */
    public int base() {
        return FIRST + index * SIZE;
    }
}
