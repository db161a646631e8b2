package dev.redoubt.node.launch;

import dev.redoubt.node.flat.FlatWriter;
import java.util.List;

/**
 * What a slot gets before anybody knows what will run in it (native/PROTOCOL.md, "plan"): half the mounts of a sandbox, made
 * off the path that somebody waits for.
 *
 * @param masks covers, all beneath {@code /proc}
 * @param files paths beneath {@code /proc} whose content comes with the launch: the spec's files begin with these
 */
public record SlotPlan(List<LaunchSpec.Mask> masks, List<String> files) {
    public SlotPlan {
        masks = List.copyOf(masks);
        files = List.copyOf(files);
    }

    void write(FlatWriter out) {
        LaunchSpec.write(out, masks);
        out.u32(files.size());
        files.forEach(out::string);
    }
}
