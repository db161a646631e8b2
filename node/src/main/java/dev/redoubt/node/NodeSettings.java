package dev.redoubt.node;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.image.ShortNames;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where a node keeps its things and how it lives.
 *
 * @param dataDirectory images, disks, journal; closed to everybody but root
 * @param runDirectory sockets; closed to everybody but root, and short: a socket's path has at most 107 bytes (unix(7))
 * @param nativeDirectory the spawner's and the guest's binaries
 * @param life whether sandboxes end with this process
 * @param readySlots how many sandboxes are prepared ahead
 * @param switches layers left away; only with the test build of the spawner
 * @param shortNames what an image's name without a host means
 */
public record NodeSettings(
        Path dataDirectory,
        Path runDirectory,
        Path nativeDirectory,
        Life life,
        int readySlots,
        TestSwitches switches,
        ShortNames shortNames) {
    /** So many sandboxes can be prepared ahead. */
    public static final int MOST_SLOTS = 64;

    /** How long sandboxes live. */
    public enum Life {
        /** A library: every sandbox ends with this process, however it ends. */
        WITH_THIS_PROCESS,
        /** A daemon: sandboxes run on when this process dies, and the next one takes them over. */
        OUTLIVES_THIS_PROCESS
    }

    public NodeSettings {
        if (readySlots < 0 || readySlots > MOST_SLOTS) {
            throw new IllegalArgumentException(readySlots + " slots; 0 to " + MOST_SLOTS);
        }
    }

    /** With short names as every tool has them. */
    public NodeSettings(
            Path dataDirectory,
            Path runDirectory,
            Path nativeDirectory,
            Life life,
            int readySlots,
            TestSwitches switches) {
        this(dataDirectory, runDirectory, nativeDirectory, life, readySlots, switches, ShortNames.configured(Map.of()));
    }

    /**
     * A library's settings: {@code REDOUBT_DATA_DIR}, {@code REDOUBT_RUN_DIR} and {@code REDOUBT_REGISTRY} override the
     * defaults.
     */
    public static NodeSettings library(Map<String, String> environment, Path nativeDirectory) {
        return new NodeSettings(
                DataDirectory.configured(environment),
                RunDirectory.configured(environment),
                nativeDirectory,
                Life.WITH_THIS_PROCESS,
                0,
                TestSwitches.NONE,
                ShortNames.configured(environment));
    }

    public NodeSettings withReadySlots(int slots) {
        return with(life, slots);
    }

    public NodeSettings withSwitches(TestSwitches value) {
        return new NodeSettings(dataDirectory, runDirectory, nativeDirectory, life, readySlots, value, shortNames);
    }

    public NodeSettings outliving() {
        return with(Life.OUTLIVES_THIS_PROCESS, readySlots);
    }

    /** The same place for what ends with this process. */
    NodeSettings withinThisProcess() {
        return with(Life.WITH_THIS_PROCESS, 0);
    }

    private NodeSettings with(Life other, int slots) {
        return new NodeSettings(dataDirectory, runDirectory, nativeDirectory, other, slots, switches, shortNames);
    }
}
