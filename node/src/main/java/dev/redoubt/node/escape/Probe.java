package dev.redoubt.node.escape;

import java.util.List;

/**
 * One attack of the battery.
 *
 * @param gain what an attacker would have if it worked
 * @param cve its best known case; empty when there is none
 * @param walls the layers that may stop it, the first met first
 * @param weak why its control shows only that the permission check is passed; empty when it shows the whole attack
 */
public record Probe(String name, String group, String gain, String cve, List<Layer> walls, String weak) {
    public Probe {
        if (name.isEmpty() || gain.isEmpty() || walls.isEmpty()) {
            throw new IllegalArgumentException("a probe has a name, a gain and at least one wall: " + name);
        }
        walls = List.copyOf(walls);
    }
}
