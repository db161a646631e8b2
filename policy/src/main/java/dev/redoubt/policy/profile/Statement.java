package dev.redoubt.policy.profile;

import dev.redoubt.protocol.Layer;
import java.util.List;

/**
 * One thing that a profile says, in words.
 *
 * @param about a key of the profile, a path, a group or a system call
 * @param heldBy the layers each of which refuses what goes beyond it; empty where the file system or Redoubt itself does
 */
public record Statement(String about, String says, List<Layer> heldBy) {
    public Statement {
        heldBy = List.copyOf(heldBy);
    }
}
