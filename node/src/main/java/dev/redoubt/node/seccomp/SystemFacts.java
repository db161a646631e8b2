package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Size;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * What sysinfo(2) tells a program: a machine of the sandbox's size, without swap and without load.
 *
 * @param memory the limit
 * @param used of it, page cache included
 * @param uptime since the sandbox was made
 * @param processes and threads
 */
public record SystemFacts(Size memory, Size used, Duration uptime, int processes) {
    private static final int BYTES = 112;
    private static final int MOST_PROCESSES = 0xffff;

    /** struct sysinfo of linux/sysinfo.h. */
    byte[] bytes() {
        long free = Math.max(0, memory.bytes() - used.bytes());
        ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(0, uptime.toSeconds());
        out.putLong(32, memory.bytes());
        out.putLong(40, free);
        out.putShort(80, (short) Math.min(processes, MOST_PROCESSES));
        out.putInt(104, 1); // mem_unit
        return out.array();
    }
}
