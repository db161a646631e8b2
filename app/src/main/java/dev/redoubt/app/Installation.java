package dev.redoubt.app;

import dev.redoubt.node.NodeSettings;
import dev.redoubt.protocol.Problem;
import java.nio.file.Path;

/** Where this copy of Redoubt keeps its own parts; {@code ./redoubt} says so by system properties. */
final class Installation {
    private Installation() {}

    /** The settings of a node in this process. */
    static NodeSettings library() {
        try {
            return NodeSettings.library(System.getenv(), natives());
        } catch (Problem wrong) {
            throw Refusal.of(wrong);
        }
    }

    /** The directory of the spawner, the guest and the other programs in C. */
    static Path natives() {
        String property = System.getProperty("redoubt.native", "");
        if (property.isEmpty()) {
            throw new Refusal(
                    Refusal.Code.UNPROCESSABLE, "the property redoubt.native is not set; start with ./redoubt");
        }
        return Path.of(property);
    }
}
