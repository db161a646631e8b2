package dev.redoubt.protocol;

import java.util.OptionalLong;

/** Bytes and operations per second towards the disk; an empty value is not limited. */
public record IoLimits(OptionalLong readBps, OptionalLong writeBps, OptionalLong readIops, OptionalLong writeIops) {
    public static final IoLimits NONE =
            new IoLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());

    public IoLimits {
        positive(readBps);
        positive(writeBps);
        positive(readIops);
        positive(writeIops);
    }

    /** The same number of bytes per second for reading and for writing. */
    public static IoLimits bytesPerSecond(Size each) {
        OptionalLong bps = OptionalLong.of(each.bytes());
        return new IoLimits(bps, bps, OptionalLong.empty(), OptionalLong.empty());
    }

    /** What {@code nearer} limits, and these where it does not. */
    public IoLimits overriddenBy(IoLimits nearer) {
        return new IoLimits(
                nearer.readBps.isPresent() ? nearer.readBps : readBps,
                nearer.writeBps.isPresent() ? nearer.writeBps : writeBps,
                nearer.readIops.isPresent() ? nearer.readIops : readIops,
                nearer.writeIops.isPresent() ? nearer.writeIops : writeIops);
    }

    public boolean isNone() {
        return equals(NONE);
    }

    private static void positive(OptionalLong value) {
        if (value.isPresent() && value.getAsLong() <= 0) {
            throw new IllegalArgumentException("an i/o limit must be at least 1");
        }
    }
}
